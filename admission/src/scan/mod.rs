//! Sources to a report: read, judge, except, locate. In parallel over sources; the order is that of the inputs,
//! whatever the number of threads.

pub mod inputs;
pub mod kustomization;

use crate::{
    finding::{Finding, LocatedProblem, Location, ObjectRef, Place, Region, Report, Summary},
    judge::Judge,
    judge::evaluate::{PolicyFailure, Subject},
    judge::exceptions::Usage,
    judge::host_rules::{self, UNRENDERED_KUSTOMIZATION},
    manifest::{self, Beside, Contents, Document, Found, Lines, Position, Problem, Skip},
    scan::inputs::{Inputs, PassedOver, Source},
    scan::kustomization::Listed,
};
use jiff::civil::Date;
use plimsoll_policy::{Level, Sibling};
use rayon::prelude::*;
use std::{fs, io::Read, num::NonZeroUsize, path::Path, sync::Arc, time::Instant};

/// How to scan.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// How many sources at one time.
    pub threads: NonZeroUsize,
    /// Parse every document.
    pub strict_yaml: bool,
    /// What to call standard input.
    pub stdin: String,
    /// The day that exceptions are held against (UTC).
    pub today: Date,
}

/// Reads and judges all sources.
pub fn scan(inputs: &Inputs, judge: &Judge, options: &ScanOptions) -> Report {
    let start = Instant::now();
    let scanner = Scanner { judge, options, listed: Listed::beside(&inputs.sources) };
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
    listed: Listed,
}

/// What came of one source.
#[derive(Default)]
struct Outcome {
    findings: Vec<Finding>,
    problems: Vec<LocatedProblem>,
    files: usize,
    documents: usize,
    workloads: usize,
    skipped: Vec<Skip>,
    usage: Usage,
}

/// A text of fewer bytes is read before threads have started.
const WORTH_THREADS: usize = 256 * 1024;

impl Scanner<'_> {
    fn all(&self, sources: &[Source]) -> Vec<Outcome> {
        match sources {
            [only] => vec![self.only(only)],
            _ => match self.pool(sources.len()) {
                Some(pool) => pool.install(|| sources.par_iter().map(|source| self.source(source)).collect()),
                None => sources.iter().map(|source| self.source(source)).collect(),
            },
        }
    }

    /// One source, which may be a stream of all that there is.
    fn only(&self, source: &Source) -> Outcome {
        let bytes = self.bytes(source);
        let is_large = bytes.as_ref().is_ok_and(|bytes| bytes.len() >= WORTH_THREADS);
        match is_large.then(|| self.pool(usize::MAX)).flatten() {
            Some(pool) => pool.install(|| self.read(source, bytes)),
            None => self.read(source, bytes),
        }
    }

    /// Threads for so many things at one time; none where there is but one, or the machine gives none.
    fn pool(&self, things: usize) -> Option<rayon::ThreadPool> {
        let threads = self.options.threads.get().min(things);
        let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build());
        pool.and_then(Result::ok)
    }

    fn source(&self, source: &Source) -> Outcome {
        self.read(source, self.bytes(source))
    }

    fn bytes(&self, source: &Source) -> Result<Vec<u8>, String> {
        match source {
            Source::Stdin => read_stdin(),
            Source::File(path) => read_file(path),
        }
    }

    fn read(&self, source: &Source, bytes: Result<Vec<u8>, String>) -> Outcome {
        let path = match source {
            Source::Stdin => self.options.stdin.clone(),
            Source::File(path) => path.display().to_string(),
        };
        match bytes {
            Ok(bytes) => self.text(&path, &bytes, self.listed.contains(source)),
            Err(why) => Outcome { problems: vec![whole_file(&path, &why)], ..Outcome::default() },
        }
    }

    fn text(&self, path: &str, bytes: &[u8], is_listed: bool) -> Outcome {
        let options = manifest::Options {
            siblings: self.judge.everywhere().wants_siblings(),
            strict_yaml: self.options.strict_yaml,
            limits: manifest::Limits::default(),
        };
        match manifest::decode(bytes, &options) {
            Ok(text) => File { scanner: self, options, path: path.into(), lines: Lines::of(text), is_listed }.outcome(),
            Err(problem) => {
                let text = String::from_utf8_lossy(bytes);
                let file = File { scanner: self, options, path: path.into(), lines: Lines::of(&text), is_listed };
                Outcome { files: 1, problems: vec![file.problem(problem)], ..Outcome::default() }
            }
        }
    }
}

