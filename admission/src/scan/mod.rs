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
mod sets;
mod walk;
mod watch;

pub use watch::{HowFar, Phase, Watch};

use crate::{
    finding::{Finding, Judged, LocatedProblem, Location, Needs, Report, Summary},
    judge::{Judge, exceptions::Usage},
    manifest::{self, Lines, Skip},
    paths::{from_folder, plain},
    scan::{
        file::{File, Text},
        inputs::{Inputs, PassedOver, Source},
        kustomization::Kustomizations,
    },
};
use jiff::civil::Date;
use plimsoll_policy::Level;
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    num::NonZeroUsize,
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
    let mut usage = Usage::default();
    for outcome in scanner.all(&inputs.sources) {
        outcome.add_to(&mut report, &mut usage);
    }
    report.problems.extend(inputs.unreadable.iter().map(|(path, why)| whole_file(&path.display().to_string(), why)));
    report.findings.extend(about_configuration(judge, &usage, options.today));
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

/// What came of one source.
#[derive(Default)]
struct Outcome {
    findings: Vec<Finding>,
    problems: Vec<LocatedProblem>,
    judged: Vec<Judged>,
    files: usize,
    documents: usize,
    workloads: usize,
    skipped: Vec<Skip>,
    usage: Usage,
    /// Images that kustomizations may change, with what changes them.
    left: Vec<(String, String)>,
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
    fn all(&self, sources: &[Source]) -> Vec<Outcome> {
        self.options.watch.begin(sources.len());
        match sources {
            [only] => vec![self.only(only)],
            _ => {
                let groups = folders::groups(sources, self.wants_sets());
                let of_groups = match self.pool(sources.len()) {
                    Some(pool) => pool.install(|| file::each(&groups, |group| self.group(sources, group))),
                    None => groups.iter().map(|group| self.group(sources, group)).collect(),
                };
                let mut all: Vec<(usize, Outcome)> =
                    groups.into_iter().flatten().zip(of_groups.into_iter().flatten()).collect();
                all.sort_by_key(|(index, _)| *index);
                all.into_iter().map(|(_, outcome)| outcome).collect()
            }
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
        })
    }

    /// Each text by itself, and then their objects together.
    fn texts(&self, sources: &[&Source], bytes: &[Result<Vec<u8>, String>]) -> Vec<Outcome> {
        let pairs: Vec<_> = sources.iter().zip(bytes).collect();
        sets::judge(file::each(&pairs, |(source, bytes)| self.text(source, bytes)))
    }

    fn text<'t>(&self, source: &Source, bytes: &'t Result<Vec<u8>, String>) -> Text<'_, 't> {
        let path = match source {
            Source::Stdin => self.options.stdin.clone(),
            Source::File(path) => path.display().to_string(),
        };
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
                unread.outcome.files = 1;
                unread
            }
        }
    }
}

impl Outcome {
    fn append(&mut self, of_document: Outcome) {
        self.findings.extend(of_document.findings);
        self.problems.extend(of_document.problems);
        self.judged.extend(of_document.judged);
        self.documents += of_document.documents;
        self.workloads += of_document.workloads;
        self.skipped.extend(of_document.skipped);
        self.usage += of_document.usage;
        self.left.extend(of_document.left);
    }

    fn add_to(self, report: &mut Report, usage: &mut Usage) {
        report.findings.extend(self.findings);
        report.problems.extend(self.problems);
        report.judged.extend(self.judged);
        report.summary.files += self.files;
        report.summary.documents += self.documents;
        report.summary.workloads += self.workloads;
        for skip in self.skipped {
            report.summary.advice.extend(skip.advice());
            *report.summary.skipped.entry(skip.to_string()).or_default() += 1;
        }
        *usage += self.usage;
    }
}

fn about_configuration(judge: &Judge, usage: &Usage, today: Date) -> Vec<Finding> {
    let exceptions = &judge.exceptions;
    let findings = exceptions.expired(today).into_iter().chain(exceptions.unused(usage, today));
    findings
        .map(|finding| (judge.everywhere().level(&finding.rule), finding))
        .filter(|(level, _)| *level != Level::Off)
        .map(|(level, finding)| judge.config.finding(finding, level))
        .collect()
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
