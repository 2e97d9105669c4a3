//! The commands beside `run`: one file each.

pub(crate) mod bench;
pub(crate) mod cancel;
pub(crate) mod dead;
pub(crate) mod drain;
pub(crate) mod enqueue;
pub(crate) mod migrate;
pub(crate) mod probe;
pub(crate) mod prune;
pub(crate) mod status;

use crate::{
    engine::{self, Address, Engine, Error},
    exit::{Exit, Fault},
    tls::Trust,
};
use anyhow::{Context, Result};
use std::{
    fmt::Display,
    future::Future,
    io::{self, Write, stdout},
    sync::Arc,
    time::Duration,
};

/// How long a running worker may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Prints what went wrong, and finds the exit code for it.
pub(crate) fn or_say(result: Result<Exit>) -> Exit {
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        match error.downcast_ref::<Error>() {
            Some(Error::Unreachable(_) | Error::NotMigrated(_)) => Exit::Dependency,
            _ if error.is::<reqwest::Error>() => Exit::Dependency,
            _ if error.is::<Fault>() => Exit::Internal,
            _ => Exit::Configuration,
        }
    })
}

/// Puts a line on standard output. Whoever reads it may stop, as `head` does; the command goes on.
pub(crate) fn say(line: impl Display) -> Result<()> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context(Fault("standard output")),
        _ => Ok(()),
    }
}

/// Runs something with a connection.
fn connected<T, F: Future<Output = Result<T>>>(
    address: &Address,
    work: impl FnOnce(Arc<dyn Engine>) -> F,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context(Fault("no runtime"))?;
    runtime.block_on(async { work(engine::connect(address).await?).await })
}

/// Asks a running worker.
fn client() -> Result<reqwest::blocking::Client> {
    let nobody = Trust::Nobody.certificates().map_err(anyhow::Error::msg)?.unwrap_or_default();
    Ok(reqwest::blocking::Client::builder().timeout(ANSWER).no_proxy().tls_certs_only(nobody).build()?)
}
