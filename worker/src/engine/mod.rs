//! What a queue and a feed ask of an engine, and which engines there are.
//!
//! A connection belongs to the thread that opened it: the renewer has one of its own, so that nothing that the work does
//! can keep it from renewing. Every call returns within [`CALL`] or fails; a call that fails may have had its effect.

mod address;
pub(crate) mod nats;
pub(crate) mod sqlite;

pub use address::{Address, Files, Servers, Url};

use crate::{
    change::{Change, Lease, NewChange, Progress, Revision, Versioned},
    job::{Buried, Cancellation, Claim, Counts, Delivery, Job, Page, Renewed, Settled, Settlement},
    retry::LONGEST,
};
use async_trait::async_trait;
use serde::Serialize;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Longest time that one call takes, apart from the wait that [`Queue::claim`] and [`Feed::read`] are told.
pub const CALL: Duration = Duration::from_secs(2);

/// How long a server that forgets by itself remembers the id of a job after it was done, at least: longer than any lease or
/// pause. That of a dead letter is remembered for as long as the letter is there.
pub const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The engine cannot be reached, or does not answer in time.
    #[error("{0}")]
    Unreachable(String),
    /// The queue is not there, or is of another version.
    #[error("{0}; run `plimsoll-worker migrate` with the same --queue-url")]
    NotMigrated(String),
    /// The engine refuses what it was asked.
    #[error("{0}")]
    Refused(String),
}

/// What a call answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Competing consumers: each job goes to one of them at a time.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts jobs into the queue, of which none is begun before a delay of up to [`LONGEST`] is over; says for each whether it is
    /// new. A job whose id is there already is left as it is.
    async fn enqueue_after(&self, jobs: &[Job], delay: Duration) -> Result<Vec<bool>>;

    /// The same for jobs that may be begun at once.
    async fn enqueue(&self, jobs: &[Job]) -> Result<Vec<bool>> {
        self.enqueue_after(jobs, Duration::ZERO).await
    }

    /// Takes a job out of the queue, or has whoever works on it come to an end.
    async fn cancel(&self, id: &str) -> Result<Cancellation>;

    /// Leases up to `slots` jobs, waiting up to `wait` for the first. Do not drop the future: what it would have brought
    /// would be nobody's until the lease runs out.
    async fn claim(&self, slots: usize, lease: Duration, wait: Duration) -> Result<Vec<Delivery>>;

    /// Leases them for another `lease`; says for each whether it was still ours as far as the engine knows, and wanted.
    async fn renew(&self, claims: &[Claim], lease: Duration) -> Result<Vec<Renewed>>;

    /// Says what becomes of a delivery.
    async fn settle(&self, claim: &Claim, settlement: &Settlement) -> Result<Settled>;

    /// How many jobs are where.
    async fn counts(&self) -> Result<Counts>;

    /// Jobs that still have to be done: what `worker.queue.lag` shows, so it must be cheap.
    async fn backlog(&self) -> Result<u64>;

    /// Dead letters, the oldest first: the first page, or the one that another page calls its `next`.
    async fn dead(&self, from: Option<&str>) -> Result<Page>;

    /// The dead letter of a job, if there is one.
    async fn dead_letter(&self, id: &str) -> Result<Option<Buried>>;

    /// Puts a dead letter back into the queue, with no attempts, deliveries or strikes; false if there is none of that id.
    async fn requeue(&self, id: &str) -> Result<bool>;

    /// Takes a dead letter away for good, and remembers its id like that of a job that is done; false if there is none.
    async fn discard(&self, id: &str) -> Result<bool>;
}

/// An ordered change feed.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Appends changes.
    async fn publish(&self, changes: &[NewChange]) -> Result<()>;

    /// Up to `max` changes of a partition after an offset, in order, waiting up to `wait` for the first.
    async fn read(&self, partition: u32, after: u64, max: usize, wait: Duration) -> Result<Vec<Change>>;

    /// The lease of each partition, by its number.
    async fn leases(&self) -> Result<Vec<Versioned<Lease>>>;

    /// Writes a lease if nobody wrote it since `seen`; the new revision, or none.
    async fn write_lease(&self, partition: u32, lease: &Lease, seen: Revision) -> Result<Option<Revision>>;

    /// Offset up to which a partition has been worked off.
    async fn checkpoint(&self, partition: u32) -> Result<Versioned<u64>>;

    /// Writes a checkpoint if nobody wrote it since `seen`; the new revision, or none.
    async fn write_checkpoint(&self, partition: u32, offset: u64, seen: Revision) -> Result<Option<Revision>>;

    /// How far each partition is.
    async fn progress(&self) -> Result<Vec<Progress>>;
}

/// What a call has removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Jobs that had ended.
    pub jobs: u64,
    /// Changes that were worked off.
    pub changes: u64,
    /// Where to go on, in the engine's own words; none if nothing is left.
    #[serde(skip)]
    pub next: Option<String>,
}

/// One engine, connected.
#[async_trait]
pub trait Engine: Queue {
    /// Makes or upgrades what the queue needs. May be called again, and by several processes at once. A feed gains
    /// partitions only while there is nothing to do in those that it has, and loses none; without a number it keeps them.
    async fn migrate(&self, partitions: Option<u32>) -> Result<()>;

    /// Whether the queue can be used by this version; without an effect.
    async fn check(&self) -> Result<()>;

    /// Removes some of what ended longer than `keep` ago: jobs that are done or were discarded, so that their ids are not
    /// remembered any more, and changes that were worked off. Goes on from what the last call says is `next`.
    async fn prune(&self, keep: Duration, from: Option<&str>) -> Result<Pruned>;

    /// The time by which pauses and leases are counted, whatever the clock of this host says meanwhile.
    async fn time(&self) -> Result<SystemTime>;

    /// How long it is until a moment, by that time; nothing if it is over.
    async fn until(&self, moment: SystemTime) -> Result<Duration> {
        Ok(moment.duration_since(self.time().await?).unwrap_or_default())
    }

    /// Its feed, if it has one: an engine may be a queue and nothing else.
    fn feed(self: Arc<Self>) -> Option<Arc<dyn Feed>> {
        None
    }

    /// `messaging.system` of the semantic conventions.
    fn system(&self) -> &'static str;
}

/// Partitions of a new feed.
pub const PARTITIONS: u32 = 8;

fn too_late(delay: Duration) -> Error {
    let [delay, longest] = [delay, LONGEST].map(humantime::format_duration);
    Error::Refused(format!("a job may be put off for up to {longest}, and not for {delay}; enqueue it later"))
}

fn few_partitions(found: u32, wanted: u32) -> String {
    format!("the feed has {found} partitions, and cannot have {wanted}: the order of its keys would break")
}

fn open_changes(changes: u64, partitions: u32) -> String {
    format!(
        "{changes} changes are still to be done in the {partitions} partitions of the feed; with more partitions they would \
         be overtaken by later ones of their key. Publish no more, wait until `status --feed` says 0 to do, and migrate again"
    )
}

/// Connects, on the runtime that will use it. A file need not be there yet: `migrate` makes it.
///
/// # Errors
/// There is nobody.
pub async fn connect(address: &Address) -> Result<Arc<dyn Engine>> {
    Ok(match &address.url {
        Url::Sqlite(path) => Arc::new(sqlite::Sqlite::of(path)?),
        Url::Nats(servers) => Arc::new(nats::Nats::connect(servers, &address.name).await?),
    })
}
