//! What there is to say about one object: findings with their levels, and who is let off.
//!
//! One piece of code for every front end, so that a scan, the webhook and an audit say the same of the same object.

use crate::{
    finding::{Finding, ObjectRef},
    judge::Judge,
    judge::evaluate::{Evaluation, PolicyFailure, Subject, evaluate},
    judge::exceptions::{Applied, Usage},
    judge::host_rules,
    judge::policy_set::PolicySet,
};
use jiff::civil::Date;
use plimsoll_policy::Level;
use std::sync::Arc;

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
    /// Judges one object by a set of policies, on a day (UTC) that exceptions are held against.
    pub fn judge(&self, subject: &Subject<'_>, set: &PolicySet, today: Date) -> Verdict {
        let Evaluation { mut findings, failures } = evaluate(subject, set);
        let Applied { statuses, findings: about_exceptions, usage } =
            self.exceptions.apply(subject.workload, findings.iter().map(|finding| finding.rule.as_str()), today);
        for (finding, status) in findings.iter_mut().zip(statuses) {
            finding.status = status;
        }
        if !about_exceptions.is_empty() {
            let object = Arc::new(ObjectRef::from(subject.workload));
            let by_host = about_exceptions.into_iter().map(|found| (set.level(&found.rule), found));
            let by_host = by_host.filter(|(level, _)| *level != Level::Off);
            findings
                .extend(by_host.map(|(level, found)| {
                    Finding::of_object(host_rules::POLICY, level, found, &object, subject.value)
                }));
        }
        Verdict { findings, failures, usage }
    }
}
