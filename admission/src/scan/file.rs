//! One text to findings with their places, document by document.

use super::{
    ScanOptions, Scanner,
    comments::Comments,
    kustomization::Leading,
    outcome::{Outcome, Sums},
};
use crate::{
    finding::{Finding, Judged, LocatedProblem, Location, ObjectRef, Place, Region, Template},
    judge::{
        evaluate::PolicyFailure,
        exceptions::Occasion,
        host_rules::{self, UNRENDERED_IMAGE},
    },
    manifest::{self, Contents, Document, Found, Lines, Position, Problem, Span},
    watch::Phase,
};
use plimsoll_policy::{Level, Pointer, about};
use rayon::prelude::*;
use std::sync::Arc;

/// Where a problem with an object as a whole is shown.
pub(super) const NAME: &str = "/metadata/name";

/// One file, or standard input, as text.
pub(super) struct File<'a, 't> {
    pub(super) scanner: &'a Scanner<'a>,
    pub(super) options: manifest::Options,
    pub(super) path: Arc<str>,
    /// The path from the folder of the configuration.
    pub(super) from_configuration: String,
    pub(super) lines: Lines<'t>,
    pub(super) leading: Leading<'a>,
    /// Whether a kustomization beside it takes objects from elsewhere too.
    pub(super) is_part: bool,
}

/// What came of a text document by document, and what it holds if rules about a set are to see it.
#[derive(Default)]
pub(super) struct Text<'a, 't> {
    /// None where it could not be read.
    pub(super) file: Option<File<'a, 't>>,
    pub(super) documents: Vec<Document<'t>>,
    pub(super) contents: Vec<Contents<'t>>,
    pub(super) outcome: Outcome,
}

impl Text<'_, '_> {
    pub(super) fn unread(problem: LocatedProblem) -> Self {
        Text { outcome: Outcome { problems: vec![problem], ..Outcome::default() }, ..Text::default() }
    }
}

