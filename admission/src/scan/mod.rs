//! Sources to a report: read, judge, except, locate. In parallel over sources; the order is that of the inputs,
//! whatever the number of threads.

pub mod inputs;
pub mod kustomization;

use crate::{
    finding::{Excerpt, FileProblem, Finding, ObjectRef, Place, Report, Status, Summary, fingerprint, identity},
    judge::Judge,
    judge::evaluate::{PolicyFailure, Subject},
    judge::exceptions::Usage,
    judge::host_rules::{self, UNRENDERED_KUSTOMIZATION},
    judge::policy_set::PolicySet,
    judge::verdict::Stated,
    manifest::{self, Contents, Found, Locator, Problem, Skip},
    scan::inputs::{Inputs, PassedOver, Source},
    scan::kustomization::Listed,
};
use jiff::civil::Date;
use plimsoll_policy::{Level, Sibling};
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

/// Images of a file that a kustomization lists are not final, so this policy says nothing about them.
const IMAGES: &str = "image-pull";

/// Reads and judges all sources.
pub fn scan(inputs: &Inputs, judge: &Judge, options: &Options) -> Report {
    let start = Instant::now();
    let scanner = Scanner { judge, options, listed: Listed::beside(&inputs.sources) };
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
    listed: Listed,
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
}

impl Scanner<'_> {
    fn all(&self, sources: &[Source]) -> Vec<Outcome> {
        let threads = self.options.threads.get().min(sources.len());
        let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build());
        match pool {
            Some(Ok(pool)) => pool.install(|| sources.par_iter().map(|source| self.source(source)).collect()),
            // One source needs no pool, and a machine that gives no threads still has this one.
            None | Some(Err(_)) => sources.iter().map(|source| self.source(source)).collect(),
        }
    }

    fn source(&self, source: &Source) -> Outcome {
        let (name, bytes) = match source {
            Source::Stdin => (self.options.stdin.clone(), read_stdin()),
            Source::File(path) => (path.display().to_string(), read_file(path)),
        };
        match bytes {
            Ok(bytes) => self.text(name, &bytes, self.listed.contains(source)),
            Err(why) => Outcome { problems: vec![whole_file(name, &why)], ..Outcome::default() },
        }
    }

    fn text(&self, name: String, bytes: &[u8], is_listed: bool) -> Outcome {
        let options = manifest::Options {
            siblings: self.judge.everywhere().wants_siblings(),
            strict_yaml: self.options.strict_yaml,
            limits: manifest::Limits::default(),
        };
        let contents = manifest::read(bytes, &self.judge.kinds, &options);
        // What is not UTF-8 was refused as a whole: there is nothing to locate in it.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let mut file = FileReport { name, lines: Lines::of(text), outcome: Outcome::default() };
        for found in &contents.objects {
            self.object(found, &contents, is_listed, &mut file);
        }
        file.finish(contents, is_listed.then(|| self.judge.everywhere().as_ref()))
    }

    fn object(&self, found: &Found<'_>, contents: &Contents<'_>, is_listed: bool, file: &mut FileReport<'_>) {
        let workload = &found.object.workload;
        let object = ObjectRef {
            api_version: workload.api_version.clone(),
            kind: workload.kind.clone(),
            namespace: workload.namespace.clone(),
            name: workload.name.clone(),
        };
        let set = match self.judge.policies(workload.namespace.as_deref()) {
            Ok(set) => set,
            Err(why) => return file.refuse(found, &format!("{object} is not judged: {why}")),
        };
        let siblings = siblings(found, contents);
        let subject = Subject { workload, value: &found.object.value, siblings: &siblings };
        let verdict = self.judge.judge(&subject, &set, self.options.today);
        file.outcome.usage += verdict.usage;
        let mut all = verdict.findings;
        all.retain(|stated| !(is_listed && stated.policy == IMAGES));
        if !all.is_empty() {
            file.findings(found, &object, all);
        }
        for PolicyFailure { policy, cause } in verdict.failures {
            file.refuse(found, &format!("the policy `{policy}` gave no verdict on {object}: {cause}"));
        }
    }
}

/// One file on its way to an [`Outcome`].
struct FileReport<'a> {
    name: String,
    lines: Lines<'a>,
    outcome: Outcome,
}

