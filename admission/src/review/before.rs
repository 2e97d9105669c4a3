//! What the old object of an UPDATE had: that refuses nothing.

use crate::{
    finding::identity,
    judge::verdict::{Stated, Verdict},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What makes a finding about the old object and one about the new object the same: rule, container, and the pointer
/// with names instead of indices.
pub(super) type Identity = (String, Option<String>, String);

pub(super) fn identify(stated: &Stated, object: &Value) -> Identity {
    let finding = &stated.finding;
    (finding.rule.clone(), finding.container.clone(), identity(&finding.pointer, object))
}

/// What the old object had.
#[derive(Debug, Default)]
pub(super) struct Before {
    findings: BTreeSet<Identity>,
    /// Policies that gave no verdict on it.
    unknown: BTreeSet<String>,
}

impl Before {
    /// Excepted or not: what was there before is not new.
    pub(super) fn new(verdict: Verdict, object: &Value) -> Self {
        Before {
            findings: verdict.findings.iter().map(|stated| identify(stated, object)).collect(),
            unknown: verdict.failures.into_iter().map(|failure| failure.policy).collect(),
        }
    }

    /// Where a policy gave no verdict, whatever it finds now may well have been there.
    pub(super) fn had(&self, policy: &str, identity: &Identity) -> bool {
        self.findings.contains(identity) || self.unknown.contains(policy)
    }
}
