//! One partition, in order, until its lease is asked back, lost, or the process stops.
//!
//! A change that no handler can do is tried again for ever, with pauses: to skip it would break the order. The lag shows it.

use super::{Assigned, Shared};
use crate::{
    change::Change,
    handlers::{Context, HandlerError},
    job::ErrorText,
    life::Event,
    orders::{Order, Orders, reached},
    telemetry::{Outcome, error_type},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
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

impl Partition {
    async fn until_the_end(&mut self) {
        let (stop, lost, abort) = (self.assigned.stop.clone(), self.assigned.lost.clone(), self.shared.abort.clone());
        let mut orders = self.orders.clone();
        while !self.must_end() {
            if *self.orders.borrow() == Order::Hold {
                let wait = self.orders.changed();
                tokio::select! { _ = wait => {}, () = stop.cancelled() => {}, () = lost.cancelled() => {} }
                continue;
            }
            let changes = tokio::select! {
                changes = self.read() => changes,
                () = stop.cancelled() => return,
                () = lost.cancelled() => return,
                () = reached(&mut orders, Order::Stop) => return,
            };
            for change in changes {
                // In the middle of a change only what voids or ends it counts.
                let done = tokio::select! {
                    done = self.see_through(&change) => done,
                    () = lost.cancelled() => return,
                    () = abort.cancelled() => return,
                };
                if !done || self.must_end() {
                    return;
                }
            }
            if !self.write_checkpoint().await {
                return;
            }
        }
    }

    fn must_end(&self) -> bool {
        self.assigned.stop.is_cancelled() || self.assigned.lost.is_cancelled() || *self.orders.borrow() >= Order::Stop
    }

    async fn read(&self) -> Vec<Change> {
        let (began, clock) = (SystemTime::now(), Instant::now());
        let found = self.shared.engine.read(self.assigned.partition, self.offset, BATCH, WAIT).await;
        let error = found.as_ref().err().map(error_type);
        let event = if error.is_some() { Event::Unreachable } else { Event::Reachable };
        let _gone = self.shared.events.send(event);
        self.shared.messaging.received_changes(found.as_deref().unwrap_or_default(), began, clock.elapsed(), error);
        match found {
            Ok(changes) => changes,
            Err(error) => {
                let error = error.to_string();
                tracing::warn!(partition = self.assigned.partition, error, "no changes can be read");
                tokio::time::sleep(PAUSE).await;
                vec![]
            }
        }
    }

    /// Does a change, again and again until it is done; false if it has to be left.
    async fn see_through(&mut self, change: &Change) -> bool {
        for attempts in 0.. {
            match self.attempt(change, attempts).await {
                Ok(()) => {
                    self.offset = change.offset;
                    self.shared.instruments.outcome(Outcome::Done);
                    return true;
                }
                Err(HandlerError::Interrupted) => return false,
                Err(error) => {
                    let (partition, offset) = (change.partition, change.offset);
                    let error = ErrorText::from(error.to_string());
                    tracing::warn!(partition, offset, attempts, error = error.as_ref(), "failed; once more");
                    self.shared.instruments.outcome(Outcome::Retry);
                }
            }
            let mut orders = self.orders.clone();
            tokio::select! {
                () = tokio::time::sleep(self.shared.policy.pause(attempts, fastrand::f64())) => {}
                () = self.assigned.stop.cancelled() => return false,
                () = reached(&mut orders, Order::Stop) => return false,
            }
        }
        false
    }

    async fn attempt(&self, change: &Change, attempts: u32) -> Result<(), HandlerError> {
        let shared = &self.shared;
        let _busy = Busy::new(&shared.busy);
        let span = shared.messaging.process_change(change);
        let began = Instant::now();
        let context = Context { sink: shared.engine.clone(), attempts, cancel: shared.cancel.clone() };
        let (handler, change) = (shared.handlers.changes.clone(), change.clone());
        // A task of its own: its panic is a failure, and ours goes on. It ends with us.
        let task = tokio::spawn(async move { handler.handle(&change, &context).await }.instrument(span.clone()));
        let end = CancelOnDrop(task.abort_handle());
        let ended = tokio::time::timeout(shared.job_timeout, task).await;
        drop(end);
        let result = match ended {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(HandlerError::Failed(format!("handler ended: {error}"))),
            Err(_) => {
                let limit = humantime::format_duration(shared.job_timeout);
                Err(HandlerError::Failed(format!("not done within {limit}")))
            }
        };
        shared.messaging.processed(&span, began.elapsed(), result.as_ref().err().map(|_| "failed"));
        result
    }

    /// Writes down how far it is; false if somebody else has done so since, whose partition it is now.
    async fn write_checkpoint(&mut self) -> bool {
        if self.offset == self.checkpoint {
            return true;
        }
        let (partition, seen) = (self.assigned.partition, self.assigned.revision);
        match self.shared.engine.write_checkpoint(partition, self.offset, seen).await {
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

/// Counts as long as it lives.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn new(busy: &Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::Relaxed);
        Busy(busy.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct CancelOnDrop(tokio::task::AbortHandle);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
