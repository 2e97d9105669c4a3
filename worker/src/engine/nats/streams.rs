//! The streams that a queue is made of, and their names.

use super::{CONSUMER, Connection, Nats};
use crate::engine::{Error, REMEMBERED, Result};
use async_nats::jetstream::{
    ErrorCode,
    consumer::{AckPolicy, DeliverPolicy, pull},
    response::Response,
    stream::{Config, DiscardPolicy, Info, RetentionPolicy},
};
use std::time::Duration;

/// Until the first claim says otherwise.
const LEASE: Duration = Duration::from_secs(30);

/// Names of streams and subjects. Those of a queue begin with its name.
pub(super) struct Names {
    pub(super) work: String,
    pub(super) records: String,
    pub(super) dead: String,
    /// Ids of dead letters that were discarded: their number alone is of use.
    pub(super) discarded: String,
    /// Ids of jobs that were cancelled, and of those whose handlers are to hear it.
    pub(super) cancelled: String,
    pub(super) feed: String,
    /// The stream of the bucket of keys and values.
    pub(super) leases: String,
    queue: String,
}

impl Names {
    pub(super) fn new(queue: &str) -> Self {
        Names {
            work: format!("{queue}-work"),
            records: format!("{queue}-records"),
            dead: format!("{queue}-dead"),
            discarded: format!("{queue}-discarded"),
            cancelled: format!("{queue}-cancelled"),
            feed: format!("{queue}-feed"),
            leases: format!("KV_{queue}-leases"),
            queue: queue.to_owned(),
        }
    }

    /// Work that was enqueued.
    pub(super) fn new_work(&self, job: &str) -> String {
        format!("{}.work.new.{job}", self.queue)
    }

    /// Work that was a dead letter; has a record of its earlier life.
    pub(super) fn requeued_work(&self, job: &str) -> String {
        format!("{}.work.requeued.{job}", self.queue)
    }

    pub(super) fn all_work(&self) -> String {
        format!("{}.work.>", self.queue)
    }

    pub(super) fn record(&self, job: &str) -> String {
        format!("{}.record.{job}", self.queue)
    }

    pub(super) fn dead_letter(&self, job: &str) -> String {
        format!("{}.dead.{job}", self.queue)
    }

    pub(super) fn discarded(&self, job: &str) -> String {
        format!("{}.discarded.{job}", self.queue)
    }

    pub(super) fn cancelled(&self, job: &str) -> String {
        format!("{}.cancelled.{job}", self.queue)
    }

    /// That whoever works on a job is to come to an end.
    pub(super) fn unwanted(&self, job: &str) -> String {
        format!("{}.unwanted.{job}", self.queue)
    }

    pub(super) fn partition(&self, partition: u32) -> String {
        format!("{}.feed.{partition}", self.queue)
    }

    pub(super) fn key(&self, key: &str) -> String {
        format!("$KV.{}-leases.{key}", self.queue)
    }

    fn streams(&self) -> [Config; 7] {
        let stream = |name: &str, subject: String| Config {
            name: name.to_owned(),
            subjects: vec![subject],
            ..Config::default()
        };
        [
            Config { retention: RetentionPolicy::WorkQueue, ..stream(&self.work, self.all_work()) },
            Config { max_messages_per_subject: 1, max_age: REMEMBERED, ..stream(&self.records, self.record("*")) },
            Config { max_messages_per_subject: 1, ..stream(&self.dead, self.dead_letter("*")) },
            // As long as its record.
            Config { max_messages_per_subject: 1, max_age: REMEMBERED, ..stream(&self.discarded, self.discarded("*")) },
            Config {
                subjects: vec![self.cancelled("*"), self.unwanted("*")],
                max_messages_per_subject: 1,
                max_age: REMEMBERED,
                ..stream(&self.cancelled, String::new())
            },
            stream(&self.feed, format!("{}.feed.*", self.queue)),
            // What `nats kv` expects of a bucket.
            Config {
                max_messages_per_subject: 1,
                discard: DiscardPolicy::New,
                allow_rollup: true,
                deny_delete: true,
                allow_direct: true,
                ..stream(&self.leases, self.key(">"))
            },
        ]
    }
}

/// Who hands out the work.
pub(super) fn consumer(lease: Duration) -> pull::Config {
    pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: lease,
        // Whether a job was tried too often is the worker's to say, and how much it takes at a time too.
        max_deliver: -1,
        max_ack_pending: -1,
        ..pull::Config::default()
    }
}

impl Nats {
    /// Makes what is missing. What is there stays as it is: replicas and limits are the operator's to choose.
    pub(super) async fn make_streams(&self) -> Result<()> {
        for stream in self.names.streams() {
            self.connection.make_stream(&stream).await?;
        }
        let workers = format!("CONSUMER.INFO.{}.{CONSUMER}", self.names.work);
        match self.connection.ask::<serde_json::Value>(workers, &serde_json::json!({})).await {
            Err(Error::NotMigrated(_)) => self.make_consumer(LEASE).await.map(drop),
            other => other.map(drop),
        }
    }
}

impl Connection {
    /// Makes a stream unless it is there.
    pub(crate) async fn make_stream(&self, wanted: &Config) -> Result<()> {
        let name = &wanted.name;
        let made = self.context.request(format!("STREAM.CREATE.{name}"), wanted).await;
        let found = match made.map_err(|error| self.unreachable(error))? {
            Response::Ok::<Info>(made) => made,
            Response::Err { error } if error.error_code() == ErrorCode::STREAM_NAME_EXIST => self.info(name).await?,
            // Server 2.9 says so, too, where somebody else makes the same stream at this moment.
            Response::Err { error } if error.error_code() == ErrorCode::STREAM_SUBJECT_OVERLAP => {
                self.info(name).await.map_err(|_| self.declined(&error))?
            }
            Response::Err { error } => return Err(self.declined(&error)),
        };
        if found.config.subjects != wanted.subjects || found.config.retention != wanted.retention {
            return Err(self.refused(format!(
                "there is a stream {name} that this program did not make; give the queue another name with --queue"
            )));
        }
        Ok(())
    }
}
