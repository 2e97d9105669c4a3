//! The sink on the server of the queue, in streams of its own.

use super::{Effects, Store};
use crate::{
    change::Change,
    engine::{CALL, REMEMBERED, Result, Servers, nats::Connection},
};
use async_nats::jetstream::{message::PublishMessage, stream::Config};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

pub(super) struct Nats {
    connection: Connection,
    queue: String,
}

/// What was counted of a partition, and up to which offset: one record, so neither is ever without the other.
#[derive(Default, Serialize, Deserialize)]
struct Projection {
    offset: u64,
    projected: u64,
}

impl Nats {
    pub(super) async fn connect(servers: &Servers, queue: &str) -> Result<Self> {
        Ok(Nats { connection: Connection::connect(servers).await?, queue: queue.to_owned() })
    }

    fn stream(&self, what: &str) -> String {
        format!("{}-{what}s", self.queue)
    }

    fn subject(&self, what: &str, of: &str) -> String {
        format!("{}.{what}.{of}", self.queue)
    }

    fn config(&self, what: &str) -> Config {
        Config { name: self.stream(what), subjects: vec![self.subject(what, "*")], ..Config::default() }
    }

    async fn make(&self) -> Result<()> {
        self.connection.make_stream(&Config { max_age: REMEMBERED, ..self.config("effect") }).await?;
        self.connection.make_stream(&Config { max_messages_per_subject: 1, ..self.config("projection") }).await
    }

    async fn project_one(&self, change: &Change) -> Result<bool> {
        let subject = self.subject("projection", &change.partition.to_string());
        loop {
            let found = self.connection.last(&self.stream("projection"), &subject).await?;
            let (seen, Projection { offset, projected }) =
                found.map_or_else(Default::default, |message| (message.sequence, parsed(&message.payload)));
            if offset >= change.offset {
                return Ok(false);
            }
            let next = Projection { offset: change.offset, projected: projected + 1 };
            let body = serde_json::to_vec(&next).map_err(|error| self.connection.refused(error))?;
            let message = PublishMessage::build().payload(body.into()).expected_last_subject_sequence(seen);
            if self.connection.put(subject.clone(), message).await?.is_some() {
                return Ok(true);
            }
        }
    }

    async fn projected(&self) -> Result<u64> {
        let (stream, all) = (self.stream("projection"), self.subject("projection", "*"));
        // One that is written while this reads comes again, with more.
        let (mut by_subject, mut from) = (BTreeMap::new(), 1);
        while let Some(message) = self.connection.next(&stream, &all, from).await? {
            from = message.sequence + 1;
            by_subject.insert(message.subject.to_string(), parsed(&message.payload).projected);
        }
        Ok(by_subject.values().sum())
    }
}

fn parsed(payload: &[u8]) -> Projection {
    serde_json::from_slice(payload).unwrap_or_default()
}

#[async_trait]
impl Store for Nats {
    async fn migrate(&self) -> Result<()> {
        self.connection.within(2 * CALL, self.make()).await
    }

    async fn effect(&self, job: &str, value: &str) -> Result<bool> {
        let message = PublishMessage::build().payload(value.to_owned().into()).expected_last_subject_sequence(0);
        let stored = self.connection.put(self.subject("effect", job), message);
        Ok(self.connection.within(CALL, stored).await?.is_some())
    }

    async fn project(&self, change: &Change) -> Result<bool> {
        self.connection.within(CALL, self.project_one(change)).await
    }

    async fn effects(&self) -> Result<Effects> {
        let effects = async {
            let state = self.connection.info(&self.stream("effect")).await?.state;
            Ok(Effects { total: state.messages, distinct: state.subjects_count, projected: self.projected().await? })
        };
        self.connection.within(CALL, effects).await
    }

    /// What is younger than a week by the clock of this host; the server forgets the rest by itself.
    async fn forget(&self, keep: Duration) -> Result<u64> {
        let (stream, all) = (self.stream("effect"), self.subject("effect", "*"));
        let before = SystemTime::now().checked_sub(keep).unwrap_or(SystemTime::UNIX_EPOCH);
        let forget = async {
            self.connection.remember(&stream, keep).await?;
            let young = self.connection.first_since(&stream, &all, before).await?;
            self.connection.purge(&stream, &all, young).await
        };
        self.connection.within(CALL, forget).await
    }
}
