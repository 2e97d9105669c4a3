//! One workload and a set of policies to findings; pure: no IO, no clock, and what fails is part of the answer.

use crate::{
    engine::{Failure, Question, SetQuestion},
    judge::policy_set::PolicySet,
};
use plimsoll_policy::{Finding, Level, Pointer, Run, Set, Workload};
use serde_json::Value;

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
    /// In the order of modules, policies, and what each policy found.
    pub findings: Vec<Judged>,
    /// Policies that gave no verdict.
    pub failures: Vec<PolicyFailure>,
}

/// A finding with the level that the set gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Id of the policy.
    pub policy: String,
    /// Never [`Level::Off`].
    pub level: Level,
    /// What was found; its rule is one of the policy's.
    pub finding: Finding,
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
    let raw = set.groups().iter().any(|group| group.wants_raw).then(|| subject.value.to_string());
    for group in set.groups() {
        let ask = |runs: &[Run]| {
            let raw = raw.as_deref().filter(|_| group.wants_raw);
            group.module.check(&Question { workload: subject.workload, raw, runs })
        };
        evaluation.ask_group(&group.runs, ask, set);
    }
    if subject.workload.is_helm_test() {
        evaluation.cap(Level::Note);
    }
    evaluation.findings.retain(|judged| !is_unknown(&judged.finding.pointer, subject.unknown));
    evaluation
}

/// Judges all objects of one namespace of one input together, by the policies that have rules about a set.
pub fn evaluate_set(objects: &Set, set: &PolicySet) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for group in set.groups() {
        let ask = |runs: &[Run]| group.module.check_set(&SetQuestion { set: objects, runs });
        evaluation.ask_group(&group.set_runs, ask, set);
    }
    evaluation
}

/// Whether a field is one of those that could not be read, or in one.
fn is_unknown(pointer: &str, unknown: &[Pointer]) -> bool {
    let is_in = |field: &Pointer| {
        pointer.strip_prefix(field.as_str()).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    };
    unknown.iter().any(is_in)
}

type Answer = Result<Vec<(usize, Finding)>, Failure>;

impl Evaluation {
    /// All policies of a module at once. If that fails, one by one, so that the fault is pinned on one and the others
    /// still count.
    fn ask_group(&mut self, runs: &[Run], ask: impl Fn(&[Run]) -> Answer, set: &PolicySet) {
        if runs.is_empty() {
            return;
        }
        match (ask(runs), runs) {
            (Ok(found), runs) => self.add(runs, found, set),
            (Err(cause), [only]) => self.fail(only, cause),
            (Err(_), runs) => {
                for run in runs.chunks(1) {
                    match ask(run) {
                        Ok(found) => self.add(run, found, set),
                        Err(cause) => self.fail(&run[0], cause),
                    }
                }
            }
        }
    }

    fn add(&mut self, runs: &[Run], found: Vec<(usize, Finding)>, set: &PolicySet) {
        for (run, finding) in found {
            let level = set.rule(&finding.rule).map_or(Level::Off, |levels| levels.of(finding.escalated));
            if level != Level::Off {
                self.findings.push(Judged { policy: runs[run].policy.clone(), level, finding });
            }
        }
    }

    /// Nothing is graver than `most`.
    fn cap(&mut self, most: Level) {
        for judged in &mut self.findings {
            judged.level = judged.level.min(most);
        }
    }

    fn fail(&mut self, run: &Run, cause: Failure) {
        self.failures.push(PolicyFailure { policy: run.policy.clone(), cause });
    }
}