impl FileReport<'_> {
    fn findings(&mut self, found: &Found<'_>, object: &ObjectRef, all: Vec<Stated>) {
        let locator = Locator::of(found.source);
        let mut located: Vec<Finding> = all
            .into_iter()
            .map(|Stated { policy, level, status, finding }| {
                let identity = identity(&finding.pointer, &found.object.value);
                Finding {
                    fingerprint: fingerprint(&finding.rule, Some(object), finding.container.as_deref(), &identity),
                    place: self.place(&locator, found, &finding.pointer),
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
            })
            .collect();
        located.sort_by(|a, b| (a.place.line, a.place.column, &a.rule).cmp(&(b.place.line, b.place.column, &b.rule)));
        self.outcome.findings.append(&mut located);
    }

    fn place(&self, locator: &Locator<'_>, found: &Found<'_>, pointer: &str) -> Place {
        let span = locator.locate(found.item, pointer);
        Place {
            file: self.name.clone(),
            document: found.document,
            item: found.item,
            line: span.position.line,
            column: span.position.column,
            excerpt: self.lines.excerpt(span.position, span.width),
        }
    }

    fn refuse(&mut self, found: &Found<'_>, message: &str) {
        let span = Locator::of(found.source).locate(found.item, "/metadata/name");
        let problem =
            Problem { document: Some(found.document), position: Some(span.position), message: message.to_owned() };
        self.problem(problem);
    }

    fn problem(&mut self, problem: Problem) {
        let excerpt = problem.position.map(|position| self.lines.excerpt(position, 1)).unwrap_or_default();
        self.outcome.problems.push(FileProblem { file: self.name.clone(), problem, excerpt });
    }

    fn finish(mut self, contents: Contents<'_>, kustomized: Option<&PolicySet>) -> Outcome {
        self.outcome.files = 1;
        self.outcome.documents = contents.documents;
        self.outcome.workloads = contents.objects.len();
        self.outcome.skipped = contents.skipped;
        if let Some(set) = kustomized.filter(|_| self.outcome.workloads > 0) {
            self.note_kustomization(set.level(&UNRENDERED_KUSTOMIZATION.name));
        }
        for problem in contents.problems {
            self.problem(problem);
        }
        self.outcome
    }

    fn note_kustomization(&mut self, level: Level) {
        if level == Level::Off {
            return;
        }
        let position = manifest::Position { line: 1, column: 1 };
        let finding = Finding {
            rule: UNRENDERED_KUSTOMIZATION.name.clone().into_owned(),
            policy: host_rules::POLICY.to_owned(),
            level,
            status: Status::Open,
            message: "a kustomization lists this file and may replace its images, so they are not judged here"
                .to_owned(),
            help: Some("render first: kubectl kustomize FOLDER | plimsoll scan -".to_owned()),
            object: None,
            container: None,
            pointer: String::new(),
            fix: Vec::new(),
            fingerprint: fingerprint(&UNRENDERED_KUSTOMIZATION.name, None, None, &self.name),
            place: Place {
                file: self.name.clone(),
                document: 0,
                item: None,
                line: position.line,
                column: position.column,
                excerpt: self.lines.excerpt(position, 1),
            },
        };
        self.outcome.findings.insert(0, finding);
    }
}

impl Outcome {
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

/// Where each line begins: found once per file, because a file can have many findings.
struct Lines<'a> {
    text: &'a str,
    starts: std::cell::OnceCell<Vec<usize>>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Lines { text, starts: std::cell::OnceCell::new() }
    }

    fn excerpt(&self, position: manifest::Position, width: usize) -> Excerpt {
        Excerpt::of(self.line(position.line), position.column, width)
    }

    fn line(&self, number: usize) -> &'a str {
        let starts = self.starts.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|newline| newline + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let Some(&start) = number.checked_sub(1).and_then(|index| starts.get(index)) else { return "" };
        let end = starts.get(number).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_start_matches('\u{feff}')
    }
}

fn siblings(found: &Found<'_>, contents: &Contents<'_>) -> Vec<Sibling> {
    let others = contents.siblings.iter().filter(|s| (s.document, s.item) != (found.document, found.item));
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

fn whole_file(file: String, why: &str) -> FileProblem {
    let problem = Problem { document: None, position: None, message: why.to_owned() };
    FileProblem { file, problem, excerpt: Excerpt::default() }
}
