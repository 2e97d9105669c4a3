//! `plimsoll serve`: runs the admission webhook.

use super::Exit;
use crate::{
    cli,
    webhook::{self, Budget, Certificate, Drained, Names, Origin, Settings, Size},
};
use anyhow::{Result, bail};
use std::{num::NonZeroUsize, thread::available_parallelism};

/// How many reviews wait for each thread, unless the user says otherwise.
const QUEUE: usize = 32;

/// `plimsoll serve`.
///
/// # Errors
/// It could not start; why was not logged yet.
pub(super) fn serve(flags: &cli::Serve) -> Result<Exit> {
    Ok(match webhook::serve(&settings(flags)?)? {
        Some(Drained::Clean) => Exit::Clean,
        Some(Drained::Forced) => Exit::Forced,
        None => Exit::Failed,
    })
}

fn settings(flags: &cli::Serve) -> Result<Settings> {
    let threads = flags.concurrency.or(available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    Ok(Settings {
        origin: Origin { config: flags.config.clone(), profile: flags.profile, threads },
        listen: flags.listen,
        admin: flags.admin,
        certificate: certificate(flags)?,
        drain: Budget { delay: flags.drain_delay, shutdown: flags.shutdown_timeout },
        timeout: flags.timeout,
        on_failure: flags.on_failure,
        size: Size { threads, queue: flags.queue.unwrap_or(QUEUE.saturating_mul(threads.get())) },
        log: flags.log.clone(),
    })
}

fn certificate(flags: &cli::Serve) -> Result<Certificate> {
    match (&flags.certificate.tls_dir, &flags.certificate.tls_self_managed) {
        (Some(folder), _) => Ok(Certificate::Files(folder.clone())),
        (None, Some(secret)) => Ok(Certificate::SelfManaged(Names {
            secret: secret.clone(),
            service: flags.service.clone(),
            configuration: flags.webhook_configuration.clone(),
        })),
        (None, None) => bail!("no certificate: name one with --tls-dir or --tls-self-managed"),
    }
}
