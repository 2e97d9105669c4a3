//! Sources to a report: read, judge, except, locate. In parallel over sources; the order is that of the inputs,
//! whatever the number of threads.

pub mod baseline;
mod comments;
mod file;
pub mod fix;
mod folders;
mod git_index;
mod ignored;
pub mod inputs;
pub mod kustomization;
mod outcome;
pub mod rendered;
mod sets;
mod walk;

use crate::{
    finding::{LocatedProblem, Location, Needs, Report, Summary},
    judge::Judge,
    manifest::{self, Lines},
    paths::{from_folder, plain},
    scan::{
        file::{File, Text},
        inputs::{Inputs, PassedOver, Source},
        kustomization::Kustomizations,
        outcome::{Outcome, Total},
    },
    watch::{Phase, Watch},
};
use jiff::civil::Date;
use rayon::prelude::*;
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    num::NonZeroUsize,
    ops::Add,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// How to scan.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// How many sources at one time.
    pub threads: NonZeroUsize,
    /// Parse every document.
    pub strict_yaml: bool,
    /// What to call standard input.
    pub stdin: String,
    /// The namespace of objects that leave it to the command line.
    pub namespace: Option<String>,
    /// The folder that paths are relative to; absolute.
    pub working: PathBuf,
    /// The day that exceptions are held against (UTC).
    pub today: Date,
    /// What the report must hold beyond findings.
    pub needs: Needs,
    /// Where to say how far it is.
    pub watch: Arc<Watch>,
    /// Texts that stand in for files: what an editor has not saved yet.
    pub unsaved: Arc<BTreeMap<PathBuf, Vec<u8>>>,
}

/// Reads and judges all sources.
pub fn scan(inputs: &Inputs, judge: &Judge, options: &ScanOptions) -> Report {
    let start = Instant::now();
    let kustomizations = Kustomizations::of(&inputs.sources);
    let scanner = Scanner::new(judge, options, &kustomizations);
    let mut report = Report { policies: judge.everywhere().digest().to_owned(), ..Report::default() };
    let usage = scanner.all(&inputs.sources).add_to(&mut report);
    report.problems.extend(inputs.unreadable.iter().map(|(path, why)| whole_file(&path.display().to_string(), why)));
    report.findings.extend(judge.about_exceptions(&usage, options.today));
    count_passed_over(&inputs.passed_over, &mut report.summary);
    report.summary.elapsed = start.elapsed();
    report
}

struct Scanner<'a> {
    judge: &'a Judge,
    options: &'a ScanOptions,
    /// The folder that files are named from in the configuration.
    configuration: PathBuf,
    kustomizations: &'a Kustomizations,
}

/// A text of fewer bytes is read before threads have started.
const WORTH_THREADS: usize = 256 * 1024;

impl<'a> Scanner<'a> {
    fn new(judge: &'a Judge, options: &'a ScanOptions, kustomizations: &'a Kustomizations) -> Self {
        let configuration = plain(&options.working.join(judge.config.folder()));
        Scanner { judge, options, configuration, kustomizations }
    }
}

