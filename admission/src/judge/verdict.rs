//! What there is to say about one object: findings with their levels, and who is let off.
//!
//! One piece of code for every front end, so that a scan, the webhook and an audit say the same of the same object.

use crate::{
    finding::{Finding, ObjectRef, Status},
    judge::Judge,
    judge::Times,
    judge::api_rules,
    judge::evaluate::{Evaluation, PolicyFailure, SetEvaluation, SetFinding, Subject, evaluate_all, evaluate_set},
    judge::exceptions::{Applied, Occasion, Usage},
    judge::host_rules,
    judge::policy_set::PolicySet,
    manifest::{FilledIn, LeftOut, Object},
};
use jiff::civil::Date;
use plimsoll_policy::{Edit, Level, Pointer, Set};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// What there is to say about one object.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Of the policies in their order, then of the host.
    pub findings: Vec<Finding>,
    /// Policies that gave no verdict.
    pub failures: Vec<PolicyFailure>,
    /// Which of the configured exceptions were used.
    pub usage: Usage,
}

impl Judge {
    /// Judges each pod template of an object. What holds for all of it is said once, what the operator of its kind
    /// filled in is not said at all, and fields have the names that the object has.
    pub fn judge_object(&self, object: &Object, set: &PolicySet, occasion: &Occasion<'_>) -> Verdict {
        self.judge_object_in(object, set, occasion, &mut Times::object())
    }

    /// The same in the time that there is.
    pub fn judge_object_in(
        &self,
        object: &Object,
        set: &PolicySet,
        occasion: &Occasion<'_>,
        times: &mut Times,
    ) -> Verdict {
        let mut all = Verdict { findings: left_out(object, set), ..Verdict::default() };
        let mut said = BTreeSet::new();
        let subject = |workload| Subject { workload, value: &object.value };
        let subjects: Vec<Subject<'_>> = object.workloads().map(subject).collect();
        for (subject, mut evaluation) in subjects.iter().zip(evaluate_all(&subjects, set, times)) {
            evaluation.findings.extend(api_rules::find(object, set));
            let Verdict { findings, failures, usage } = self.verdict(subject, evaluation, set, occasion);
            all.usage += usage;
            for mut finding in findings {
                let Finding { rule, message, container, location, .. } = &finding;
                let is_new = said.insert((rule.clone(), container.clone(), location.pointer.clone(), message.clone()));
                if is_new && !object.filled_in.has(&location.pointer) {
                    in_own_words(&mut finding, &object.filled_in);
                    all.findings.push(finding);
                }
            }
            let known: BTreeSet<String> = all.failures.iter().map(|failure| failure.policy.clone()).collect();
            all.failures.extend(failures.into_iter().filter(|failure| !known.contains(&failure.policy)));
        }
        all
    }

    /// What exceptions leave of an evaluation.
    fn verdict(
        &self,
        subject: &Subject<'_>,
        evaluation: Evaluation,
        set: &PolicySet,
        occasion: &Occasion<'_>,
    ) -> Verdict {
        let (workload, Evaluation { mut findings, failures }) = (subject.workload, evaluation);
        let found = findings.iter().map(|finding| (finding.rule.as_str(), finding.container.as_deref()));
        let Applied { statuses, findings: about_exceptions, usage } = self.exceptions.apply(workload, found, occasion);
        for (finding, status) in findings.iter_mut().zip(statuses) {
            finding.status = status;
        }
        if !about_exceptions.is_empty() {
            let name = Arc::new(ObjectRef::from(workload));
            let by_host = about_exceptions.into_iter().map(|found| (set.level(&found.rule), found));
            let by_host = by_host.filter(|(level, _)| *level != Level::Off);
            findings.extend(
                by_host
                    .map(|(level, found)| Finding::of_object(host_rules::POLICY, level, found, &name, subject.value)),
            );
        }
        Verdict { findings, failures, usage }
    }
}

impl Judge {
    /// Judges all objects of one namespace of one input together. `values` are the objects, as the set has them;
    /// `occasion` is asked for each by its index.
    pub fn judge_set<'o>(
        &self,
        objects: &Set,
        values: &[(Arc<ObjectRef>, &Value)],
        set: &PolicySet,
        occasion: impl Fn(usize) -> Occasion<'o>,
    ) -> (SetEvaluation, Usage) {
        let mut evaluation = evaluate_set(objects, values, set);
        let mut usage = Usage::default();
        for SetFinding { object, finding, .. } in &mut evaluation.findings {
            let (rule, occasion) = (finding.rule.as_str(), occasion(*object));
            let workload = objects.objects.get(*object).and_then(|member| member.workload.as_ref());
            let applied = match (workload, &finding.object) {
                (Some(workload), _) => {
                    self.exceptions.apply(workload, [(rule, finding.container.as_deref())], &occasion)
                }
                (None, Some(object)) => self.exceptions.apply_to_other(object, rule, &occasion),
                (None, None) => continue,
            };
            usage += applied.usage;
            finding.status = applied.statuses.into_iter().next().unwrap_or(Status::Open);
        }
        (evaluation, usage)
    }
}

impl Judge {
    /// What there is to say of the exceptions of the configuration, once everything was judged.
    pub fn about_exceptions(&self, usage: &Usage, today: Date) -> Vec<Finding> {
        let findings = self.exceptions.expired(today).into_iter().chain(self.exceptions.unused(usage, today));
        findings
            .map(|finding| (self.everywhere().level(&finding.rule), finding))
            .filter(|(level, _)| *level != Level::Off)
            .map(|(level, finding)| self.config.finding(finding, level))
            .collect()
    }
}

/// What policies were not given.
fn left_out(object: &Object, set: &PolicySet) -> Vec<Finding> {
    let level = set.level(&host_rules::TOO_LARGE.name);
    if level == Level::Off || object.left_out.is_empty() {
        return Vec::new();
    }
    let name = Arc::new(ObjectRef::from(&object.workload));
    let finding = |LeftOut { pointer, message }: &LeftOut| {
        let found = plimsoll_policy::Finding::new(&host_rules::TOO_LARGE, pointer, message).help(host_rules::SMALLER);
        Finding::of_object(host_rules::POLICY, level, found, &name, &object.value)
    };
    object.left_out.iter().map(finding).collect()
}

fn in_own_words(finding: &mut Finding, filled_in: &FilledIn) {
    filled_in.in_own_words(&mut finding.message);
    pointer_in_own_words(&mut finding.location.pointer, filled_in);
    finding.help.iter_mut().for_each(|help| filled_in.in_own_words(help));
    for edit in finding.fix.iter_mut().flat_map(|fix| &mut fix.edits) {
        let (Edit::Add { pointer, .. } | Edit::Replace { pointer, .. } | Edit::Remove { pointer }) = edit;
        pointer_in_own_words(pointer, filled_in);
    }
}

fn pointer_in_own_words(pointer: &mut Pointer, filled_in: &FilledIn) {
    let mut text = pointer.to_string();
    filled_in.in_own_words(&mut text);
    *pointer = text.into();
}
