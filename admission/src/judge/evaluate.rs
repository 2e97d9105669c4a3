//! One workload and a set of policies to findings; pure: no IO, no clock, and what fails is part of the answer.

use crate::{
    engine::{Failure, Question, SetQuestion},
    finding::{Finding, ObjectRef},
    judge::policy_set::PolicySet,
};
use plimsoll_policy::{Level, Pointer, Run, Set, Workload};
use serde_json::Value;
use std::sync::Arc;

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The view that policies see, defaults applied.
    pub workload: &'a Workload,
    /// The whole object, defaults applied.
    pub value: &'a Value,
    /// JSON pointers of fields that are written and could not be read: what is found in them is not said.
    pub unknown: &'a [Pointer],
}

/// What the policies say of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// In the order of modules, policies, and what each policy found; all open.
    pub findings: Vec<Finding>,
    /// Policies that gave no verdict.
    pub failures: Vec<PolicyFailure>,
}

/// A policy that gave no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFailure {
    /// Id of the policy.
    pub policy: String,
    /// What kept it.
    pub cause: Failure,
}

/// Judges one object by all policies of a set. A Helm test is part of no release, so what is found in it are notes.
pub fn evaluate(subject: &Subject<'_>, set: &PolicySet) -> Evaluation {
    let mut evaluation = Evaluation::default();
    let object = Arc::new(ObjectRef::from(subject.workload));
    let raw = set.groups().iter().any(|group| group.wants_raw).then(|| subject.value.to_string());
    for group in set.groups() {
        let ask = |runs: &[Run]| {
            let raw = raw.as_deref().filter(|_| group.wants_raw);
            let found = group.module.check(&Question { workload: subject.workload, raw, runs })?;
            let stated = found.into_iter().filter_map(|(run, found)| {
                let level = set.rule(&found.rule)?.of(found.escalated);
                let stated = || Finding::of_object(&runs[run].policy, level, found, &object, subject.value);
                (level != Level::Off).then(stated)
            });
            Ok(stated.collect())
        };
        ask_group(&group.runs, ask, &mut evaluation.findings, &mut evaluation.failures);
    }
    if subject.workload.is_helm_test() {
        evaluation.cap(Level::Note);
    }
    evaluation.findings.retain(|finding| !is_unknown(&finding.location.pointer, subject.unknown));
    evaluation
}

/// Most objects of a set that is judged.
pub const SET_OBJECTS: usize = 10_000;

/// What the policies say of a set of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetEvaluation {
    /// In the order of modules, policies, and what each policy found; all open.
    pub findings: Vec<SetFinding>,
    /// Policies that gave no verdict.
    pub failures: Vec<PolicyFailure>,
}

/// A finding about an object of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFinding {
    /// Index of the object.
    pub object: usize,
    /// Index of the object of each related place.
    pub related: Vec<usize>,
    /// The finding.
    pub finding: Finding,
}

/// Judges all objects of one namespace of one input together, by the policies that have rules about a set. `values` are
/// the objects, as the set has them.
pub fn evaluate_set(objects: &Set, values: &[(Arc<ObjectRef>, &Value)], set: &PolicySet) -> SetEvaluation {
    let mut evaluation = SetEvaluation::default();
    for group in set.groups() {
        let ask = |runs: &[Run]| {
            let found = group.module.check_set(&SetQuestion { set: objects, runs })?;
            let stated = found.into_iter().filter_map(|(run, found)| {
                let level = set.rule(&found.rule)?.of(found.escalated);
                let (object, value) = values.get(found.object as usize)?;
                let index = found.object as usize;
                let related = found.related.iter().map(|related| related.object.map_or(index, |other| other as usize));
                let related = related.collect();
                let finding = || Finding::of_object(&runs[run].policy, level, found, object, value);
                (level != Level::Off).then(|| SetFinding { object: index, related, finding: finding() })
            });
            Ok(stated.collect())
        };
        ask_group(&group.set_runs, ask, &mut evaluation.findings, &mut evaluation.failures);
    }
    evaluation
}

/// Whether a field is one of those that could not be read, or in one.
pub(super) fn is_unknown(pointer: &str, unknown: &[Pointer]) -> bool {
    let is_in = |field: &Pointer| {
        pointer.strip_prefix(field.as_str()).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    };
    unknown.iter().any(is_in)
}

/// All policies of a module at once. If that fails, one by one, so that the fault is pinned on one and the others still
/// count.
fn ask_group<T>(
    runs: &[Run],
    ask: impl Fn(&[Run]) -> Result<Vec<T>, Failure>,
    findings: &mut Vec<T>,
    failures: &mut Vec<PolicyFailure>,
) {
    let mut fail = |run: &Run, cause| failures.push(PolicyFailure { policy: run.policy.clone(), cause });
    if runs.is_empty() {
        return;
    }
    match (ask(runs), runs) {
        (Ok(found), _) => findings.extend(found),
        (Err(cause), [only]) => fail(only, cause),
        (Err(_), runs) => {
            for run in runs {
                match ask(std::slice::from_ref(run)) {
                    Ok(found) => findings.extend(found),
                    Err(cause) => fail(run, cause),
                }
            }
        }
    }
}

impl Evaluation {
    /// Nothing is graver than `most`.
    fn cap(&mut self, most: Level) {
        for finding in &mut self.findings {
            finding.level = finding.level.min(most);
        }
    }
}
