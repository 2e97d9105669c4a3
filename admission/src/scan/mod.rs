//! Sources to a report: read, judge, except, locate. In parallel over sources; the order is that of the inputs,
//! whatever the number of threads.

mod git_index;
mod ignored;
pub mod inputs;
pub mod kustomization;
mod walk;

use crate::{
    finding::{Excerpt, FileProblem, Finding, ObjectRef, Place, Report, Status, Summary, fingerprint, identity},
    judge::Judge,
    judge::evaluate::PolicyFailure,
    judge::exceptions::Usage,
    judge::host_rules::{self, UNRENDERED_KUSTOMIZATION},
    judge::verdict::Stated,
    manifest::{self, Contents, Document, Found, Lines, Problem, Skip, Span},
    scan::inputs::{Inputs, PassedOver, Source},
    scan::kustomization::{Kustomizations, Leading},
};
use jiff::civil::Date;
use plimsoll_policy::{Level, Pointer, about};
use rayon::prelude::*;
use std::{fs, io::Read, num::NonZeroUsize, path::Path, time::Instant};

/// How to scan.
#[derive(Debug, Clone)]
pub struct Options {
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
pub fn scan(inputs: &Inputs, judge: &Judge, options: &Options) -> Report {
    let start = Instant::now();
    let scanner = Scanner { judge, options, kustomizations: Kustomizations::of(&inputs.sources) };
    let mut report = Report { policies: judge.everywhere().digest().to_owned(), ..Report::default() };
    let mut usage = Usage::default();
    for outcome in scanner.all(&inputs.sources) {
        outcome.add_to(&mut report, &mut usage);
    }
    report.problems.extend(inputs.unreadable.iter().map(|(path, why)| whole_file(path.display().to_string(), why)));
    report.findings.extend(about_configuration(judge, &usage, options.today));
    count_passed_over(&inputs.passed_over, &mut report.summary);
    report.summary.elapsed = start.elapsed();
    report
}

struct Scanner<'a> {
    judge: &'a Judge,
    options: &'a Options,
    kustomizations: Kustomizations,
}

/// What came of one source.
#[derive(Default)]
struct Outcome {
    findings: Vec<Finding>,
    problems: Vec<FileProblem>,
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
        let name = match source {
            Source::Stdin => self.options.stdin.clone(),
            Source::File(path) => path.display().to_string(),
        };
        match bytes {
            Ok(bytes) => self.text(source, name, &bytes),
            Err(why) => Outcome { problems: vec![whole_file(name, &why)], ..Outcome::default() },
        }
    }

    fn text(&self, source: &Source, name: String, bytes: &[u8]) -> Outcome {
        let options = manifest::Options {
            members: false,
            strict_yaml: self.options.strict_yaml,
            patch: self.kustomizations.patch(source),
            limits: manifest::Limits::default(),
        };
        match manifest::decode(bytes, &options) {
            Ok(text) => {
                let leading = self.kustomizations.leading_to(source);
                File { scanner: self, options, name, lines: Lines::of(text), leading }.outcome()
            }
            Err(problem) => {
                let problem = FileProblem { file: name, problem, excerpt: Excerpt::default() };
                Outcome { files: 1, problems: vec![problem], ..Outcome::default() }
            }
        }
    }
}

/// One file, or standard input, as text.
struct File<'a, 't> {
    scanner: &'a Scanner<'a>,
    options: manifest::Options,
    name: String,
    lines: Lines<'t>,
    leading: Leading<'a>,
}

