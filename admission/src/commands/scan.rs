//! `plimsoll scan`: judges files, folders and standard input.

use super::{Exit, judge, show};
use crate::{
    cli,
    clock::today,
    finding::{Finding, Report},
    judge::Judge,
    report::{json, text, text::Detail},
    scan::{
        self,
        inputs::{self, Inputs, Walk},
    },
};
use anyhow::{Context, Result, bail};
use std::{
    io::{self, Write},
    num::NonZeroUsize,
};

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
    let fails =
        |finding: &Finding| finding.is_open() && flags.fail_on.level().is_some_and(|lowest| finding.level >= lowest);
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
        cli::Format::Text => text::write(report, detail, summary, out),
        cli::Format::Json => json::write(report, out),
    }
}
