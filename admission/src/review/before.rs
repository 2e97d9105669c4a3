//! What the old object of an UPDATE had: that refuses nothing.

use crate::{
    finding::{Finding, Fingerprint},
    judge::verdict::Verdict,
};
use std::collections::BTreeSet;

/// What the old object had.
#[derive(Debug, Default)]
pub(super) struct Before {
    findings: BTreeSet<Fingerprint>,
    /// Policies that gave no verdict on it.
    unknown: BTreeSet<String>,
}

impl Before {
    /// Excepted or not: what was there before is not new.
    pub(super) fn new(verdict: Verdict) -> Self {
        Before {
            findings: verdict.findings.iter().map(|finding| finding.fingerprint).collect(),
            unknown: verdict.failures.into_iter().map(|failure| failure.policy).collect(),
        }
    }

    /// Where a policy gave no verdict, whatever it finds now may well have been there.
    pub(super) fn had(&self, finding: &Finding) -> bool {
        self.findings.contains(&finding.fingerprint) || self.unknown.contains(&finding.policy)
    }
}
