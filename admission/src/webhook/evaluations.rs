//! Judges reviews: so many at one time, so many that wait, none longer than its deadline.
//!
//! Judging blocks, so it has threads of its own. What cannot wait is shed at once: then the API server does what its
//! `failurePolicy` says while there is still time, instead of waiting for a queue that grows. The memory that trees of
//! reviews take is bounded as well: a few bytes of JSON become a hundred times as many.

use super::{body::Received, metrics::Metrics, policies::Policies, release_memory::release_memory};
use crate::{
    clock::today,
    judge::config::OnFailure,
    review::{Decision, Head, Malformed, Operation, Review, Terms, decide, undecided},
};
use std::{num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task,
    time::{Instant, timeout_at},
};

/// Most memory of all trees of large reviews together, in bytes. An object of 1.5 MiB, which is what etcd takes, comes to
/// 160 MiB if it is made of the smallest mappings that there are.
pub const TREES: usize = 184 << 20;

/// What the tree of a review takes without being counted, in bytes: nearly all take less.
const SMALL: usize = 1 << 20;

/// What is counted at one time, in bytes.
const PIECE: usize = 64 << 10;

/// Where reviews are judged.
pub struct Evaluations {
    policies: Arc<Policies>,
    metrics: Arc<Metrics>,
    on_failure: OnFailure,
    threads: Arc<Semaphore>,
    /// One for each review that is judged or waits.
    places: Arc<Semaphore>,
    /// For the trees of large reviews.
    memory: Arc<Semaphore>,
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
#[derive(Debug)]
pub struct Call {
    /// The body.
    pub body: Received,
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
    /// An answer without a verdict, because the review would take more memory than there is for all.
    TooLarge(Box<Decision>),
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
        let memory = permits(TREES / PIECE);
        Evaluations { policies, metrics, on_failure, threads, places, memory, size }
    }

    /// Judges a review, or says why not, before its deadline.
    pub async fn review(&self, call: Call) -> Reviewed {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Reviewed::Shed };
        let Call { body, only, deadline } = call;
        let (head, terms, weight) = (body.outline.head(), self.terms(only, deadline), body.outline.weight());
        if weight > TREES {
            let why = format!("it takes {} MiB of memory to read; at most {} are used", weight >> 20, TREES >> 20);
            return self.without_verdict(head, &why, &terms, Reviewed::TooLarge);
        }
        let too_late = |head, why| self.without_verdict(head, why, &terms, Reviewed::TooLate);
        let arrived = Instant::now();
        let permits = timeout_at(deadline, async { (self.memory(weight).await, self.thread().await) });
        let Ok((memory, thread)) = permits.await else {
            return too_late(head, "it waited until the deadline for memory or a thread");
        };
        self.metrics.waited(arrived.elapsed());
        match timeout_at(deadline, self.judge(body, (terms.clone(), deadline), (place, memory, thread))).await {
            Ok(Ok(Ok((decision, about)))) => Reviewed::Decided(Box::new(decision), about),
            Ok(Ok(Err(malformed))) => Reviewed::Malformed(malformed),
            Ok(Err(error)) => {
                tracing::error!(%error, "a fault in plimsoll itself; please report it");
                too_late(head, "a fault in plimsoll itself")
            }
            Err(_) => too_late(head, "the deadline came before the verdict"),
        }
    }

    async fn thread(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.threads).acquire_owned().await.ok()
    }

    /// None where so little is not counted.
    async fn memory(&self, weight: usize) -> Option<OwnedSemaphorePermit> {
        let pieces = u32::try_from(weight.div_ceil(PIECE)).ok().filter(|_| weight > SMALL)?;
        Arc::clone(&self.memory).acquire_many_owned(pieces).await.ok()
    }

    /// The permits stay with the thread, also when nobody waits for it any more.
    fn judge(
        &self,
        body: Received,
        (terms, deadline): (Terms, Instant),
        (place, memory, thread): (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>),
    ) -> task::JoinHandle<Result<(Decision, About), Malformed>> {
        let (judge, metrics) = (self.policies.judge(), Arc::clone(&self.metrics));
        let span = tracing::info_span!("judge");
        task::spawn_blocking(move || {
            let _held = (place, thread);
            let _entered = span.entered();
            let start = Instant::now();
            let judged = Review::read(&body.bytes).map(|review| {
                drop(body);
                let terms = Terms { time: time_left(deadline), ..terms };
                let about = About { operation: review.operation, kind: review.kind.clone() };
                let decision = decide(review, &judge, &terms);
                metrics.judged(terms.only.as_deref(), start.elapsed(), &decision);
                (decision, about)
            });
            if memory.is_some() {
                release_memory();
            }
            drop(memory);
            judged
        })
    }

    /// The configured answer, for what cannot be judged.
    fn without_verdict(
        &self,
        head: Result<Head, Malformed>,
        why: &str,
        terms: &Terms,
        reviewed: fn(Box<Decision>) -> Reviewed,
    ) -> Reviewed {
        match head {
            Ok(head) => reviewed(Box::new(undecided(head, why, &self.policies.judge(), terms))),
            Err(malformed) => Reviewed::Malformed(malformed),
        }
    }

    fn terms(&self, only: Option<String>, deadline: Instant) -> Terms {
        Terms { only, on_failure: self.on_failure, today: today(), time: time_left(deadline) }
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
