//! Judges reviews: so many at one time, so many that wait, none longer than its deadline.
//!
//! Judging blocks, so it has threads of its own. What cannot wait is shed at once: then the API server does what its
//! `failurePolicy` says while there is still time, instead of waiting for a queue that grows.

use super::{metrics::Metrics, policies::Policies};
use crate::{
    clock::today,
    judge::config::OnFailure,
    review::{Decision, Malformed, Operation, Review, Terms, decide, undecided},
};
use axum::body::Bytes;
use std::{num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task,
    time::{Instant, timeout_at},
};

/// Where reviews are judged.
pub struct Evaluations {
    policies: Arc<Policies>,
    metrics: Arc<Metrics>,
    on_failure: OnFailure,
    threads: Arc<Semaphore>,
    /// One for each review that is judged or waits.
    places: Arc<Semaphore>,
    size: Size,
}

/// How many reviews at one time.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Are judged.
    pub threads: NonZeroUsize,
    /// Wait.
    pub queue: usize,
}

/// A review, and until when somebody waits for its answer.
#[derive(Debug, Clone)]
pub struct Call {
    /// The body.
    pub body: Bytes,
    /// The policy that was asked for; none stands for all.
    pub only: Option<String>,
    /// When the answer must be there.
    pub deadline: Instant,
}

/// What a call came to.
#[derive(Debug)]
pub enum Reviewed {
    /// An answer.
    Decided(Box<Decision>, About),
    /// An answer without a verdict, because there was no time for one.
    TooLate(Box<Decision>),
    /// No answer: there is no room for another review.
    Shed,
    /// No answer: the body is no review.
    Malformed(Malformed),
}

/// What a review was about.
#[derive(Debug, Clone)]
pub struct About {
    /// What was about to happen.
    pub operation: Operation,
    /// To which kind of object.
    pub kind: String,
}

impl Evaluations {
    /// Nothing is being judged yet.
    pub fn new(policies: Arc<Policies>, metrics: Arc<Metrics>, on_failure: OnFailure, size: Size) -> Self {
        let permits = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        let threads = permits(size.threads.get());
        let places = permits(size.threads.get().saturating_add(size.queue));
        Evaluations { policies, metrics, on_failure, threads, places, size }
    }

    /// Judges a review, or says why not, before its deadline.
    pub async fn review(&self, call: Call) -> Reviewed {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Reviewed::Shed };
        let arrived = Instant::now();
        let thread = match timeout_at(call.deadline, Arc::clone(&self.threads).acquire_owned()).await {
            Ok(Ok(thread)) => thread,
            Ok(Err(_)) | Err(_) => return self.too_late(&call, "it waited until the deadline for a thread"),
        };
        self.metrics.waited(arrived.elapsed());
        match timeout_at(call.deadline, self.judge(&call, place, thread)).await {
            Ok(Ok(Ok((decision, about)))) => Reviewed::Decided(Box::new(decision), about),
            Ok(Ok(Err(malformed))) => Reviewed::Malformed(malformed),
            Ok(Err(error)) => {
                tracing::error!(%error, "a fault in plimsoll itself; please report it");
                self.too_late(&call, "a fault in plimsoll itself")
            }
            Err(_) => self.too_late(&call, "the deadline came before the verdict"),
        }
    }

    /// Both permits stay with the thread, also when nobody waits for it any more.
    fn judge(
        &self,
        call: &Call,
        place: OwnedSemaphorePermit,
        thread: OwnedSemaphorePermit,
    ) -> task::JoinHandle<Result<(Decision, About), Malformed>> {
        let (judge, metrics, terms) = (self.policies.judge(), Arc::clone(&self.metrics), self.terms(call));
        let deadline = call.deadline;
        let (body, span) = (call.body.clone(), tracing::info_span!("judge"));
        task::spawn_blocking(move || {
            let _held = (place, thread);
            let _entered = span.entered();
            let start = Instant::now();
            let review = Review::read(&body)?;
            let terms = Terms { time: time_left(deadline), ..terms };
            let about = About { operation: review.operation, kind: review.kind.clone() };
            let decision = decide(review, &judge, &terms);
            metrics.judged(terms.only.as_deref(), start.elapsed(), &decision);
            Ok((decision, about))
        })
    }

    fn too_late(&self, call: &Call, why: &str) -> Reviewed {
        match Review::name(&call.body) {
            Ok(name) => {
                let decision = undecided(name, why, &self.policies.judge(), &self.terms(call));
                Reviewed::TooLate(Box::new(decision))
            }
            Err(malformed) => Reviewed::Malformed(malformed),
        }
    }

    fn terms(&self, call: &Call) -> Terms {
        let time = time_left(call.deadline);
        Terms { only: call.only.clone(), on_failure: self.on_failure, today: today(), time }
    }

    /// What judges.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// How many reviews are being judged.
    pub fn in_flight(&self) -> usize {
        self.size.threads.get().saturating_sub(self.threads.available_permits())
    }

    /// How many reviews wait.
    pub fn queued(&self) -> usize {
        let places = self.size.threads.get().saturating_add(self.size.queue);
        places.saturating_sub(self.places.available_permits()).saturating_sub(self.in_flight())
    }
}

/// What modules may use of the time to the deadline: the verdicts that there are then have to be put into words.
fn time_left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()) * 7 / 8
}
