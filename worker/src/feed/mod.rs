//! Feed mode: works on the partitions that its leases give it, each in order, all at once.

pub mod assignment;
mod leases;
mod partition;

pub use leases::Leases;

use crate::{
    ends::Changes,
    engine::{Feed, Queue},
    handlers::ChangeHandler,
    heartbeat::{BEAT, Heartbeat},
    life::Event,
    orders::{Order, Orders, Takers},
    reach::Reach,
    retry::Policy,
    telemetry::{Instruments, Messaging},
};
use std::{
    sync::{Arc, mpsc::Sender},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often the lag is looked at.
const LAG: Duration = Duration::from_secs(5);

/// A partition that this replica has the lease of.
pub struct Assigned {
    /// Its number.
    pub partition: u32,
    /// Offset after which to go on.
    pub after: u64,
    /// Revision of the checkpoint that says so; a checkpoint of anybody later makes ours void.
    pub revision: u64,
    /// Come to an end, and write down how far you are.
    pub stop: CancellationToken,
    /// Whatever you do does not count any more.
    pub lost: CancellationToken,
    /// Tells that the partition is not worked on any more.
    pub done: DropGuard,
}

/// What the partitions share.
pub struct Shared {
    /// Where changes come from.
    pub feed: Arc<dyn Feed>,
    /// Where handlers put jobs.
    pub queue: Arc<dyn Queue>,
    /// What does them.
    pub handler: Arc<dyn ChangeHandler>,
    /// How soon a change is tried again.
    pub policy: Policy,
    /// Longest time of one.
    pub job_timeout: Duration,
    /// Spans and metrics.
    pub messaging: Messaging,
    /// Own metrics.
    pub instruments: Instruments,
    /// Changes that are being worked on.
    pub changes: Arc<Changes>,
    /// Asks handlers to come to an end.
    pub cancel: CancellationToken,
    /// Ends them.
    pub abort: CancellationToken,
    /// Who is told whether the engine can be reached.
    pub reach: Arc<Reach>,
    /// Where partitions show whether changes may be begun.
    pub takers: Takers,
}

/// The loop of feed mode.
pub struct Consumer {
    /// What the partitions share.
    pub shared: Arc<Shared>,
    /// Whom it tells.
    pub events: Sender<Event>,
    /// How it shows that it turns.
    pub heartbeat: Heartbeat,
}

impl Consumer {
    /// Works until it is told to stop and the last partition has been left.
    pub async fn run(self, mut orders: Orders, mut assigned: mpsc::UnboundedReceiver<Assigned>) {
        let mut running = JoinSet::new();
        let mut lag = tokio::time::interval(LAG);
        loop {
            self.heartbeat.beat();
            self.shared.instruments.in_flight(self.shared.changes.count());
            let order = *orders.borrow_and_update();
            if order >= Order::Cancel {
                self.shared.cancel.cancel();
            }
            if order >= Order::Abort {
                self.shared.abort.cancel();
            }
            if order >= Order::Stop && running.is_empty() {
                break;
            }
            tokio::select! {
                _ = orders.changed() => {}
                // One that comes after the stop is dropped, and so given back.
                Some(new) = assigned.recv() => if order < Order::Stop {
                    running.spawn(partition::work(self.shared.clone(), new, orders.clone()));
                },
                _ = lag.tick() => self.look_at_lag(),
                Some(_) = running.join_next(), if !running.is_empty() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
        self.heartbeat.finish();
        let _gone = self.events.send(Event::Idle);
    }

    fn look_at_lag(&self) {
        let shared = self.shared.clone();
        tokio::spawn(async move {
            for progress in shared.feed.progress().await.unwrap_or_default() {
                shared.instruments.feed_lag(progress.partition, progress.lag);
            }
        });
    }
}
