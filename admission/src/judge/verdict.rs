//! What there is to say about one object: findings with their levels, and who is let off.
//!
//! One piece of code for every front end, so that a scan, the webhook and an audit say the same of the same object.

use crate::{
    finding::Status,
    judge::Judge,
    judge::evaluate::{PolicyFailure, Subject, evaluate},
    judge::exceptions::Usage,
    judge::host_rules,
    judge::policy_set::PolicySet,
    manifest::{FilledIn, Object},
};
use jiff::civil::Date;
use plimsoll_policy::{Edit, Finding, Level, Pointer};
use std::collections::BTreeSet;

/// What there is to say about one object.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Of the policies in their order, then of the host.
    pub findings: Vec<Stated>,
    /// Policies that gave no verdict.
    pub failures: Vec<PolicyFailure>,
    /// Which of the configured exceptions were of use.
    pub usage: Usage,
}

/// A finding, and how much it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Id of the policy.
    pub policy: String,
    /// Never [`Level::Off`].
    pub level: Level,
    /// Whether somebody excepted it.
    pub status: Status,
    /// What was found.
    pub finding: Finding,
}

impl Judge {
    /// Judges each pod template of an object. What holds for all of it is said once, what the operator of its kind
    /// filled in is not said at all, and fields have the names that the object has.
    pub fn judge_object(&self, object: &Object, set: &PolicySet, today: Date) -> Verdict {
        let mut all = Verdict::default();
        let mut said = BTreeSet::new();
        for workload in object.workloads() {
            let subject = Subject { workload, value: &object.value, unknown: &object.unknown };
            let Verdict { findings, failures, usage } = self.judge(&subject, set, today);
            all.usage += usage;
            for mut stated in findings {
                let Finding { rule, message, pointer, .. } = &stated.finding;
                let is_new = said.insert((rule.clone(), pointer.clone(), message.clone()));
                if is_new && !object.filled_in.has(pointer) {
                    in_own_words(&mut stated.finding, &object.filled_in);
                    all.findings.push(stated);
                }
            }
            let known: BTreeSet<String> = all.failures.iter().map(|failure| failure.policy.clone()).collect();
            all.failures.extend(failures.into_iter().filter(|failure| !known.contains(&failure.policy)));
        }
        all
    }

    /// Judges one object by a set of policies, on a day (UTC) that exceptions are held against.
    pub fn judge(&self, subject: &Subject<'_>, set: &PolicySet, today: Date) -> Verdict {
        let evaluation = evaluate(subject, set);
        let rules = evaluation.findings.iter().map(|judged| judged.finding.rule.as_str());
        let excepted = self.exceptions.apply(subject.workload, rules, today);
        let by_policies = evaluation.findings.into_iter().zip(excepted.statuses).map(|(judged, status)| Stated {
            policy: judged.policy,
            level: judged.level,
            status,
            finding: judged.finding,
        });
        let by_host = excepted.findings.into_iter().map(|finding| Stated {
            policy: host_rules::POLICY.to_owned(),
            level: set.level(&finding.rule),
            status: Status::Open,
            finding,
        });
        let findings = by_policies.chain(by_host).filter(|stated| stated.level != Level::Off).collect();
        Verdict { findings, failures: evaluation.failures, usage: excepted.usage }
    }
}

fn in_own_words(finding: &mut Finding, filled_in: &FilledIn) {
    filled_in.in_own_words(&mut finding.message);
    pointer_in_own_words(&mut finding.pointer, filled_in);
    finding.help.iter_mut().for_each(|help| filled_in.in_own_words(help));
    for edit in &mut finding.fix {
        let (Edit::Add { pointer, .. } | Edit::Replace { pointer, .. } | Edit::Remove { pointer }) = edit;
        pointer_in_own_words(pointer, filled_in);
    }
}

fn pointer_in_own_words(pointer: &mut Pointer, filled_in: &FilledIn) {
    let mut text = pointer.to_string();
    filled_in.in_own_words(&mut text);
    *pointer = text.into();
}