impl<'t> File<'_, 't> {
    /// Document by document, on as many threads as this runs on.
    fn outcome(&self) -> Outcome {
        let mut outcome = Outcome { files: 1, ..Outcome::default() };
        let (documents, too_many) = self.documents();
        let read = |document: &Document<'t>| {
            manifest::read_document(document, &self.lines, &self.scanner.judge.kinds, &self.options)
        };
        let of_documents = each(&documents, |document| self.judge(&read(document)));
        of_documents.into_iter().for_each(|of_document| outcome.append(of_document));
        outcome.problems.extend(too_many.map(|problem| self.problem(problem)));
        let note = self.note_kustomization(&outcome.left);
        outcome.findings.splice(0..0, note);
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

    fn judge(&self, contents: &Contents<'_>) -> Outcome {
        let mut outcome = Outcome {
            documents: contents.documents,
            workloads: contents.objects.len(),
            skipped: contents.skipped.clone(),
            ..Outcome::default()
        };
        for found in &contents.objects {
            self.object(found, &mut outcome);
        }
        outcome.problems.extend(contents.problems.iter().cloned().map(|problem| self.problem(problem)));
        outcome
    }

    fn object(&self, found: &Found<'_>, outcome: &mut Outcome) {
        let Scanner { judge, options, .. } = self.scanner;
        let workload = &found.object.workload;
        let object = ObjectRef::of(workload);
        let set = match judge.policies(workload.namespace.as_deref()) {
            Ok(set) => set,
            Err(why) => return outcome.problems.push(self.refusal(found, format!("{object} is not judged: {why}"))),
        };
        let verdict = judge.judge_object(&found.object, &set, options.today);
        outcome.usage += verdict.usage;
        let left = Left::of(&found.object, &self.leading);
        let is_about_images = |rule: &str| set.rule(rule).is_some_and(|levels| levels.rule.about == about::IMAGE);
        let is_left = |stated: &Stated| is_about_images(&stated.finding.rule) && left.has(&stated.finding);
        let all = verdict.findings.into_iter().filter(|stated| !is_left(stated));
        outcome.findings.append(&mut self.located(found, &object, all));
        outcome.left.extend(left.images);
        for PolicyFailure { policy, cause } in verdict.failures {
            let message = format!("the policy `{policy}` gave no verdict on {object}: {cause}");
            outcome.problems.push(self.refusal(found, message));
        }
    }

    fn located(&self, found: &Found<'_>, object: &ObjectRef, all: impl Iterator<Item = Stated>) -> Vec<Finding> {
        let located = all.map(|Stated { policy, level, status, finding }| {
            let identity = identity(&finding.pointer, &found.object.value);
            Finding {
                fingerprint: fingerprint(&finding.rule, Some(object), finding.container.as_deref(), &identity),
                place: self.place(found.document, found.item, found.locate(&finding.pointer)),
                rule: finding.rule,
                policy,
                level,
                status,
                message: finding.message,
                help: finding.help,
                object: Some(object.clone()),
                container: finding.container,
                pointer: finding.pointer,
                fix: finding.fix,
            }
        });
        let mut located: Vec<Finding> = located.collect();
        located.sort_by(|a, b| (a.place.line, a.place.column, &a.rule).cmp(&(b.place.line, b.place.column, &b.rule)));
        located
    }

    fn place(&self, document: usize, item: Option<usize>, span: Span) -> Place {
        let manifest::Position { line, column } = self.lines.position(span.start);
        Place { file: self.name.clone(), document, item, line, column, excerpt: Excerpt::of(&self.lines, span) }
    }

    fn refusal(&self, found: &Found<'_>, message: String) -> FileProblem {
        let span = found.locate("/metadata/name");
        let position = Some(self.lines.position(span.start));
        self.problem(Problem { document: Some(found.document), position, message })
    }

    fn problem(&self, problem: Problem) -> FileProblem {
        let start = problem.position.map(|position| self.lines.byte(position));
        let excerpt = start.map(|start| Excerpt::of(&self.lines, Span { start, end: start })).unwrap_or_default();
        FileProblem { file: self.name.clone(), problem, excerpt }
    }

    fn note_kustomization(&self, left: &[(String, String)]) -> Option<Finding> {
        let level = self.scanner.judge.everywhere().level(&UNRENDERED_KUSTOMIZATION.name);
        let ((image, change), others) = left.split_first()?;
        let others = match others.len() {
            0 => String::new(),
            more => format!(", and of {more} more"),
        };
        let message = format!(
            "{change} may change the image `{image}`, so the rules about images say nothing of it here{others}"
        );
        (level != Level::Off).then(|| Finding {
            rule: UNRENDERED_KUSTOMIZATION.name.clone().into_owned(),
            policy: host_rules::POLICY.to_owned(),
            level,
            status: Status::Open,
            message,
            help: Some("render first: kubectl kustomize FOLDER | plimsoll scan -".to_owned()),
            object: None,
            container: None,
            pointer: Pointer::ROOT,
            fix: Vec::new(),
            fingerprint: fingerprint(&UNRENDERED_KUSTOMIZATION.name, None, None, &self.name),
            place: self.place(0, None, Span { start: 0, end: 0 }),
        })
    }
}

/// Shared out among the threads of the pool that this runs in; the order stays.
fn each<T: Sync, R: Send>(all: &[T], of_one: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    match rayon::current_thread_index() {
        Some(_) => all.par_iter().map(of_one).collect(),
        None => all.iter().map(of_one).collect(),
    }
}

/// Images of an object that are left to the rendered text.
#[derive(Default)]
struct Left {
    /// Pointers of their containers.
    containers: Vec<Pointer>,
    /// Each image with what may change it.
    images: Vec<(String, String)>,
}

impl Left {
    fn of(object: &manifest::Object, leading: &Leading<'_>) -> Self {
        let mut left = Left::default();
        for workload in object.workloads() {
            for container in &workload.pod.containers {
                if let Some(change) = leading.change(workload, container) {
                    left.containers.push(container.pointer.clone());
                    left.images.push((container.image.clone(), change));
                }
            }
        }
        left
    }

    /// A finding about the whole pod compares its images.
    fn has(&self, finding: &plimsoll_policy::Finding) -> bool {
        match &finding.container {
            Some(_) => self.containers.iter().any(|container| finding.pointer.starts_with(&format!("{container}/"))),
            None => !self.containers.is_empty(),
        }
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
        self.left.extend(of_document.left);
    }

    fn add_to(self, report: &mut Report, usage: &mut Usage) {
        report.findings.extend(self.findings);
        report.problems.extend(self.problems);
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

fn whole_file(file: String, why: &str) -> FileProblem {
    let problem = Problem { document: None, position: None, message: why.to_owned() };
    FileProblem { file, problem, excerpt: Excerpt::default() }
}
