//! What a queue, a feed and the sample's sink ask of an engine, and which engines there are.
//!
//! A connection belongs to the thread that opened it: the renewer has one of its own, so that nothing that the work does
//! can keep it from renewing. Every call returns within [`CALL`] or fails; a call that fails may have had its effect.

mod nats;
mod sqlite;

use crate::{
    change::{Change, Lease, NewChange, Progress, Revision, Versioned},
    job::{Claim, Counts, DeadLetter, Delivery, Job, Settled, Settlement},
};
use async_trait::async_trait;
use serde::Serialize;
use std::{str::FromStr, sync::Arc, time::Duration};

/// Longest time that one call takes, apart from the wait that [`Queue::claim`] and [`Feed::read`] are told.
pub const CALL: Duration = Duration::from_secs(2);

/// How long the id of a job is remembered after it was done: longer than any lease or pause. That of a dead letter is for as
/// long as the letter is there.
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
pub trait Queue {
    /// Puts jobs into the queue; says for each whether it is new. A job whose id is there already, or
    /// is [remembered](REMEMBERED), is left as it is.
    async fn enqueue(&self, jobs: &[Job]) -> Result<Vec<bool>>;

    /// Leases up to `slots` jobs, waiting up to `wait` for the first. Do not drop the future: what it would have brought
    /// would be nobody's until the lease runs out.
    async fn claim(&self, slots: usize, lease: Duration, wait: Duration) -> Result<Vec<Delivery>>;

    /// Leases them for another `lease`; says for each whether it was still ours as far as the engine knows.
    async fn renew(&self, claims: &[Claim], lease: Duration) -> Result<Vec<bool>>;

    /// Says what becomes of a delivery.
    async fn settle(&self, claim: &Claim, settlement: &Settlement) -> Result<Settled>;

    /// How many jobs are where.
    async fn counts(&self) -> Result<Counts>;

    /// Jobs that still have to be done: what `worker.queue.lag` shows, so it must be cheap.
    async fn backlog(&self) -> Result<u64>;

    /// All dead letters, the oldest first.
    async fn dead(&self) -> Result<Vec<DeadLetter>>;

    /// Puts a dead letter back into the queue, with no attempts, deliveries or strikes; false if there is none of that id.
    async fn requeue(&self, id: &str) -> Result<bool>;
}

/// An ordered change feed.
#[async_trait]
pub trait Feed {
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

/// Where the sample handlers leave their effects, so that anybody can count them from outside.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Leaves the effect of a job; false if it is there already.
    async fn effect(&self, job: &str, value: &str) -> Result<bool>;

    /// Counts a change under its key; false if it, or a later one of its partition, has been counted.
    async fn project(&self, change: &Change) -> Result<bool>;

    /// How many effects there are.
    async fn effects(&self) -> Result<Effects>;
}

/// Effects of the sample handlers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effects {
    /// Of jobs.
    pub total: u64,
    /// Jobs that have one; less than `total` if any took effect twice.
    pub distinct: u64,
    /// Changes that were counted.
    #[serde(skip)]
    pub projected: u64,
}

/// One engine, connected.
#[async_trait]
pub trait Engine: Queue + Feed + Sink {
    /// Makes or upgrades what the queue needs. May be called again, and by several processes at once.
    async fn migrate(&self, partitions: u32) -> Result<()>;

    /// Whether the queue can be used by this version; without an effect.
    async fn check(&self) -> Result<()>;

    /// `messaging.system` of the semantic conventions.
    fn system(&self) -> &'static str;
}

/// Where a queue is: `--queue-url` and `--queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Which engine.
    pub url: Url,
    /// Name of the queue or feed there.
    pub name: String,
}

/// Which engine, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Url {
    /// A file of this host.
    Sqlite(std::path::PathBuf),
    /// A NATS server with JetStream, as its client understands it.
    Nats(String),
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Url::Sqlite(path.into())),
            Some(("nats" | "tls", host)) if !host.is_empty() => Ok(Url::Nats(text.to_owned())),
            _ => Err("write sqlite:///path/to/file or nats://host:4222".to_owned()),
        }
    }
}

/// Connects, on the runtime that will use it. A file need not be there yet: `migrate` makes it.
///
/// # Errors
/// There is nobody.
pub async fn connect(address: &Address) -> Result<Arc<dyn Engine>> {
    Ok(match &address.url {
        Url::Sqlite(path) => Arc::new(sqlite::Sqlite::of(path)?),
        Url::Nats(url) => Arc::new(nats::Nats::connect(url, &address.name).await?),
    })
}
