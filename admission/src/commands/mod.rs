//! One file per subcommand: flags to work, and the outcome to an exit code. Nothing else imports this module.

#[cfg(feature = "cluster")]
mod doctor;
mod explain;
mod generated;
mod lsp;
#[cfg(feature = "cluster")]
mod release;
mod scan;
#[cfg(feature = "cluster")]
mod serve;
mod version;
#[cfg(feature = "cluster")]
mod webhook_manifest;

pub use explain::explain;
pub use generated::{completions, man};
pub use lsp::lsp;
pub use scan::scan;
pub use version::version;

use crate::{
    cli,
    finding::LocatedProblem,
    judge::{
        Judge, SetupError, Wish,
        config::{self, ConfigFile},
    },
    report,
};
use anstream::AutoStream;
use anyhow::{Context, Result};
use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to complain about.
    Clean,
    /// Findings at or above `--fail-on`.
    Findings,
    /// It came to its end, but not by itself.
    Forced,
    /// The job could not be done.
    Failed,
    /// A release that failed.
    ReleaseFailed,
    /// A release that is stuck, or was not complete in time.
    TimedOut,
    /// A release that another revision replaced.
    Superseded,
    /// No such release, or nothing in it to wait for.
    NothingToWatch,
    /// The API server does not answer, or does not allow it.
    Unreachable,
}

impl Exit {
    /// The code of the process.
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Findings | Exit::Forced | Exit::ReleaseFailed => 1,
            Exit::Failed => 2,
            Exit::TimedOut => 3,
            Exit::Superseded => 4,
            Exit::NothingToWatch => 5,
            Exit::Unreachable => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// The subcommands that only a cluster needs.
///
/// # Errors
/// The job could not even begin, or its outcome not be written.
#[cfg(feature = "cluster")]
pub fn cluster(command: &cli::Cluster) -> Result<Exit> {
    match command {
        cli::Cluster::Serve(flags) => serve::serve(flags),
        cli::Cluster::Webhook { command: cli::WebhookCommand::Manifest(flags) } => {
            webhook_manifest::webhook_manifest(flags)
        }
        cli::Cluster::Release(flags) => release::release(flags),
        cli::Cluster::Doctor(flags) => doctor::doctor(flags),
    }
}

/// Which cluster, and as whom.
#[cfg(feature = "cluster")]
fn access(flags: &cli::ClusterAccess) -> crate::cluster::Access<'_> {
    crate::cluster::Access { kubeconfig: flags.kubeconfig.as_deref(), context: flags.context.as_deref() }
}

/// What the flags say, and a wish for the rest. None where the configuration is wrong, which has been said.
fn judge(flags: &cli::Policies, wish: &Wish, when: cli::ColorChoice) -> Result<Option<Judge>> {
    match load(flags, wish) {
        Ok(judge) => Ok(Some(judge)),
        Err(SetupError::Config(problems)) => {
            complain(&problems, when)?;
            Ok(None)
        }
        Err(SetupError::Other(error)) => Err(error),
    }
}

/// The judge that the flags and the configuration ask for, and a wish for the rest.
fn load(flags: &cli::Policies, wish: &Wish) -> Result<Judge, SetupError> {
    let file = match &flags.config {
        Some(path) => Some(path.clone()),
        None => config::find(&std::env::current_dir().context("the working folder cannot be read")?),
    };
    let file = match file {
        Some(path) => ConfigFile::read(&path).with_context(|| path.display().to_string())?,
        None => ConfigFile::default(),
    };
    let levels = flags.rules.iter().map(|rule| (rule.rule.clone(), rule.level)).collect();
    Judge::new(file, Wish { profile: flags.profile, levels, ..*wish })
}

/// Puts what ends a command on standard error.
fn complain(problems: &[LocatedProblem], when: cli::ColorChoice) -> Result<()> {
    let mut stderr = AutoStream::new(io::stderr().lock(), color(when, &io::stderr()));
    report::text::write_problems(problems, &mut stderr).context("standard error")
}

/// Puts a text on standard output, with its colours where they are wanted.
fn show(text: &[u8], when: cli::ColorChoice) -> Result<()> {
    print(when, |out| out.write_all(text))
}

/// Writes to standard output, with colours where they are wanted. Whoever reads it may stop, as `head` does.
fn print(when: cli::ColorChoice, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    // Standard output would otherwise be written line by line, and between any two colours.
    let mut buffer = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let mut stdout = AutoStream::new(&mut buffer as &mut dyn Write, color(when, &io::stdout()));
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}

/// What goes out in one piece, in bytes.
const BUFFER: usize = 64 * 1024;

fn color(choice: cli::ColorChoice, stream: &impl anstream::stream::RawStream) -> anstream::ColorChoice {
    match choice {
        cli::ColorChoice::Auto => AutoStream::choice(stream),
        cli::ColorChoice::Always => anstream::ColorChoice::Always,
        cli::ColorChoice::Never => anstream::ColorChoice::Never,
    }
}
