//! One workload and a set of policies to findings; pure: no IO, no clock, and what fails is part of the answer.

use crate::{
    engine::{Failure, Question, SetQuestion, Time, limits},
    finding::{Finding, ObjectRef},
    judge::Times,
    judge::host_rules,
    judge::policy_set::{Group, PolicySet},
};
use plimsoll_policy::{Level, Pointer, Run, Set, Workload};
use serde_json::Value;
use std::{borrow::Cow, sync::Arc};

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The view that policies see, defaults applied.
    pub workload: &'a Workload,
    /// The whole object, defaults applied.
    pub value: &'a Value,
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

/// Judges one object by all policies of a set.
pub fn evaluate(subject: &Subject<'_>, set: &PolicySet) -> Evaluation {
    evaluate_all(std::slice::from_ref(subject), set, &mut Times::object()).remove(0)
}

/// Judges the pod templates of an object by all policies of a set, module by module, in the time that there is; one
/// evaluation for each. A Helm test is part of no release, so what is found in it are notes.
pub fn evaluate_all(subjects: &[Subject<'_>], set: &PolicySet, times: &mut Times) -> Vec<Evaluation> {
    let mut all: Vec<Evaluation> = subjects.iter().map(|_| Evaluation::default()).collect();
    let groups = set.groups();
    let wants_raw = groups.iter().any(|group| !group.wants_raw.is_empty());
    let raw = subjects.first().filter(|_| wants_raw).map(|subject| subject.value.to_string());
    for (index, group) in groups.iter().enumerate() {
        times.of_module(index, groups.len(), |time| {
            for (subject, evaluation) in subjects.iter().zip(&mut all) {
                ask_about(&Asked { subject, group, raw: raw.as_deref(), set }, time, evaluation);
            }
        });
    }
    for (subject, evaluation) in subjects.iter().zip(&mut all) {
        if subject.workload.is_helm_test() {
            evaluation.cap(Level::Note);
        }
        // A field that could not be read has a default in the view: what is found in it is not said.
        let is_unread = |pointer: &Pointer| subject.workload.unreadable.iter().any(|field| pointer.is_within(field));
        evaluation.findings.retain(|finding| !is_unread(&finding.location.pointer));
    }
    all
}

/// One object, and the module to ask.
struct Asked<'a> {
    subject: &'a Subject<'a>,
    group: &'a Group,
    /// The whole object as JSON, if any policy wants it.
    raw: Option<&'a str>,
    set: &'a PolicySet,
}

fn ask_about(asked: &Asked<'_>, time: &mut Time, evaluation: &mut Evaluation) {
    let Asked { subject, group, raw, set } = *asked;
    let object = Arc::new(ObjectRef::from(subject.workload));
    let Evaluation { findings, failures } = evaluation;
    let (raw, runs) = match raw.filter(|_| !group.wants_raw.is_empty()) {
        Some(raw) if raw.len() > limits::RAW => {
            let (wanting, others): (Vec<Run>, Vec<Run>) =
                group.runs.iter().cloned().partition(|run| group.wants_raw.contains(&run.policy));
            let told = wanting.iter().map(|run| too_large(run, raw.len(), set, &object, subject.value));
            findings.extend(told.filter(|finding| finding.level != Level::Off));
            (None, Cow::Owned(others))
        }
        raw => (raw, Cow::Borrowed(group.runs.as_slice())),
    };
    let ask = |runs: &[Run], time: &mut Time| {
        let found = group.module.check(&Question { workload: subject.workload, raw, runs }, time)?;
        let stated = found.into_iter().filter_map(|(run, found)| {
            let level = set.rule(&found.rule)?.of(found.escalated);
            let stated = || Finding::of_object(&runs[run].policy, level, found, &object, subject.value);
            (level != Level::Off).then(stated)
        });
        Ok(stated.collect())
    };
    ask_group(&runs, time, ask, findings, failures);
}

fn too_large(run: &Run, bytes: usize, set: &PolicySet, object: &Arc<ObjectRef>, value: &Value) -> Finding {
    let message = format!(
        "policy {} did not judge this: it wants the whole object, which has {} KiB as JSON, and can be given {} KiB",
        run.policy,
        bytes >> 10,
        limits::RAW >> 10
    );
    let found = plimsoll_policy::Finding::new(&host_rules::TOO_LARGE, Pointer::ROOT, message).help(host_rules::SMALLER);
    Finding::of_object(host_rules::POLICY, set.level(&found.rule), found, object, value)
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
    let mut times = Times::set();
    for (index, group) in set.groups().iter().enumerate() {
        let ask = |runs: &[Run], time: &mut Time| {
            let found = group.module.check_set(&SetQuestion { set: objects, runs }, time)?;
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
        times.of_module(index, set.groups().len(), |time| {
            ask_group(&group.set_runs, time, ask, &mut evaluation.findings, &mut evaluation.failures);
        });
    }
    evaluation
}

/// All policies of a module at once. If that fails, one by one, each in its share of the time that is left, so that the
/// fault is pinned on one and the others still count.
fn ask_group<T>(
    runs: &[Run],
    time: &mut Time,
    ask: impl Fn(&[Run], &mut Time) -> Result<Vec<T>, Failure>,
    findings: &mut Vec<T>,
    failures: &mut Vec<PolicyFailure>,
) {
    let mut fail = |run: &Run, cause| failures.push(PolicyFailure { policy: run.policy.clone(), cause });
    if runs.is_empty() {
        return;
    }
    // Half of a short time is kept for asking one by one.
    let mut first = if runs.len() > 1 { time.part(time.left() / 2) } else { time.part(time.left()) };
    let asked = ask(runs, &mut first);
    time.give_back(first);
    match (asked, runs) {
        (Ok(found), _) => findings.extend(found),
        (Err(cause), [only]) => fail(only, cause),
        (Err(_), runs) => {
            for (index, run) in runs.iter().enumerate() {
                let waiting = u32::try_from(runs.len() - index).unwrap_or(u32::MAX);
                let mut share = time.part(time.left() / waiting);
                let asked = ask(std::slice::from_ref(run), &mut share);
                time.give_back(share);
                match asked {
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
