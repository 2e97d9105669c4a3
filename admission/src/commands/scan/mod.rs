//! `plimsoll scan`: judges files, folders and standard input, or what runs in a cluster.

#[cfg(feature = "cluster")]
mod audit;
mod fix;
mod outputs;
mod progress;
mod stats;

use super::{Exit, complain, judge};
use crate::{
    cli,
    clock::today,
    finding::{Finding, Needs, Report},
    judge::{Judge, Wish, host_rules},
    report::{Context, Detail, Repository, Suppressed},
    scan::{
        self,
        baseline::{self, Baseline},
        inputs::{self, Inputs, Source, Walk},
        rendered::{self, Chart},
    },
    watch::{Of, Watch},
};
use anyhow::{Context as _, Result, ensure};
use progress::Progress;
use stats::Stats;
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

/// `plimsoll scan`.
///
/// # Errors
/// The job could not even begin, or its outcome not be written.
pub fn scan(flags: &cli::Scan) -> Result<Exit> {
    let mut stats = Stats::begin();
    let threads = flags.threads.or(std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let wish = Wish { kubernetes: flags.kubernetes, threads, ..Wish::default() };
    let fixes = fix::Wish::of(flags)?;
    #[cfg(feature = "cluster")]
    if flags.audit.cluster {
        return audit::audit(flags, wish, stats);
    }
    outputs::refuse_reports_of_objects(&flags.formats)?;
    outputs::check(&flags.formats, flags.write_baseline.as_deref())?;
    ensure!(flags.namespaces.len() < 2, "--namespace: objects that do not write a namespace get one, not several");
    let Some(judge) = judge(&flags.policies, &wish, flags.color.color)? else {
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
    let watch = Arc::new(Watch::new(Of::Files, flags.stats));
    let progress = Progress::of(&watch);
    let inputs = find(flags, &walk)?;
    stats.done("find files");
    let options = scan::ScanOptions {
        threads,
        strict_yaml: flags.strict_yaml,
        stdin: flags.stdin_filename.clone(),
        namespace: flags.namespaces.first().cloned(),
        working: working.clone(),
        today: today(),
        needs: needs(&flags.formats),
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
    if let Some(fixes) = fixes {
        let outcome = fixes.fulfil(&inputs, &judge, &options, &report, flags.color.color)?;
        unwritten = outcome.failed;
        if outcome.wrote {
            report = judged();
        }
        stats.done("fix");
    }
    if let Some(file) = &flags.write_baseline {
        outputs::save(file, |out| baseline::write(&mut report, file, &working, out))?;
    }
    write(&report, &flags.formats, flags, (&judge, &working))?;
    stats.done("write reports");
    if flags.stats {
        stats.write(&watch, threads.get(), &mut std::io::stderr().lock()).context("standard error")?;
    }
    Ok(if unwritten { Exit::Failed } else { exit(&report, flags) })
}

/// What was named: what is rendered comes first. Without anything it is the working folder.
fn find(flags: &cli::Scan, walk: &Walk) -> Result<Inputs> {
    let chart = flags.helm.as_ref().map(|chart| Chart {
        chart: chart.clone(),
        values: flags.values.clone(),
        set: flags.set.clone(),
        namespace: flags.namespaces.first().cloned(),
        kubernetes: flags.kubernetes,
    });
    let mut rendered = Vec::new();
    rendered.extend(chart.as_ref().map(rendered::chart).transpose()?);
    for folder in &flags.kustomize {
        rendered.push(rendered::kustomization(folder)?);
    }
    let here = [PathBuf::from(".")];
    let paths = if flags.paths.is_empty() && rendered.is_empty() { here.as_slice() } else { &flags.paths };
    let mut inputs = Inputs::find(paths, walk);
    inputs.sources.splice(0..0, rendered.into_iter().map(|rendered| Source::Rendered(Arc::new(rendered))));
    Ok(inputs)
}

/// What all formats need together.
fn needs(outputs: &[cli::Output]) -> Needs {
    outputs.iter().fold(Needs::default(), |needs, output| needs.and(output.format.needs))
}

/// Writes all reports, and says what a format left out.
fn write(report: &Report, outputs: &[cli::Output], flags: &cli::Scan, (judge, working): (&Judge, &Path)) -> Result<()> {
    let policies = judge.all_descriptions();
    let context = Context {
        detail: detail(flags),
        policies: &policies,
        repository: &Repository::of(working),
        fails_from: flags.fail_on.level(),
        suppressed: if flags.sarif_suppressed { Suppressed::Shown } else { Suppressed::LeftOut },
    };
    for remark in outputs::write(report, outputs, &context, flags.color.color)? {
        eprintln!("warning: {remark}");
    }
    Ok(())
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
