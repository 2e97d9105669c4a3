//! `plimsoll scan`: judges files, folders and standard input.

use super::{BUFFER, Exit, judge, print};
use crate::{
    cli,
    clock::today,
    finding::{Finding, Report},
    report::{Context, Detail},
    scan::{
        self,
        inputs::{self, Inputs, Walk},
    },
};
use anstream::StripStream;
use anyhow::{Context as _, Result, bail};
use std::{
    fs::File,
    io::{BufWriter, Write},
    num::NonZeroUsize,
};

/// `plimsoll scan`.
///
/// # Errors
/// The job could not even begin, or its outcome not be written.
pub fn scan(flags: &cli::Scan) -> Result<Exit> {
    refuse_two_reports_on_stdout(&flags.formats)?;
    let threads = flags.threads.or(std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let Some(judge) = judge(&flags.policies, flags.kubernetes, threads, flags.color.color)? else {
        return Ok(Exit::Failed);
    };
    let walk = Walk { hidden: flags.hidden, ignore_files: !flags.no_ignore, exclude: inputs::exclude(&flags.exclude)? };
    let inputs = Inputs::find(&flags.paths, &walk);
    let options = scan::ScanOptions {
        threads,
        strict_yaml: flags.strict_yaml,
        stdin: flags.stdin_filename.clone(),
        today: today(),
    };
    let report = scan::scan(&inputs, &judge, &options);
    let policies = judge.all_descriptions();
    let context = Context { detail: detail(flags), policies: &policies };
    for output in &flags.formats {
        write(&report, output, &context, flags.color.color)?;
    }
    Ok(exit(&report, flags))
}

fn exit(report: &Report, flags: &cli::Scan) -> Exit {
    let is_empty = report.summary.workloads == 0 && report.problems.is_empty();
    if is_empty && !flags.allow_empty {
        eprintln!("error: nothing to judge: there is no workload in what was read (--allow-empty allows this)");
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

/// Straight to where it goes: of thousands of findings, text is kept only in the report.
fn write(report: &Report, output: &cli::Output, context: &Context<'_>, color: cli::ColorChoice) -> Result<()> {
    let format = output.format;
    let Some(path) = &output.file else {
        return print(color, |out| (format.write)(report, context, out));
    };
    let write = || {
        let mut file = BufWriter::with_capacity(BUFFER, StripStream::new(File::create(path)?));
        (format.write)(report, context, &mut file)?;
        file.flush()
    };
    write().with_context(|| path.display().to_string())
}

fn detail(flags: &cli::Scan) -> Detail {
    match (flags.quiet, flags.notes) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Notes,
        _ => Detail::Normal,
    }
}
