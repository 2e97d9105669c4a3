//! What each subcommand does: flags to work, and the outcome to an exit code.

use crate::{
    cli, cluster,
    config::{self, ConfigFile},
    doctor,
    engine::Engine,
    exceptions::Annotations,
    explain, host_rules,
    inputs::{self, Inputs, Walk},
    judge::{Judge, SetupError, Wish},
    report::{self, Report, text::Detail},
    scan,
    webhook::configuration::{self, Installation},
};
use anstream::AutoStream;
use anyhow::{Context, Result, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use plimsoll_policy::Description;
use std::{
    io::{self, Write},
    num::NonZeroUsize,
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
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Clean => 0,
            Exit::Findings | Exit::Forced => 1,
            Exit::Failed => 2,
        })
    }
}

/// `plimsoll scan`.
///
/// # Errors
/// The job could not even begin, or its outcome not be written.
pub fn scan(flags: &cli::Scan) -> Result<Exit> {
    refuse_two_reports_on_stdout(&flags.formats)?;
    let threads = flags.threads.or(std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let Some(judge) = judge(&flags.policies, threads, flags.color.color)? else { return Ok(Exit::Failed) };
    let walk = Walk { hidden: flags.hidden, ignore_files: !flags.no_ignore, exclude: inputs::exclude(&flags.exclude)? };
    let inputs = Inputs::find(&flags.paths, &walk);
    let options =
        scan::Options { threads, strict_yaml: flags.strict_yaml, stdin: flags.stdin_filename.clone(), today: today() };
    let report = scan::scan(&inputs, &judge, &options);
    for output in &flags.formats {
        write(&report, output, flags, &judge)?;
    }
    Ok(exit(&report, flags))
}

fn exit(report: &Report, flags: &cli::Scan) -> Exit {
    let is_empty = report.summary.workloads == 0 && report.problems.is_empty();
    if is_empty && !flags.allow_empty {
        eprintln!("error: nothing to judge: there is no workload in what was read (--allow-empty makes this no error)");
        return Exit::Failed;
    }
    let fails = |finding: &report::Finding| {
        finding.is_open() && flags.fail_on.level().is_some_and(|lowest| finding.level >= lowest)
    };
    if !report.problems.is_empty() {
        Exit::Failed
    } else if report.findings.iter().any(fails) {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

fn refuse_two_reports_on_stdout(formats: &[cli::Output]) -> Result<()> {
    if formats.iter().filter(|output| output.file.is_none()).count() > 1 {
        bail!("two reports would both go to standard output; send one to a file, as in `-f json=report.json`");
    }
    Ok(())
}

fn write(report: &Report, output: &cli::Output, flags: &cli::Scan, judge: &Judge) -> Result<()> {
    let mut text = Vec::new();
    print(report, output.format, flags, judge, &mut text)?;
    match &output.file {
        Some(path) => {
            let plain = anstream::adapter::strip_bytes(&text).into_vec();
            std::fs::write(path, plain).with_context(|| path.display().to_string())
        }
        None => show(&text, flags.color.color),
    }
}

/// Puts a text on standard output, with its colours where they are wanted. Whoever reads it may stop, as `head` does.
fn show(text: &[u8], when: cli::ColorChoice) -> Result<()> {
    let mut stdout = AutoStream::new(io::stdout().lock(), color(when, &io::stdout()));
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}

fn print(
    report: &Report,
    format: cli::Format,
    flags: &cli::Scan,
    judge: &Judge,
    out: &mut impl Write,
) -> io::Result<()> {
    let detail = match (flags.quiet, flags.notes) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Notes,
        _ => Detail::Normal,
    };
    let summary = |rule: &str| judge.everywhere().rule(rule).map(|known| known.rule.summary.as_ref());
    match format {
        cli::Format::Text => report::text::write(report, detail, summary, out),
        cli::Format::Json => report::json::write(report, out),
    }
}

/// `plimsoll explain`.
///
/// # Errors
/// There is no such rule or policy.
pub fn explain(flags: &cli::Explain) -> Result<Exit> {
    let Some(judge) = judge(&flags.policies, NonZeroUsize::MIN, flags.color.color)? else { return Ok(Exit::Failed) };
    let policies: Vec<Description> = judge.descriptions().cloned().chain([host_rules::description()]).collect();
    let mut text = Vec::new();
    match &flags.name {
        None => explain::write_table(&policies, &mut text)?,
        Some(name) => explain::write(explain::find(name, &policies).map_err(anyhow::Error::msg)?, &mut text)?,
    }
    show(&text, flags.color.color)?;
    Ok(Exit::Clean)
}

/// `plimsoll --version`.
///
/// # Errors
/// The built-in policies do not load.
pub fn version(verbose: bool) -> Result<Exit> {
    let mut text = format!("plimsoll {}\n", env!("CARGO_PKG_VERSION"));
    if verbose {
        let builtin = Engine::new(NonZeroUsize::MIN)?.builtin()?;
        text += &format!("built-in policies {}\n", builtin.digest());
        for line in include_str!("../../policies/builtin/builtin.lock").lines().filter(|line| !line.starts_with('#')) {
            text += &format!("  {line}\n");
        }
    }
    show(text.as_bytes(), cli::ColorChoice::Never)?;
    Ok(Exit::Clean)
}

/// `plimsoll webhook manifest`.
///
/// # Errors
/// It would touch what a webhook must not be asked about, or the file with the CA cannot be read.
pub fn webhook_manifest(flags: &cli::WebhookManifest) -> Result<Exit> {
    let policies = cli::Policies { config: flags.config.clone(), profile: None, rules: Vec::new() };
    let Some(judge) = judge(&policies, NonZeroUsize::MIN, cli::ColorChoice::Auto)? else { return Ok(Exit::Failed) };
    let ca_bundle = flags.ca_bundle.as_ref().map(|path| {
        let pem = std::fs::read(path).with_context(|| path.display().to_string())?;
        anyhow::ensure!(pem.starts_with(b"-----BEGIN"), "{}: this is no PEM", path.display());
        Ok(BASE64_STANDARD.encode(pem))
    });
    let installation = Installation {
        name: flags.name.clone(),
        namespace: flags.namespace.clone(),
        service: flags.service.clone(),
        failure_policy: flags.failure_policy,
        ca_bundle: ca_bundle.transpose()?,
    };
    show(configuration::yaml(&judge.kinds, &installation)?.as_bytes(), cli::ColorChoice::Never)?;
    Ok(Exit::Clean)
}

/// `plimsoll doctor`.
///
/// # Errors
/// The cluster cannot be reached, or not be read.
pub fn doctor(flags: &cli::Doctor) -> Result<Exit> {
    let policies = cli::Policies { config: flags.config.clone(), profile: None, rules: Vec::new() };
    let Some(judge) = judge(&policies, NonZeroUsize::MIN, cli::ColorChoice::Auto)? else { return Ok(Exit::Failed) };
    let names = cluster::Names {
        name: flags.name.clone(),
        namespace: flags.namespace.clone(),
        secret: flags.secret.clone().unwrap_or_else(|| format!("{}-tls", flags.name)),
        probe_namespace: flags.probe_namespace.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(async {
        let client = cluster::client(flags.context.as_deref()).await?;
        cluster::read(&client, &names).await
    })?;
    let remarks = doctor::examine(&found, &names, &judge.kinds, std::time::SystemTime::now());
    let mut text = Vec::new();
    doctor::write(&remarks, &mut text)?;
    show(&text, cli::ColorChoice::Never)?;
    let all_is_well = remarks.iter().all(|remark| remark.health == doctor::Health::Good);
    Ok(if all_is_well { Exit::Clean } else { Exit::Findings })
}

/// None where the configuration is wrong, which has been said.
fn judge(flags: &cli::Policies, threads: NonZeroUsize, when: cli::ColorChoice) -> Result<Option<Judge>> {
    let file = match &flags.config {
        Some(path) => Some(path.clone()),
        None => config::find(&std::env::current_dir().context("the working folder cannot be read")?),
    };
    let file = match file {
        Some(path) => ConfigFile::read(&path).with_context(|| path.display().to_string())?,
        None => ConfigFile::default(),
    };
    let wish = Wish {
        profile: flags.profile,
        levels: flags.rules.iter().map(|rule| (rule.rule.clone(), rule.level)).collect(),
        annotations: Annotations::Allowed,
        threads,
    };
    match Judge::new(file, wish) {
        Ok(judge) => Ok(Some(judge)),
        Err(SetupError::Config(problems)) => {
            let mut stderr = AutoStream::new(io::stderr().lock(), color(when, &io::stderr()));
            report::text::write_problems(&problems, &mut stderr)?;
            Ok(None)
        }
        Err(SetupError::Other(error)) => Err(error),
    }
}

/// In UTC.
pub(crate) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn color(choice: cli::ColorChoice, stream: &impl anstream::stream::RawStream) -> anstream::ColorChoice {
    match choice {
        cli::ColorChoice::Auto => AutoStream::choice(stream),
        cli::ColorChoice::Always => anstream::ColorChoice::Always,
        cli::ColorChoice::Never => anstream::ColorChoice::Never,
    }
}
