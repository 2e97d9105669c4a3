//! What the old object of an UPDATE had: that refuses nothing.
//!
//! A finding is forgiven in two ways. Either the old object has the same one, it would itself have been refused for it,
//! and the new one is no worse. Or it is not known whether the old object has it (a policy gave no verdict, a field or
//! the whole object could not be read), and what the finding is about is in the old object as it is in the new one: the
//! same values in the same places.

use super::{decision::Weight, unchanged::unchanged};
use crate::{
    finding::{Finding, Fingerprint},
    judge::{config::Mode, host_rules, policy_set::PolicySet, verdict::Verdict},
    manifest::Object,
};
use plimsoll_policy::{Edit, Level, Pointer};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// What the old object had.
#[derive(Debug)]
pub(super) struct Before {
    /// How grave what it would have been refused for is; each forgives one finding.
    refused: HashMap<Fingerprint, Vec<Gravity>>,
    unknown: Unknown,
    /// With the API server's defaults.
    value: Value,
}

/// What is not known of the old object.
#[derive(Debug)]
enum Unknown {
    /// Nothing of it was judged.
    Everything,
    Some {
        /// Policies that gave no verdict on it.
        policies: BTreeSet<String>,
        /// Fields that could not be read.
        fields: Vec<Pointer>,
    },
}

impl Before {
    pub(super) fn judged(verdict: &Verdict, object: Object, set: &PolicySet, mode: Mode) -> Self {
        let mut refused: HashMap<Fingerprint, Vec<Gravity>> = HashMap::new();
        for finding in verdict.findings.iter().filter(|finding| Weight::of(finding, mode) == Weight::Refuses) {
            let gravity = Gravity::of(finding, set, &object.value);
            refused.entry(finding.fingerprint).or_default().push(gravity);
        }
        let policies = verdict.failures.iter().map(|failure| failure.policy.clone()).collect();
        Before { refused, unknown: Unknown::Some { policies, fields: object.workload.unreadable }, value: object.value }
    }

    /// It could not be judged; as it is, with the API server's defaults.
    pub(super) fn unjudged(value: Value) -> Self {
        Before { refused: HashMap::new(), unknown: Unknown::Everything, value }
    }

    /// Whether a finding about the new object is not new.
    pub(super) fn forgives(&mut self, finding: &Finding, set: &PolicySet, new: &Value) -> bool {
        self.had(finding, set, new) || (self.is_unknown(finding) && self.is_unchanged(finding, new))
    }

    fn had(&mut self, finding: &Finding, set: &PolicySet, new: &Value) -> bool {
        let Some(before) = self.refused.get_mut(&finding.fingerprint) else { return false };
        let now = Gravity::of(finding, set, new);
        let Some(index) = before.iter().position(|before| !now.is_worse_than(before)) else { return false };
        // What was left out is not known to be what was left out before.
        if host_rules::TOO_LARGE.name == finding.rule && !unchanged(&finding.location.pointer, &self.value, new) {
            return false;
        }
        before.swap_remove(index);
        true
    }

    fn is_unknown(&self, finding: &Finding) -> bool {
        match &self.unknown {
            Unknown::Everything => true,
            Unknown::Some { policies, fields } => {
                policies.contains(&finding.policy)
                    || fields.iter().any(|field| is_beside(field, &finding.location.pointer))
            }
        }
    }

    fn is_unchanged(&self, finding: &Finding, new: &Value) -> bool {
        let related = finding.related.iter().map(|related| &related.location.pointer);
        let mut places = std::iter::once(&finding.location.pointer).chain(related);
        places.all(|place| unchanged(place, &self.value, new))
    }
}

/// Whether one of two fields is in the other, or both are in one container.
fn is_beside(one: &Pointer, other: &Pointer) -> bool {
    let is_in = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    };
    let same_container = || container(one).is_some_and(|container| is_in(other, container));
    is_in(one, other) || is_in(other, one) || same_container()
}

/// The pointer up to the container that it leads into.
fn container(pointer: &Pointer) -> Option<&str> {
    let lists = ["/containers/", "/initContainers/", "/ephemeralContainers/"];
    let start = lists.iter().filter_map(|list| Some(pointer.as_str().find(list)? + list.len())).min()?;
    let end = pointer[start..].find('/').map_or(pointer.len(), |end| start + end);
    Some(&pointer[..end])
}

/// How grave a finding is, beside its level.
#[derive(Debug, PartialEq)]
struct Gravity {
    /// The level of its case of the rule where nothing is configured: so the cases of a rule have an order also where
    /// all have one level.
    case: Level,
    /// How far the number at its field is from the one that its fix writes.
    gap: Option<f64>,
    /// The number at its field.
    number: Option<f64>,
}

impl Gravity {
    fn of(finding: &Finding, set: &PolicySet, object: &Value) -> Self {
        let pointer = &finding.location.pointer;
        let levels = set.rule(&finding.rule).map(|known| &known.rule);
        let case = levels.map(|rule| rule.escalated.filter(|_| finding.escalated).unwrap_or(rule.levels).default);
        let number = pointer.find(object).and_then(Value::as_f64);
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
        let mut written = edits.filter_map(|edit| match edit {
            Edit::Add { pointer: field, value } | Edit::Replace { pointer: field, value } if field == pointer => {
                value.parse::<f64>().ok()
            }
            _ => None,
        });
        let gap = written.next_back().map(|wanted| (wanted - number.unwrap_or_default()).abs());
        Gravity { case: case.unwrap_or(Level::Deny), gap, number }
    }

    /// A number that has changed is worse where it is not known which way is better.
    fn is_worse_than(&self, before: &Self) -> bool {
        let is_further = match (self.gap, before.gap) {
            (Some(now), Some(before)) => now > before,
            _ => self.number != before.number,
        };
        self.case > before.case || is_further
    }
}
