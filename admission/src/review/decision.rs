//! What a review comes to, on its way to an answer.

use super::{
    Review,
    before::Before,
    bounds::{self, shown},
    field::field_path,
};
use crate::{
    finding::{Finding, ObjectRef, Status},
    judge::Judge,
    judge::config::{Mode, OnFailure},
    judge::evaluate::PolicyFailure,
    judge::policy_set::PolicySet,
    judge::verdict::Verdict,
    manifest::{FieldError, Object, Skip},
};
use plimsoll_policy::Level;
use serde_json::Value;

/// What there is to answer, and why.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Of the review.
    pub uid: String,
    /// What it came to.
    pub outcome: Outcome,
    /// What it is about.
    pub object: ObjectRef,
    /// What was found.
    pub findings: Vec<Weighed>,
    /// Policies that gave no verdict: the policy, the cause, whether that refuses.
    pub failures: Vec<(PolicyFailure, OnFailure)>,
    /// Fields that could not be read; the rest of the object was judged.
    pub unreadable: Vec<FieldError>,
    /// What kept the whole object from being judged, and whether that refuses.
    pub unjudged: Option<(String, OnFailure)>,
    /// Digest of the policies that judged: `sha256:…`; none where nothing was judged.
    pub policies: Option<String>,
}

/// What a review came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was nothing to judge.
    Skipped,
    /// It may pass.
    Allowed,
    /// It may pass, and somebody should look at it.
    Warned,
    /// It may not.
    Denied,
}

/// A finding, and what it does to the answer.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// The finding.
    pub finding: Finding,
    /// What it does.
    pub weight: Weight,
    /// Its field as Kubernetes writes it: `spec.template.spec.containers[0].image`.
    pub field: String,
}

/// What a finding does to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It refuses.
    Refuses,
    /// It would refuse, but the old object has it as well.
    NotNew,
    /// It would refuse, but this namespace is in the mode that only warns.
    OnlyWarned,
    /// It warns.
    Warns,
    /// Somebody excepted it.
    Excepted,
    /// It is a note.
    Silent,
}

impl Decision {
    pub(super) fn new(review: &Review) -> Self {
        let object = if review.object.is_null() { &review.old_object } else { &review.object };
        let metadata = |field: &str| object["metadata"][field].as_str().filter(|text| !text.is_empty());
        let text = |text: &str| shown(text, bounds::NAME);
        let object = ObjectRef {
            api_version: text(object["apiVersion"].as_str().unwrap_or_default()),
            kind: text(&review.kind),
            namespace: review.namespace.as_deref().map(text),
            name: text(metadata("name").or(metadata("generateName")).unwrap_or_default()),
        };
        Decision::about(review.uid.clone(), object)
    }

    pub(super) fn about(uid: String, object: ObjectRef) -> Self {
        Decision {
            uid,
            outcome: Outcome::Skipped,
            object,
            findings: Vec::new(),
            failures: Vec::new(),
            unreadable: Vec::new(),
            unjudged: None,
            policies: None,
        }
    }

    /// Ends where the whole object was not judged.
    pub(super) fn unjudged(mut self, why: String, on_failure: OnFailure) -> Self {
        self.unjudged = Some((why, on_failure));
        self.conclude();
        self
    }

    /// Ends where there is nothing to judge, and says so where there should be.
    pub(super) fn skipped(mut self, skip: &Skip, judge: &Judge, on_failure: impl FnOnce() -> OnFailure) -> Self {
        if matches!(skip, Skip::NotCovered { .. } | Skip::NoPodTemplate { .. }) {
            self.not_covered(skip, judge, on_failure);
            self.conclude();
        }
        self
    }

    /// Pod templates that no pointer of the kind leads to. Where the configuration has the pointers, it is wrong;
    /// where they are built in, whoever writes such an object cannot help it.
    pub(super) fn not_covered(&mut self, skip: &Skip, judge: &Judge, on_failure: impl FnOnce() -> OnFailure) {
        let on_failure = match skip {
            Skip::NotCovered { group, kind, .. } if judge.kinds.is_configured(group, kind) => on_failure(),
            Skip::NoPodTemplate { group, kind, .. } if !judge.kinds.is_configured(group, kind) => return,
            _ => OnFailure::Allow,
        };
        self.unjudged = Some((skip.to_string(), on_failure));
    }

    pub(super) fn weigh(
        &mut self,
        verdict: Verdict,
        object: &Object,
        mode: Mode,
        on_failure: impl Fn(&str) -> OnFailure,
    ) {
        let weighed = |finding: Finding| Weighed {
            weight: Weight::of(&finding, mode),
            field: shown(&field_path(&finding.location.pointer, &object.value), bounds::NAME),
            finding,
        };
        self.findings = verdict.findings.into_iter().map(weighed).collect();
        self.unreadable.clone_from(&object.unreadable);
        self.failures = verdict
            .failures
            .into_iter()
            .map(|failure| {
                let on_failure = on_failure(&failure.policy);
                (failure, on_failure)
            })
            .collect();
    }

    /// What is not new refuses no longer. `new` is the object.
    pub(super) fn forgive(&mut self, mut before: Before, set: &PolicySet, new: &Value) {
        for weighed in self.findings.iter_mut().filter(|weighed| weighed.weight == Weight::Refuses) {
            if before.forgives(&weighed.finding, set, new) {
                weighed.weight = Weight::NotNew;
            }
        }
    }

    pub(super) fn has_refusing_finding(&self) -> bool {
        self.findings.iter().any(|finding| finding.weight == Weight::Refuses)
    }

    pub(super) fn conclude(&mut self) {
        let refuses = |on_failure: OnFailure| on_failure == OnFailure::Deny;
        let warns = |weight: Weight| matches!(weight, Weight::NotNew | Weight::OnlyWarned | Weight::Warns);
        let denied = self.has_refusing_finding()
            || self.failures.iter().any(|(_, on_failure)| refuses(*on_failure))
            || self.unjudged.as_ref().is_some_and(|(_, on_failure)| refuses(*on_failure));
        let is_unsure = self.failed() || !self.unreadable.is_empty();
        let warned = is_unsure || self.findings.iter().any(|finding| warns(finding.weight));
        self.outcome = match (denied, warned) {
            (true, _) => Outcome::Denied,
            (_, true) => Outcome::Warned,
            _ => Outcome::Allowed,
        };
    }

    /// Whether something kept a policy from its verdict.
    pub fn failed(&self) -> bool {
        self.unjudged.is_some() || !self.failures.is_empty()
    }
}

impl Weight {
    pub(super) fn of(finding: &Finding, mode: Mode) -> Self {
        match (&finding.status, finding.level, mode) {
            // A baseline is for scans alone.
            (Status::Excepted { .. } | Status::Baselined, _, _) => Weight::Excepted,
            (Status::Open, Level::Deny, Mode::Enforce) => Weight::Refuses,
            (Status::Open, Level::Deny, Mode::Warn) => Weight::OnlyWarned,
            (Status::Open, Level::Warn, _) => Weight::Warns,
            (Status::Open, Level::Note | Level::Off, _) => Weight::Silent,
        }
    }
}
