//! `plimsoll scan`: judges files, folders and standard input.

mod fix;
mod outputs;
mod progress;
mod stats;

use super::{Exit, complain, judge};
use crate::{
    cli,
    clock::today,
    finding::{Finding, Needs, Report},
    judge::host_rules,
    report::{Context, Detail, Repository, Suppressed},
    scan::{
        self, Watch,
        baseline::{self, Baseline},
        inputs::{self, Inputs, Walk},
    },
};
use anyhow::{Context as _, Result};
use fix::Wish;
use progress::Progress;
use stats::Stats;
use std::{num::NonZeroUsize, sync::Arc};

/// `plimsoll scan`.
///
/// # Errors
/// The job could not even begin, or its outcome not be written.
pub fn scan(flags: &cli::Scan) -> Result<Exit> {
    let mut stats = Stats::begin();
    outputs::check(&flags.formats, flags.write_baseline.as_deref())?;
    let wish = Wish::of(flags)?;
    let threads = flags.threads.or(std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let Some(judge) = judge(&flags.policies, flags.kubernetes, threads, flags.color.color)? else {
        return Ok(Exit::Failed);
    };
    let working = std::env::current_dir().context("the working folder cannot be read")?;
    let baseline = match flags.baseline.as_ref().map(|file| Baseline::read(file, &working)).transpose() {
        Ok(baseline) => baseline,
        Err(problem) => {
            complain(&[*problem], flags.color.color)?;
            return Ok(Exit::Failed);
        }
    };
    let exclude = inputs::exclude(flags.exclude.iter().chain(&judge.config.exclude))?;
    let walk = Walk { hidden: flags.hidden, ignore_files: !flags.no_ignore, exclude };
    stats.done("load policies");
    let watch = Arc::new(if flags.stats { Watch::timed() } else { Watch::default() });
    let progress = Progress::of(&watch);
    let inputs = Inputs::find(&flags.paths, &walk);
    stats.done("find files");
    let options = scan::ScanOptions {
        threads,
        strict_yaml: flags.strict_yaml,
        stdin: flags.stdin_filename.clone(),
        namespace: flags.namespace.clone(),
        working: working.clone(),
        today: today(),
        needs: flags.formats.iter().fold(Needs::default(), |needs, output| needs.and(output.format.needs)),
        watch: Arc::clone(&watch),
        unsaved: Arc::default(),
    };
    let judged = || {
        let mut report = scan::scan(&inputs, &judge, &options);
        if let Some(baseline) = &baseline {
            let level = judge.everywhere().level(&host_rules::UNUSED_BASELINE.name);
            baseline.apply(&mut report, &inputs.paths(&options.stdin), &working, level);
        }
        report
    };
    let mut report = judged();
    drop(progress);
    stats.done(stats::SCAN);
    let mut unwritten = false;
    if let Some(wish) = wish {
        let outcome = wish.fulfil(&inputs, &judge, &options, &report, flags.color.color)?;
        unwritten = outcome.failed;
        if outcome.wrote {
            report = judged();
        }
        stats.done("fix");
    }
    let policies = judge.all_descriptions();
    if let Some(file) = &flags.write_baseline {
        outputs::save(file, |out| baseline::write(&mut report, file, &working, out))?;
    }
    let context = Context {
        detail: detail(flags),
        policies: &policies,
        repository: &Repository::of(&working),
        fails_from: flags.fail_on.level(),
        suppressed: if flags.sarif_suppressed { Suppressed::Shown } else { Suppressed::LeftOut },
    };
    for remark in outputs::write(&report, &flags.formats, &context, flags.color.color)? {
        eprintln!("warning: {remark}");
    }
    stats.done("write reports");
    if flags.stats {
        stats.write(&watch, threads.get(), &mut std::io::stderr().lock()).context("standard error")?;
    }
    Ok(if unwritten { Exit::Failed } else { exit(&report, flags) })
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

fn detail(flags: &cli::Scan) -> Detail {
    match (flags.quiet, flags.notes) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Notes,
        _ => Detail::Normal,
    }
}
