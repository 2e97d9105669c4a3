//! One workload and a set of policies to findings; pure: no IO, no clock, and what fails is part of the answer.

use crate::{
    engine::{Failure, Question},
    finding::{Finding, ObjectRef},
    judge::policy_set::{Group, PolicySet},
};
use plimsoll_policy::{Level, Run, Sibling, Workload};
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
    pub unknown: &'a [String],
    /// The other documents of the same input.
    pub siblings: &'a [Sibling],
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
            let siblings = if group.wants_siblings { subject.siblings } else { &[] };
            let found = group.module.check(&Question { workload: subject.workload, raw, siblings, runs })?;
            let stated = found.into_iter().filter_map(|(run, found)| {
                let level = set.rule(&found.rule)?.of(found.second);
                let stated = || Finding::of_object(&runs[run].policy, level, found, &object, subject.value);
                (level != Level::Off).then(stated)
            });
            Ok(stated.collect())
        };
        evaluation.ask_group(group, ask);
    }
    if subject.workload.is_helm_test() {
        evaluation.cap(Level::Note);
    }
    evaluation.findings.retain(|finding| !is_unknown(&finding.location.pointer, subject.unknown));
    evaluation
}

/// Whether a field is one of those that could not be read, or in one.
fn is_unknown(pointer: &str, unknown: &[String]) -> bool {
    let is_in = |field: &String| {
        pointer.strip_prefix(field.as_str()).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    };
    unknown.iter().any(is_in)
}

impl Evaluation {
    /// All policies of a module at once. If that fails, one by one, so that the fault is pinned on one and the others
    /// still count.
    fn ask_group(&mut self, group: &Group, ask: impl Fn(&[Run]) -> Result<Vec<Finding>, Failure>) {
        if group.runs.is_empty() {
            return;
        }
        match (ask(&group.runs), group.runs.as_slice()) {
            (Ok(found), _) => self.findings.extend(found),
            (Err(cause), [only]) => self.fail(only, cause),
            (Err(_), runs) => {
                for run in runs {
                    match ask(std::slice::from_ref(run)) {
                        Ok(found) => self.findings.extend(found),
                        Err(cause) => self.fail(run, cause),
                    }
                }
            }
        }
    }

    /// Nothing is graver than `most`.
    fn cap(&mut self, most: Level) {
        for finding in &mut self.findings {
            finding.level = finding.level.min(most);
        }
    }

    fn fail(&mut self, run: &Run, cause: Failure) {
        self.failures.push(PolicyFailure { policy: run.policy.clone(), cause });
    }
}