/// One file, or standard input, as text.
struct File<'a, 't> {
    scanner: &'a Scanner<'a>,
    options: manifest::Options,
    path: Arc<str>,
    lines: Lines<'t>,
    is_listed: bool,
}

impl<'t> File<'_, 't> {
    /// Document by document, on as many threads as this runs on.
    fn outcome(&self) -> Outcome {
        let mut outcome = Outcome { files: 1, ..Outcome::default() };
        let (documents, too_many) = self.documents();
        let read = |document: &Document<'t>| {
            manifest::read_document(document, &self.lines, &self.scanner.judge.kinds, &self.options)
        };
        let of_documents = if self.options.siblings {
            let all = each(&documents, read);
            let siblings: Vec<&Beside> = all.iter().flat_map(|contents| &contents.siblings).collect();
            each(&all, |contents| self.judge(contents, &siblings))
        } else {
            each(&documents, |document| self.judge(&read(document), &[]))
        };
        of_documents.into_iter().for_each(|of_document| outcome.append(of_document));
        outcome.problems.extend(too_many.map(|problem| self.problem(problem)));
        if self.is_listed && outcome.workloads > 0 {
            let note = self.note_kustomization(self.scanner.judge.everywhere().level(&UNRENDERED_KUSTOMIZATION.name));
            outcome.findings.splice(0..0, note);
        }
        outcome
    }

    fn documents(&self) -> (Vec<Document<'t>>, Option<Problem>) {
        let mut documents = Vec::new();
        for document in manifest::documents(self.lines.text()) {
            if let Some(problem) = manifest::beyond_limit(&document, &self.lines, &self.options) {
                return (documents, Some(problem));
            }
            documents.push(document);
        }
        (documents, None)
    }

    fn judge(&self, contents: &Contents<'_>, siblings: &[&Beside]) -> Outcome {
        let mut outcome = Outcome {
            documents: contents.documents,
            workloads: contents.objects.len(),
            skipped: contents.skipped.clone(),
            ..Outcome::default()
        };
        for found in &contents.objects {
            self.object(found, siblings, &mut outcome);
        }
        outcome.problems.extend(contents.problems.iter().cloned().map(|problem| self.problem(problem)));
        outcome
    }

    fn object(&self, found: &Found<'_>, siblings: &[&Beside], outcome: &mut Outcome) {
        let Scanner { judge, options, .. } = self.scanner;
        let workload = &found.object.workload;
        let set = match judge.policies(workload.namespace.as_deref()) {
            Ok(set) => set,
            Err(why) => {
                let message = format!("{} is not judged: {why}", ObjectRef::from(workload));
                return outcome.problems.push(self.refusal(found, message));
            }
        };
        let siblings = others(found, siblings);
        let manifest::Object { value, unknown, .. } = &found.object;
        let subject = Subject { workload, value, unknown, siblings: &siblings };
        let verdict = judge.judge(&subject, &set, options.today);
        outcome.usage += verdict.usage;
        let all = verdict.findings.into_iter().filter(|finding| !(self.is_listed && is_about_images(finding)));
        outcome.findings.append(&mut self.located(found, all.collect()));
        for PolicyFailure { policy, cause } in verdict.failures {
            let object = ObjectRef::from(workload);
            let message = format!("the policy `{policy}` gave no verdict on {object}: {cause}");
            outcome.problems.push(self.refusal(found, message));
        }
    }

    /// The findings in the order of the text.
    fn located(&self, found: &Found<'_>, mut findings: Vec<Finding>) -> Vec<Finding> {
        for finding in &mut findings {
            let related = finding.related.iter_mut().map(|related| &mut related.location);
            for location in related.chain([&mut finding.location]) {
                *location = self.location(found, std::mem::take(&mut location.pointer));
            }
        }
        findings.sort_by(|a, b| (a.location.position(), &a.rule).cmp(&(b.location.position(), &b.rule)));
        findings
    }

    /// Where the text has a field of an object.
    fn location(&self, found: &Found<'_>, pointer: String) -> Location {
        let region = Some(Region::of(&self.lines, found.locate(&pointer)));
        Location { place: self.place(Some(found.document), found.item), pointer, region }
    }

    fn place(&self, document: Option<usize>, item: Option<usize>) -> Place {
        Place::File { path: Arc::clone(&self.path), document, item }
    }

    fn refusal(&self, found: &Found<'_>, message: String) -> LocatedProblem {
        LocatedProblem { location: self.location(found, "/metadata/name".to_owned()), message }
    }

    fn problem(&self, Problem { document, position, message }: Problem) -> LocatedProblem {
        let region = position.map(|position| Region::at(&self.lines, position));
        let location = Location { place: self.place(document, None), pointer: String::new(), region };
        LocatedProblem { location, message }
    }

    fn note_kustomization(&self, level: Level) -> Option<Finding> {
        let message = "a kustomization lists this file and may replace its images, so they are not judged here";
        let found = plimsoll_policy::Finding::new(&UNRENDERED_KUSTOMIZATION, "", message)
            .help("render first: kubectl kustomize FOLDER | plimsoll scan -");
        let place = (self.place(Some(0), None), Region::at(&self.lines, Position { line: 1, column: 1 }));
        (level != Level::Off).then(|| Finding::of_text(host_rules::POLICY, level, found, place, &self.path))
    }
}

