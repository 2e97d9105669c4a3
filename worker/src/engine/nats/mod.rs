//! The engine for many hosts: NATS with JetStream, from server 2.9 on.
//!
//! - `NAME-work` holds the jobs that are to be done; the server hands each to one worker, and again if the lease runs out.
//! - `NAME-records` says of each job what became of it. It is the truth, the work is only how a job gets around.
//! - `NAME-dead` holds the dead letters, `NAME-discarded` the ids of those that were discarded, `NAME-cancelled` those of jobs
//!   that were cancelled or are to be, `NAME-feed` the changes, and the bucket `NAME-leases` who works on a partition, and how far.
//!
//! A delivery's token is the sequence of its job's record when it began. The first delivery writes none (0), so a job that
//! goes well costs one record, that it is done; each later one writes that it has begun. Whoever settles names the token
//! as the last sequence of the record's subject, and the server refuses if there is a later one.
//!
//! What the server has confirmed survives its death. To survive the death of its machine as well, it needs replicas, or
//! `sync_interval: always` in its configuration.

mod cancel;
mod clock;
mod connection;
mod counts;
mod dead;
mod delivery;
mod feed;
mod login;
mod partitions;
mod prune;
mod pull;
mod queue;
mod record;
mod streams;

pub(crate) use connection::{Connection, client};

use super::{Engine, Error, Feed, Pruned, Result, address::Servers};
use crate::change::Versioned;
use async_nats::jetstream::{Context, consumer::PullConsumer};
use async_trait::async_trait;
use clock::Clock;
use feed::Reader;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use streams::Names;
use tokio::sync::OnceCell;

const VERSION: u32 = 1;

/// The durable consumer that all workers share.
const CONSUMER: &str = "workers";

/// Header with the sequence of a record.
const RECORD: &str = "Worker-Record";

/// Header with the sequence of the work that a dead letter was.
const WORK: &str = "Worker-Work";

/// Header with how long a job is not to be begun, in milliseconds from when the server stored it.
const DELAY: &str = "Worker-Delay";

/// The key of the bucket that is written when all else is there.
const SETTINGS: &str = "queue";

/// Server 2.9 tells of a stream that another process makes a moment before it can be read, and loses what it is asked then.
const READABLE: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Settings {
    version: u32,
    partitions: u32,
    /// Nothing is published while partitions are added: see `partitions.rs`.
    #[serde(default)]
    closed: bool,
}

/// A connection to a queue.
pub(super) struct Nats {
    connection: Connection,
    names: Names,
    clock: Clock,
    checked: OnceCell<Settings>,
    workers: Mutex<Option<(Duration, PullConsumer)>>,
    readers: Mutex<HashMap<u32, Reader>>,
}

impl Nats {
    /// Connects to a server; it need not have the queue.
    pub(super) async fn connect(servers: &Servers, queue: &str) -> Result<Self> {
        let connection = Connection::connect(servers).await?;
        Ok(Nats {
            connection,
            names: Names::new(queue),
            clock: Clock::default(),
            checked: OnceCell::new(),
            workers: Mutex::default(),
            readers: Mutex::default(),
        })
    }

    fn context(&self) -> &Context {
        &self.connection.context
    }

    /// One call of the engine, on a queue that is there.
    fn call<T: Send>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T>> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        let call = Box::pin(call);
        self.connection.within(limit, async move {
            // Once is enough for a connection. Server 2.9 has no answer for who reads from a stream that is not there.
            self.checked.get_or_try_init(|| self.settings()).await?;
            call.await
        })
    }

    async fn settings(&self) -> Result<Settings> {
        self.connection.info(&self.names.leases).await?;
        let Versioned { value, .. } = self.value::<Settings>(SETTINGS.to_owned()).await?;
        self.fits(value.version)?;
        Ok(value)
    }

    fn fits(&self, found: u32) -> Result<()> {
        match found {
            VERSION => Ok(()),
            0 => Err(Error::NotMigrated(self.connection.text("the queue is not made yet"))),
            newer => Err(self.connection.refused(format!(
                "the queue is of version {newer}, and this program knows up to {VERSION}; use a newer program"
            ))),
        }
    }

    async fn make(&self, partitions: Option<u32>) -> Result<()> {
        self.make_streams().await?;
        loop {
            match tokio::time::timeout(READABLE, self.write_settings(partitions)).await {
                Ok(Err(Error::Unreachable(_))) | Err(_) => tokio::time::sleep(READABLE / 10).await,
                Ok(Err(error)) => return Err(error),
                Ok(Ok(found)) => return self.gain_partitions(found, partitions.unwrap_or(found.partitions)).await,
            }
        }
    }

    /// Writes the settings of a new queue; those that there are.
    async fn write_settings(&self, partitions: Option<u32>) -> Result<Settings> {
        loop {
            let Versioned { value: found, revision } = self.value::<Settings>(SETTINGS.to_owned()).await?;
            self.fits(found.version.max(VERSION))?;
            if found.version == VERSION {
                return Ok(found);
            }
            let partitions = partitions.unwrap_or(super::PARTITIONS);
            let new = Settings { version: VERSION, partitions, closed: false };
            if self.write_value(SETTINGS.to_owned(), &new, revision).await?.is_some() {
                return Ok(new);
            }
        }
    }
}

#[async_trait]
impl Engine for Nats {
    async fn migrate(&self, partitions: Option<u32>) -> Result<()> {
        // Each of eight parts may take as long as a call; more partitions take longer.
        self.connection.within(8 * super::CALL + partitions::WAIT, self.make(partitions)).await
    }

    async fn check(&self) -> Result<()> {
        self.connection.within(super::CALL, self.settings()).await.map(drop)
    }

    async fn prune(&self, keep: Duration, from: Option<&str>) -> Result<Pruned> {
        self.call(super::CALL, self.prune_some(keep, from)).await
    }

    async fn time(&self) -> Result<SystemTime> {
        self.call(super::CALL, self.server_time()).await
    }

    fn feed(self: Arc<Self>) -> Option<Arc<dyn Feed>> {
        Some(self)
    }

    fn system(&self) -> &'static str {
        "nats"
    }
}