impl Scanner<'_> {
    fn all(&self, sources: &[Source]) -> Total {
        self.options.watch.begin(sources.len());
        if let [only] = sources {
            return Total::default().with((0, self.only(only)));
        }
        let groups = folders::groups(sources, self.wants_sets());
        let of_group =
            |total, group: &Vec<usize>| group.iter().copied().zip(self.group(sources, group)).fold(total, Total::with);
        match self.pool(sources.len()) {
            Some(pool) => pool.install(|| {
                let of_threads = groups.par_iter().fold(Total::default, of_group);
                of_threads.reduce(Total::default, Total::add)
            }),
            None => groups.iter().fold(Total::default(), of_group),
        }
    }

    /// One source, which may be a stream of all that there is.
    fn only(&self, source: &Source) -> Outcome {
        let bytes = self.bytes(source);
        let is_large = bytes.as_ref().is_ok_and(|bytes| bytes.len() >= WORTH_THREADS);
        let read = move || self.texts(&[source], &[bytes]).pop().unwrap_or_default();
        match is_large.then(|| self.pool(usize::MAX)).flatten() {
            Some(pool) => pool.install(read),
            None => read(),
        }
    }

    /// Threads for so many things at one time; none where there is but one, or the machine gives none.
    fn pool(&self, things: usize) -> Option<rayon::ThreadPool> {
        let threads = self.options.threads.get().min(things);
        let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build());
        pool.and_then(Result::ok)
    }

    /// Sources that may be one set: those of these indices.
    fn group(&self, sources: &[Source], group: &[usize]) -> Vec<Outcome> {
        let sources: Vec<&Source> = group.iter().map(|index| &sources[*index]).collect();
        let bytes = file::each(&sources, |source| self.bytes(source));
        self.texts(&sources, &bytes)
    }

    fn wants_sets(&self) -> bool {
        self.judge.everywhere().wants_set()
    }

    fn bytes(&self, source: &Source) -> Result<Vec<u8>, String> {
        self.options.watch.time(Phase::Read, || match source {
            Source::Stdin => read_stdin(),
            Source::File(path) => {
                self.options.unsaved.get(path).map_or_else(|| read_file(path), |text| Ok(text.clone()))
            }
            Source::Rendered(rendered) => Ok(rendered.text.clone()),
        })
    }

    /// Each text by itself, and then their objects together.
    fn texts(&self, sources: &[&Source], bytes: &[Result<Vec<u8>, String>]) -> Vec<Outcome> {
        let pairs: Vec<_> = sources.iter().zip(bytes).collect();
        let mut outcomes = sets::judge(file::each(&pairs, |(source, bytes)| self.text(source, bytes)));
        let ScanOptions { working, needs, watch, .. } = self.options;
        for (source, outcome) in sources.iter().zip(&mut outcomes) {
            if let Source::Rendered(rendered) = source {
                let trace_back = || rendered.trace_back(&mut outcome.findings, working, needs.lines_around);
                watch.time(Phase::Locate, trace_back);
            }
        }
        outcomes
    }

    fn text<'t>(&self, source: &Source, bytes: &'t Result<Vec<u8>, String>) -> Text<'_, 't> {
        let path = source.name(&self.options.stdin);
        let text = match bytes {
            Ok(bytes) => self.decoded(source, &path, bytes),
            Err(why) => Text::unread(whole_file(&path, why)),
        };
        self.options.watch.source_done();
        text
    }

    fn decoded<'t>(&self, source: &Source, path: &str, bytes: &'t [u8]) -> Text<'_, 't> {
        let options = manifest::Options {
            members: self.wants_sets(),
            strict_yaml: self.options.strict_yaml,
            namespace: self.options.namespace.clone(),
            patch: self.kustomizations.patch(source),
            limits: manifest::Limits::default(),
        };
        let leading = self.kustomizations.leading_to(source);
        let from_configuration = from_folder(&self.configuration, &plain(&self.options.working.join(path)));
        let is_part = self.kustomizations.reaches_out(source);
        match manifest::decode(bytes, &options) {
            Ok(text) => {
                let (path, lines) = (path.into(), Lines::of(text));
                File { scanner: self, options, path, from_configuration, lines, leading, is_part }.read()
            }
            Err(problem) => {
                let text = String::from_utf8_lossy(bytes);
                let problem = file::located(&path.into(), &Lines::of(&text), problem);
                let mut unread = Text::unread(problem);
                unread.outcome.sums.files = 1;
                unread
            }
        }
    }
}

fn count_passed_over(passed_over: &PassedOver, summary: &mut Summary) {
    for (reason, count) in &passed_over.counts {
        *summary.skipped.entry(reason.clone()).or_default() += count;
    }
    summary.charts = passed_over.charts.clone();
}

fn read_stdin() -> Result<Vec<u8>, String> {
    read_limited(std::io::stdin().lock(), 0).map_err(|error| format!("cannot be read: {error}"))
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let read = || {
        let file = fs::File::open(path)?;
        let size = file.metadata()?.len();
        read_limited(file, size)
    };
    read().map_err(|error| format!("cannot be read: {error}"))
}

/// One byte more than a text may have is enough to see that it has too many.
fn read_limited(from: impl Read, size: u64) -> std::io::Result<Vec<u8>> {
    let limit = manifest::Limits::default().file_bytes as u64 + 1;
    // A little more than the size, so that the read that finds the end does not make the buffer grow.
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(limit)).unwrap_or(0) + 64);
    from.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn whole_file(path: &str, why: &str) -> LocatedProblem {
    LocatedProblem { location: Location::whole_file(path), message: why.to_owned() }
}