/// Images of a file that a kustomization lists are not final, so nothing is said about them.
fn is_about_images(finding: &Finding) -> bool {
    finding.policy == "image-pull"
}

/// Shared out among the threads of the pool that this runs in; the order stays.
fn each<T: Sync, R: Send>(all: &[T], of_one: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    match rayon::current_thread_index() {
        Some(_) => all.par_iter().map(of_one).collect(),
        None => all.iter().map(of_one).collect(),
    }
}

impl Outcome {
    fn append(&mut self, of_document: Outcome) {
        self.findings.extend(of_document.findings);
        self.problems.extend(of_document.problems);
        self.documents += of_document.documents;
        self.workloads += of_document.workloads;
        self.skipped.extend(of_document.skipped);
        self.usage += of_document.usage;
    }

    fn add_to(self, report: &mut Report, usage: &mut Usage) {
        report.findings.extend(self.findings);
        report.problems.extend(self.problems);
        report.summary.files += self.files;
        report.summary.documents += self.documents;
        report.summary.workloads += self.workloads;
        for skip in self.skipped {
            *report.summary.skipped.entry(skip.to_string()).or_default() += 1;
        }
        *usage += self.usage;
    }
}

fn others(found: &Found<'_>, siblings: &[&Beside]) -> Vec<Sibling> {
    let others = siblings.iter().filter(|beside| (beside.document, beside.item) != (found.document, found.item));
    others.map(|beside| beside.sibling.clone()).collect()
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
    let counts = [
        ("hidden folder", passed_over.hidden_folders),
        ("hidden file", passed_over.hidden_files),
        ("symbolic link", passed_over.symbolic_links),
        ("chart folder", passed_over.charts.len()),
    ];
    for (reason, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        summary.skipped.insert(reason.to_owned(), count);
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
