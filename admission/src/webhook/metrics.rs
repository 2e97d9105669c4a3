//! What is counted and timed. No label takes a value from a request, but for the operation and the kinds that are judged.

use super::evaluations::Evaluations;
use crate::{
    engine::Failure,
    manifest::Kinds,
    review::{Decision, Operation, Outcome, Weight},
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, Meter},
};
use std::{sync::Arc, time::Duration};

/// In seconds: from what an evaluation takes to what an API server waits.
const BOUNDARIES: [f64; 14] =
    [25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.5, 2.5];

/// The instruments.
pub struct Metrics {
    requests: Counter<u64>,
    request: Histogram<f64>,
    queue_wait: Histogram<f64>,
    evaluation: Histogram<f64>,
    shed: Counter<u64>,
    deadline_missed: Counter<u64>,
    policy_failures: Counter<u64>,
    exceptions_used: Counter<u64>,
    reloads: Counter<u64>,
}

/// How a call ended, for the label `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Ended {
    Allowed,
    Denied,
    Warned,
    Skipped,
    /// A policy gave no verdict, or the object could not be judged.
    Failed,
    DeadlineMissed,
    Shed,
    Malformed,
}

impl Ended {
    /// What a decision counts as.
    pub fn of(decision: &Decision) -> Self {
        match decision.outcome {
            _ if decision.failed() => Ended::Failed,
            Outcome::Skipped => Ended::Skipped,
            Outcome::Allowed => Ended::Allowed,
            Outcome::Warned => Ended::Warned,
            Outcome::Denied => Ended::Denied,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Ended::Allowed => "allowed",
            Ended::Denied => "denied",
            Ended::Warned => "warned",
            Ended::Skipped => "skipped",
            Ended::Failed => "failed",
            Ended::DeadlineMissed => "deadline",
            Ended::Shed => "shed",
            Ended::Malformed => "malformed",
        }
    }
}

/// What a reload was of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Reload {
    Policies,
    Certificate,
}

impl Metrics {
    /// Makes the instruments. Counters whose labels are known are there from the start: a rate has no first event.
    pub fn new(meter: &Meter) -> Self {
        let counter = |name: &'static str, text: &'static str| meter.u64_counter(name).with_description(text).build();
        let histogram = |name: &'static str, text: &'static str| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(text);
            histogram.with_boundaries(BOUNDARIES.to_vec()).build()
        };
        let metrics = Metrics {
            requests: counter("plimsoll.requests", "Admission reviews by operation, kind and outcome."),
            request: histogram("plimsoll.request", "From the first byte of a review to its answer."),
            queue_wait: histogram("plimsoll.queue_wait", "How long a review waited for a thread."),
            evaluation: histogram(
                "plimsoll.evaluation",
                "Judging one review: all policies in one call (policy=\"*\"), or the one that was asked for.",
            ),
            shed: counter("plimsoll.shed", "Reviews refused with 429 because the queue was full."),
            deadline_missed: counter("plimsoll.deadline_missed", "Reviews answered without a verdict, in time."),
            policy_failures: counter("plimsoll.policy_failures", "Policies that gave no verdict, by cause."),
            exceptions_used: counter("plimsoll.exceptions_used", "Findings that an exception covers, by rule."),
            reloads: counter("plimsoll.reloads", "Changes of policies or certificate, taken or refused."),
        };
        metrics.shed.add(0, &[]);
        metrics.deadline_missed.add(0, &[]);
        for what in [Reload::Policies, Reload::Certificate] {
            for taken in [true, false] {
                metrics.reloads.add(0, &reload(what, taken));
            }
        }
        metrics
    }

    /// A call has ended. `about` is what it was about, where that is known.
    pub fn ended(&self, about: Option<(Operation, &str)>, ended: Ended, took: Duration, kinds: &Kinds) {
        let (operation, kind) = about.map_or(("unknown", "unknown"), |(operation, kind)| {
            let is_judged = kinds.iter().any(|(_, known)| known == kind);
            (operation.name(), if is_judged { kind } else { "other" })
        });
        let labels = [
            KeyValue::new("operation", operation),
            KeyValue::new("kind", kind.to_owned()),
            KeyValue::new("outcome", ended.name()),
        ];
        self.requests.add(1, &labels);
        self.request.record(took.as_secs_f64(), &[]);
        match ended {
            Ended::Shed => self.shed.add(1, &[]),
            Ended::DeadlineMissed => self.deadline_missed.add(1, &[]),
            _ => {}
        }
    }

    /// A review got a thread.
    pub fn waited(&self, time: Duration) {
        self.queue_wait.record(time.as_secs_f64(), &[]);
    }

    /// A review was judged. `policy` is the one that was asked for, checked to exist.
    pub fn judged(&self, policy: Option<&str>, time: Duration, decision: &Decision) {
        let policy = KeyValue::new("policy", policy.unwrap_or("*").to_owned());
        self.evaluation.record(time.as_secs_f64(), &[policy]);
        for (failure, _) in &decision.failures {
            let labels =
                [KeyValue::new("policy", failure.policy.clone()), KeyValue::new("cause", cause(&failure.cause))];
            self.policy_failures.add(1, &labels);
        }
        for finding in decision.findings.iter().filter(|finding| finding.weight == Weight::Excepted) {
            self.exceptions_used.add(1, &[KeyValue::new("rule", finding.finding.rule.clone())]);
        }
    }

    /// Policies or certificate have changed, or a change was refused.
    pub fn reloaded(&self, what: Reload, taken: bool) {
        self.reloads.add(1, &reload(what, taken));
    }
}