impl<'a, 't> File<'a, 't> {
    /// Document by document, on as many threads as this runs on.
    pub(super) fn read(self) -> Text<'a, 't> {
        let mut outcome = Outcome { sums: Sums { files: 1, ..Sums::default() }, ..Outcome::default() };
        let (documents, too_many) = self.documents();
        let Scanner { judge, options: ScanOptions { watch, .. }, .. } = self.scanner;
        let read = |document: &Document<'t>| {
            watch.time(Phase::Parse, || manifest::read_document(document, &self.lines, &judge.kinds, &self.options))
        };
        let all = each(&documents, |document| {
            let contents = read(document);
            let outcome = self.judge(&contents);
            (self.options.members.then_some(contents), outcome)
        });
        let mut contents = Vec::new();
        for (of_document, outcome_of_document) in all {
            outcome.append(outcome_of_document);
            contents.extend(of_document);
        }
        outcome.problems.extend(too_many.map(|problem| self.problem(problem)));
        let note = self.note_unrendered(&outcome.left);
        outcome.findings.splice(0..0, note);
        Text { file: Some(self), documents, contents, outcome }
    }

    /// Excepts what comments in the text cover, and says which of them cover nothing.
    pub(super) fn hear_comments(&self, documents: &[Document<'_>], findings: &mut Vec<Finding>) {
        let Scanner { judge, options, .. } = self.scanner;
        let mut comments = Comments::of(&self.lines, documents, &judge.exceptions, options.today);
        comments.apply(findings);
        for (found, span) in comments.into_findings() {
            let level = judge.everywhere().level(&found.rule);
            if level != Level::Off {
                let document = documents.iter().rposition(|document| document.span().start <= span.start);
                let place = (self.place(document, None), self.region(span));
                let text = self.lines.text()[span.start..span.end].to_owned();
                findings.push(Finding::of_text(host_rules::POLICY, level, found, place, &text));
            }
        }
    }

    pub(super) fn occasion(&self) -> Occasion<'_> {
        Occasion { today: self.scanner.options.today, file: Some(&self.from_configuration) }
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
        let mut outcome = Outcome::default();
        outcome.sums.documents = contents.documents;
        outcome.sums.workloads = contents.objects.len();
        for skip in &contents.skipped {
            *outcome.sums.skipped.entry(skip.clone()).or_default() += 1;
        }
        for found in &contents.objects {
            self.object(found, &mut outcome);
        }
        outcome.problems.extend(contents.problems.iter().cloned().map(|problem| self.problem(problem)));
        self.scanner.options.watch.documents_done(1);
        outcome
    }

    fn object(&self, found: &Found<'_>, outcome: &mut Outcome) {
        let Scanner { judge, options, .. } = self.scanner;
        let workload = &found.object.workload;
        let set = match judge.policies(workload.namespace.as_deref()) {
            Ok(set) => set,
            Err(why) => {
                let message = format!("{} is not judged: {why}", ObjectRef::from(workload));
                return outcome.problems.push(self.refusal(found, message));
            }
        };
        if options.needs.workloads {
            let place = self.place(Some(found.document), found.item);
            outcome.judged.push(Judged { object: ObjectRef::from(workload), place });
        }
        let judged = || judge.judge_object(&found.object, &set, &self.occasion());
        let verdict = options.watch.time(Phase::Judge, judged);
        outcome.sums.usage += verdict.usage;
        let left = Left::of(&found.object, &self.leading);
        let is_about_images = |rule: &str| set.rule(rule).is_some_and(|levels| levels.rule.about == about::IMAGE);
        let is_left = |finding: &Finding| is_about_images(&finding.rule) && left.has(finding);
        let all = verdict.findings.into_iter().filter(|finding| !is_left(finding));
        let all = all.collect();
        outcome.findings.append(&mut options.watch.time(Phase::Locate, || self.located(found, all)));
        outcome.left.extend(left.images);
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
            finding.template = found.template.map(Template::said);
        }
        findings.sort_by(|a, b| (a.location.position(), &a.rule).cmp(&(b.location.position(), &b.rule)));
        findings
    }

    /// Where the text has a field of an object.
    fn location(&self, found: &Found<'_>, pointer: Pointer) -> Location {
        let region = Some(self.region(found.locate(&pointer)));
        Location { place: self.place(Some(found.document), found.item), pointer, region }
    }

    pub(super) fn region(&self, span: Span) -> Region {
        Region::with_lines_around(&self.lines, span, self.scanner.options.needs.lines_around)
    }

    pub(super) fn place(&self, document: Option<usize>, item: Option<usize>) -> Place {
        Place::File { path: Arc::clone(&self.path), document, item }
    }

    fn refusal(&self, found: &Found<'_>, message: String) -> LocatedProblem {
        LocatedProblem { location: self.location(found, NAME.into()), message }
    }

    fn problem(&self, problem: Problem) -> LocatedProblem {
        located(&self.path, &self.lines, problem)
    }

    fn note_unrendered(&self, left: &[(String, String)]) -> Option<Finding> {
        let level = self.scanner.judge.everywhere().level(&UNRENDERED_IMAGE.name);
        let ((image, change), others) = left.split_first()?;
        let others = match others.len() {
            0 => String::new(),
            more => format!(", and of {more} more"),
        };
        let message = format!(
            "{change} may change the image `{image}`, so the rules about images say nothing of it here{others}"
        );
        let found = plimsoll_policy::Finding::new(&UNRENDERED_IMAGE, "", message)
            .help("render first: `plimsoll scan --kustomize FOLDER`, or `skaffold render | plimsoll scan -`");
        let place = (self.place(Some(0), None), Region::at(&self.lines, Position { line: 1, column: 1 }));
        (level != Level::Off).then(|| Finding::of_text(host_rules::POLICY, level, found, place, &self.path))
    }
}

/// Where a file has a problem.
pub(super) fn located(path: &Arc<str>, lines: &Lines<'_>, problem: Problem) -> LocatedProblem {
    let Problem { document, position, message } = problem;
    let region = position.map(|position| Region::at(lines, position));
    let place = Place::File { path: Arc::clone(path), document, item: None };
    LocatedProblem { location: Location { place, pointer: Pointer::ROOT, region }, message }
}

/// Shared out among the threads of the pool that this runs in; the order stays.
pub(super) fn each<T: Sync, R: Send>(all: &[T], of_one: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
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
    fn has(&self, finding: &Finding) -> bool {
        match &finding.container {
            Some(_) => {
                self.containers.iter().any(|container| finding.location.pointer.starts_with(&format!("{container}/")))
            }
            None => !self.containers.is_empty(),
        }
    }
}
