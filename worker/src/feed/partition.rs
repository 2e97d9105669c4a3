//! One partition, in order, until its lease is asked back, lost, or the process stops.
//!
//! A change that no handler can do is tried again for ever, with pauses: to skip it would break the order. The lag shows it.

use super::{Assigned, Shared};
use crate::{
    change::Change,
    ends::End,
    handlers::{Attempt, Canceller, Context, Why},
    job::ErrorText,
    orders::{Order, Orders, no_work},
    retry,
    telemetry::{Outcome, error_type},
};
use std::{
    convert::Infallible,
    future::{Future, pending},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tracing::Instrument;

/// Changes that are read at once, and so between two checkpoints.
const BATCH: usize = 64;

/// How long a read waits.
const WAIT: Duration = Duration::from_secs(1);

/// Pause after a call that failed.
const PAUSE: Duration = Duration::from_millis(500);

struct Partition {
    shared: Arc<Shared>,
    assigned: Assigned,
    orders: Orders,
    /// The last change that was done.
    offset: u64,
    /// As it was written down last.
    checkpoint: u64,
}

/// Works on it.
pub(super) async fn work(shared: Arc<Shared>, assigned: Assigned, orders: Orders) {
    let partition = assigned.partition;
    tracing::info!(partition, after = assigned.after, "partition taken");
    let offset = assigned.after;
    let mut partition = Partition { shared, assigned, orders, offset, checkpoint: offset };
    partition.until_the_end().await;
    if !partition.assigned.lost.is_cancelled() {
        partition.write_checkpoint().await;
    }
    tracing::info!(partition = partition.assigned.partition, offset = partition.offset, "partition left");
}

/// Whether the next change may be begun.
enum Next {
    Go,
    /// Not before there is another order: what was read is read again.
    Wait,
    /// The partition is left.
    Leave,
}

impl Partition {
    async fn until_the_end(&mut self) {
        loop {
            // Before the order is read.
            let taker = self.shared.takers.join();
            match self.next() {
                Next::Go => {
                    for change in self.read().await {
                        if !matches!(self.next(), Next::Go) || !self.see_through(&change).await {
                            break;
                        }
                    }
                    if self.assigned.lost.is_cancelled() || !self.write_checkpoint().await {
                        return;
                    }
                }
                Next::Wait => {
                    drop(taker);
                    self.wait().await;
                }
                Next::Leave => return,
            }
        }
    }

    fn next(&self) -> Next {
        match *self.orders.borrow() {
            order if order >= Order::Stop => Next::Leave,
            _ if self.assigned.stop.is_cancelled() || self.assigned.lost.is_cancelled() => Next::Leave,
            Order::Work => Next::Go,
            _ => Next::Wait,
        }
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.orders.wait_for(|order| *order != Order::Hold) => {}
            () = self.assigned.stop.cancelled() => {}
            () = self.assigned.lost.cancelled() => {}
        }
    }

    /// Waits for something, but not beyond the moment from which no change may be begun.
    async fn while_it_may<T>(&self, something: impl Future<Output = T>) -> Option<T> {
        let mut orders = self.orders.clone();
        tokio::select! {
            something = something => Some(something),
            () = self.assigned.stop.cancelled() => None,
            () = self.assigned.lost.cancelled() => None,
            () = no_work(&mut orders) => None,
        }
    }

    async fn read(&self) -> Vec<Change> {
        let (began, clock) = (SystemTime::now(), Instant::now());
        let reading = self.shared.feed.read(self.assigned.partition, self.offset, BATCH, WAIT);
        let Some(found) = self.while_it_may(reading).await else { return vec![] };
        self.shared.reach.is(found.is_ok());
        let error = found.as_ref().err().map(error_type);
        self.shared.messaging.received_changes(found.as_deref().unwrap_or_default(), began, clock.elapsed(), error);
        match found {
            Ok(changes) => changes,
            Err(error) => {
                let error = error.to_string();
                tracing::warn!(partition = self.assigned.partition, error, "no changes can be read");
                self.while_it_may(tokio::time::sleep(PAUSE)).await;
                vec![]
            }
        }
    }

    /// Does a change, again and again until it is done; false if it has to be left.
    async fn see_through(&mut self, change: &Change) -> bool {
        let shared = self.shared.clone();
        let in_flight = shared.changes.begin();
        for attempts in 0.. {
            let outcome = self.attempt(change, attempts).await;
            if self.assigned.lost.is_cancelled() {
                in_flight.ends(End::Lost);
                return false;
            }
            let own = shared.policy.pause(attempts, fastrand::f64());
            let (pause, error) = match outcome {
                retry::Outcome::Done => {
                    self.offset = change.offset;
                    shared.instruments.outcome(Outcome::Done);
                    in_flight.ends(End::Finished);
                    return true;
                }
                retry::Outcome::Interrupted | retry::Outcome::Cancelled => return false,
                retry::Outcome::Failed(error) | retry::Outcome::Rejected(error) => (own, ErrorText::from(error)),
                retry::Outcome::Later(after, error) => (after.min(retry::LONGEST), ErrorText::from(error)),
            };
            let (partition, offset) = (change.partition, change.offset);
            tracing::warn!(partition, offset, attempts, error = error.as_ref(), "failed; once more");
            shared.instruments.outcome(Outcome::Retry);
            if self.while_it_may(tokio::time::sleep(pause)).await.is_none() {
                return false;
            }
        }
        false
    }

    async fn attempt(&self, change: &Change, attempts: u32) -> retry::Outcome {
        let shared = &self.shared;
        let span = shared.messaging.process_change(change);
        let (began, canceller) = (Instant::now(), Canceller::default());
        let attempt = Attempt {
            id: &format!("{}/{}", change.partition, change.offset),
            limit: shared.job_timeout,
            canceller: &canceller,
            abort: &shared.abort,
            instruments: &shared.instruments,
        };
        let (handler, queue, change) = (shared.handler.clone(), shared.queue.clone(), change.clone());
        let work =
            attempt.by(|cancel| async move { handler.handle(&change, &Context { queue, attempts, cancel }).await });
        let outcome = tokio::select! {
            outcome = work.instrument(span.clone()) => outcome,
            never = self.pass_on(&canceller) => match never {},
        };
        let failed = !matches!(outcome, retry::Outcome::Done | retry::Outcome::Interrupted);
        shared.messaging.processed(&span, began.elapsed(), failed.then_some("failed"));
        outcome
    }

    /// Tells a handler what it must hear.
    async fn pass_on(&self, canceller: &Canceller) -> Infallible {
        let told = async |token: &tokio_util::sync::CancellationToken, why| {
            token.cancelled().await;
            canceller.ask(why);
        };
        tokio::join!(told(&self.shared.cancel, Why::Stop), told(&self.assigned.lost, Why::LeaseLost));
        pending().await
    }

    /// Writes down how far it is; false if somebody else has done so since, whose partition it is now.
    async fn write_checkpoint(&mut self) -> bool {
        if self.offset == self.checkpoint {
            return true;
        }
        let (partition, seen) = (self.assigned.partition, self.assigned.revision);
        match self.shared.feed.write_checkpoint(partition, self.offset, seen).await {
            Ok(Some(revision)) => {
                self.checkpoint = self.offset;
                self.assigned.revision = revision;
                true
            }
            Ok(None) => {
                tracing::warn!(partition, offset = self.offset, "checkpoint fenced: somebody else has the partition");
                self.shared.instruments.outcome(Outcome::Fenced);
                false
            }
            Err(error) => {
                // The changes are done: at worst they are done again, and their effects are idempotent.
                let error = error.to_string();
                tracing::warn!(partition, error, "checkpoint not written");
                true
            }
        }
    }
}