fn reload(what: Reload, taken: bool) -> [KeyValue; 2] {
    let what = match what {
        Reload::Policies => "policies",
        Reload::Certificate => "certificate",
    };
    [KeyValue::new("what", what), KeyValue::new("outcome", if taken { "ok" } else { "refused" })]
}

fn cause(failure: &Failure) -> &'static str {
    match failure {
        Failure::Deadline(_) | Failure::NoTime => "deadline",
        Failure::Memory(_) => "memory",
        Failure::Stack | Failure::Panic(_) | Failure::Trap(_) => "trap",
        Failure::BadAnswer(_) => "bad_answer",
        Failure::Reported(_) => "reported",
        Failure::NoRoom => "no_room",
    }
}

/// What is asked for when somebody looks.
pub fn observe(
    meter: &Meter,
    readiness: super::Readiness,
    evaluations: Arc<Evaluations>,
    serving: super::certificates::Serving,
) {
    let gauge = |name: &'static str, text: &'static str| meter.u64_observable_gauge(name).with_description(text);
    let of = Arc::clone(&evaluations);
    gauge("plimsoll.in_flight", "Reviews that are being judged.")
        .with_callback(move |observer| observer.observe(of.in_flight() as u64, &[]))
        .build();
    let of = Arc::clone(&evaluations);
    gauge("plimsoll.queued", "Reviews that wait for a thread.")
        .with_callback(move |observer| observer.observe(of.queued() as u64, &[]))
        .build();
    gauge("plimsoll.policy_set_info", "1; the label is the digest of the policies that judge everywhere.")
        .with_callback(move |observer| {
            let digest = evaluations.policies().judge().everywhere().digest().to_owned();
            observer.observe(1, &[KeyValue::new("digest", digest)]);
        })
        .build();
    gauge("plimsoll.ready", "1 while calls should come here.")
        .with_callback(move |observer| observer.observe(u64::from(readiness.reasons().is_empty()), &[]))
        .build();
    gauge("plimsoll.certificate_expiry_timestamp", "When the certificate that is shown, and its CA, end (Unix time).")
        .with_unit("s")
        .with_callback(move |observer| {
            for (certificate, end) in serving.expiry() {
                observer.observe(end, &[KeyValue::new("certificate", certificate)]);
            }
        })
        .build();
}
