//! `plimsoll release`: watches a release to its true end.

use super::{Exit, access, color};
use crate::{
    cli,
    cluster::Cluster,
    release::{
        bounds::MANIFEST,
        manifest,
        plan::{Plan, Written},
        report::{self, Both, Ending, Format, Lines, Show, Trace, Tree},
        verdict::{End, Wish},
        watch::{self, Origin, Target},
    },
    telemetry::Traces,
};
use anstream::AutoStream;
use anyhow::{Context, Result, ensure};
use std::{
    io::{self, IsTerminal, Read},
    path::Path,
    time::SystemTime,
};

/// `plimsoll release`.
///
/// # Errors
/// The manifest cannot be read, or there is no cluster to talk to.
pub(super) fn release(flags: &cli::Release) -> Result<Exit> {
    let written = flags.manifest.as_deref().map(read).transpose()?;
    let traces = Traces::start()?;
    let mut trace = Trace::new(SystemTime::now());
    let exit = watch(flags, written.as_deref(), &mut trace)?;
    if let Some(traces) = traces {
        trace.send(&traces.tracer(), &name(flags));
        traces.flush().unwrap_or_else(|error| eprintln!("warning: {error:#}"));
    }
    Ok(exit)
}

fn watch(flags: &cli::Release, written: Option<&[Written]>, trace: &mut Trace) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = match Cluster::find(access(&flags.access), watch::SILENCE).await {
            Ok(cluster) => cluster.client,
            Err(error) => return Ok(unreachable(&error)),
        };
        let namespace = flags.namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned());
        let origin = match (written, &flags.name) {
            (Some(written), _) => Origin::Manifest(Plan::new(written, None, &namespace, &flags.after)),
            (None, name) => Origin::Helm { name: name.clone().unwrap_or_default(), revision: flags.revision },
        };
        let target = Target { namespace, after: flags.after.clone(), origin };
        let name = name(flags);
        let mut show = show(flags, &name);
        let watched = watch::watch(client, &target, &wish(flags), &mut Both(&mut *show, trace)).await;
        show.finish();
        let outcome = match watched {
            Ok(outcome) => outcome,
            Err(error) => return Ok(unreachable(&error.into())),
        };
        let exit = exit(outcome.picture.end);
        let ending = Ending::new(&outcome, &target, &name, exit.code());
        super::print(flags.color.color, |out| report::write(flags.format, &ending, out))?;
        Ok(exit)
    })
}

/// Says why there is no verdict.
fn unreachable(error: &anyhow::Error) -> Exit {
    eprintln!("error: {error:#}");
    Exit::Unreachable
}

fn exit(end: Option<End>) -> Exit {
    match end {
        Some(End::Complete) => Exit::Clean,
        Some(End::Failed) => Exit::ReleaseFailed,
        Some(End::Superseded) => Exit::Superseded,
        Some(End::NothingToWatch) => Exit::NothingToWatch,
        Some(End::Stuck | End::TimedOut) | None => Exit::TimedOut,
    }
}

fn wish(flags: &cli::Release) -> Wish {
    Wish {
        until: flags.until,
        stable_for: flags.stable_for,
        is_drained: !flags.no_drained,
        timeout: flags.timeout,
        appear_timeout: flags.appear_timeout,
    }
}

fn name(flags: &cli::Release) -> String {
    match (&flags.name, &flags.manifest) {
        (Some(name), _) => name.clone(),
        (None, Some(path)) if path == Path::new("-") => "standard input".to_owned(),
        (None, path) => path.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
    }
}

fn read(path: &Path) -> Result<Vec<Written>> {
    let name = path.display();
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MANIFEST + 1).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path).with_context(|| name.to_string())?;
        file.take(MANIFEST + 1).read_to_string(&mut text)
    };
    read.with_context(|| name.to_string())?;
    ensure!(text.len() as u64 <= MANIFEST, "{name}: more than {} MiB", MANIFEST / 1024 / 1024);
    manifest::written(&text).map_err(anyhow::Error::msg).with_context(|| name.to_string())
}

/// Where changes go: a tree where a person looks, else lines.
fn show(flags: &cli::Release, name: &str) -> Box<dyn Show> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    let stdout = || AutoStream::new(io::stdout(), color(flags.color.color, &io::stdout()));
    match flags.format {
        Format::Text if io::stdout().is_terminal() && !is_dumb => {
            let is_coloured = color(flags.color.color, &io::stdout()) != anstream::ColorChoice::Never;
            Box::new(Tree::new(io::stdout(), name.to_owned(), terminal, is_coloured))
        }
        Format::Text => Box::new(Lines::plain(stdout())),
        Format::Ndjson => Box::new(Lines::json(io::stdout())),
        Format::Json | Format::Junit | Format::Github => Box::new(Lines::plain(io::stderr())),
    }
}

/// Columns and rows.
fn terminal() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}
