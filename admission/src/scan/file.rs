//! One text to findings with their places: document by document, and the objects of each namespace together.

use super::{
    Outcome, Phase, ScanOptions, Scanner,
    comments::Comments,
    kustomization::Leading,
    sets::{Gathered, Origin, gather},
};
use crate::{
    finding::{Finding, Judged, LocatedProblem, Location, ObjectRef, Place, Region},
    judge::{
        evaluate::{PolicyFailure, SET_OBJECTS, SetFinding},
        exceptions::Occasion,
        host_rules::{self, UNRENDERED_KUSTOMIZATION},
    },
    manifest::{self, Contents, Document, Found, Lines, Position, Problem, Span},
};
use plimsoll_policy::{Level, Pointer, about};
use rayon::prelude::*;
use std::sync::Arc;

/// Where a problem with an object as a whole is shown.
const NAME: &str = "/metadata/name";

/// One file, or standard input, as text.
pub(super) struct File<'a, 't> {
    pub(super) scanner: &'a Scanner<'a>,
    pub(super) options: manifest::Options,
    pub(super) path: Arc<str>,
    /// The path from the folder of the configuration.
    pub(super) from_configuration: String,
    pub(super) lines: Lines<'t>,
    pub(super) leading: Leading<'a>,
}

impl<'t> File<'_, 't> {
    /// Document by document, on as many threads as this runs on.
    pub(super) fn outcome(&self) -> Outcome {
        let mut outcome = Outcome { files: 1, ..Outcome::default() };
        let (documents, too_many) = self.documents();
        let Scanner { judge, options: ScanOptions { watch, .. }, .. } = self.scanner;
        let read = |document: &Document<'t>| {
            watch.time(Phase::Parse, || manifest::read_document(document, &self.lines, &judge.kinds, &self.options))
        };
        if self.options.members {
            let all = each(&documents, read);
            each(&all, |contents| self.judge(contents)).into_iter().for_each(|of_one| outcome.append(of_one));
            gather(&all).iter().for_each(|gathered| self.set(gathered, &mut outcome));
        } else {
            let of_documents = each(&documents, |document| self.judge(&read(document)));
            of_documents.into_iter().for_each(|of_one| outcome.append(of_one));
        }
        outcome.problems.extend(too_many.map(|problem| self.problem(problem)));
        self.hear_comments(&documents, &mut outcome.findings);
        let note = self.note_kustomization(&outcome.left);
        outcome.findings.splice(0..0, note);
        outcome
    }

    /// Excepts what comments in the text cover, and says which of them cover nothing.
    fn hear_comments(&self, documents: &[Document<'_>], findings: &mut Vec<Finding>) {
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

    fn occasion(&self) -> Occasion<'_> {
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
        self.scanner.options.watch.document_done();
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
        outcome.usage += verdict.usage;
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

    /// Judges the objects of one namespace together.
    fn set(&self, gathered: &Gathered<'_, '_>, outcome: &mut Outcome) {
        let Scanner { judge, options, .. } = self.scanner;
        let Gathered { set, origins } = gathered;
        // That the levels of a namespace contradict each other is told with its objects.
        let Ok(policies) = judge.policies(set.namespace.as_deref()) else { return };
        let refuse = |message| LocatedProblem { location: self.origin(&origins[0], NAME.into()), message };
        if origins.len() > SET_OBJECTS {
            let message = format!("rules about a set: {} objects, and at most {SET_OBJECTS} are judged", origins.len());
            return outcome.problems.push(refuse(message));
        }
        let values: Vec<_> = origins.iter().map(|origin| (Arc::new(origin.object()), origin.value())).collect();
        let judged = || judge.judge_set(set, &values, &policies, &self.occasion());
        let (evaluation, usage) = options.watch.time(Phase::Sets, judged);
        outcome.usage += usage;
        outcome.findings.extend(evaluation.findings.into_iter().map(|found| self.located_in(origins, found)));
        outcome.findings.sort_by(|a, b| Finding::order(a).cmp(&Finding::order(b)));
        for PolicyFailure { policy, cause } in evaluation.failures {
            outcome.problems.push(refuse(format!("the policy `{policy}` gave no verdict on the set: {cause}")));
        }
    }

    fn located_in(
        &self,
        origins: &[Origin<'_, '_>],
        SetFinding { object, related, mut finding }: SetFinding,
    ) -> Finding {
        for (place, index) in finding.related.iter_mut().zip(related) {
            place.location = self.origin(&origins[index], std::mem::take(&mut place.location.pointer));
        }
        finding.location = self.origin(&origins[object], std::mem::take(&mut finding.location.pointer));
        finding
    }

    fn origin(&self, origin: &Origin<'_, '_>, pointer: Pointer) -> Location {
        let (document, item) = origin.place();
        let region = Some(self.region(origin.locate(&pointer)));
        Location { place: self.place(Some(document), item), pointer, region }
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
    fn location(&self, found: &Found<'_>, pointer: Pointer) -> Location {
        let region = Some(self.region(found.locate(&pointer)));
        Location { place: self.place(Some(found.document), found.item), pointer, region }
    }

    fn region(&self, span: Span) -> Region {
        Region::with_lines_around(&self.lines, span, self.scanner.options.needs.lines_around)
    }

    fn place(&self, document: Option<usize>, item: Option<usize>) -> Place {
        Place::File { path: Arc::clone(&self.path), document, item }
    }

    fn refusal(&self, found: &Found<'_>, message: String) -> LocatedProblem {
        LocatedProblem { location: self.location(found, NAME.into()), message }
    }

    pub(super) fn problem(&self, Problem { document, position, message }: Problem) -> LocatedProblem {
        let region = position.map(|position| Region::at(&self.lines, position));
        let location = Location { place: self.place(document, None), pointer: Pointer::ROOT, region };
        LocatedProblem { location, message }
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
        let found = plimsoll_policy::Finding::new(&UNRENDERED_KUSTOMIZATION, "", message)
            .help("render first: kubectl kustomize FOLDER | plimsoll scan -");
        let place = (self.place(Some(0), None), Region::at(&self.lines, Position { line: 1, column: 1 }));
        (level != Level::Off).then(|| Finding::of_text(host_rules::POLICY, level, found, place, &self.path))
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
    fn has(&self, finding: &Finding) -> bool {
        match &finding.container {
            Some(_) => {
                self.containers.iter().any(|container| finding.location.pointer.starts_with(&format!("{container}/")))
            }
            None => !self.containers.is_empty(),
        }
    }
}
