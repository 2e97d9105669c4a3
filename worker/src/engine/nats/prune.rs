//! What is not needed any more. The server forgets records by itself after a week ([`REMEMBERED`], or as long as
//! is asked for if that is longer); what is to go sooner, and the changes of the feed, it is told here.

use super::{
    Connection, Nats,
    record::{Record, State},
};
use crate::{
    change::Progress,
    engine::{CALL, Feed, Pruned, REMEMBERED, Result},
};
use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
    message::StreamMessage,
    stream::{Config, Info},
};
use futures_util::{StreamExt, future::try_join_all};
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, Instant, SystemTime};

/// So many records are removed at once.
const SOME: usize = 256;

#[derive(Deserialize)]
struct Purged {
    purged: u64,
}

impl Nats {
    /// Removes a part of what ended longer than `keep` ago.
    pub(super) async fn prune_some(&self, keep: Duration, from: Option<&str>) -> Result<Pruned> {
        let before = self.server_time().await?.checked_sub(keep).unwrap_or(SystemTime::UNIX_EPOCH);
        let Some(from) = from else {
            self.connection.remember(&self.names.records, keep).await?;
            self.connection.remember(&self.names.discarded, keep).await?;
            self.connection.remember(&self.names.cancelled, keep).await?;
            let changes = self.prune_changes(before).await?;
            return Ok(Pruned { changes, next: Some("1".to_owned()), ..Pruned::default() });
        };
        let from = from.parse().map_err(|_| self.connection.refused(format!("`{from}` is not a sequence")))?;
        self.prune_records(before, from).await
    }

    /// Records are in the order in which they were written.
    async fn prune_records(&self, before: SystemTime, mut from: u64) -> Result<Pruned> {
        let (all, until) = (self.names.record("*"), Instant::now() + CALL / 2);
        let (mut old, mut next) = (Vec::new(), None);
        while let Some(message) = self.connection.next(&self.names.records, &all, from).await? {
            if SystemTime::from(message.time) > before {
                break;
            }
            from = message.sequence + 1;
            if has_ended(&message) {
                old.push(message.sequence);
            }
            if old.len() >= SOME || Instant::now() >= until {
                next = Some(from.to_string());
                break;
            }
        }
        try_join_all(old.iter().map(|sequence| self.delete(&self.names.records, *sequence))).await?;
        Ok(Pruned { jobs: old.len() as u64, next, ..Pruned::default() })
    }

    async fn prune_changes(&self, before: SystemTime) -> Result<u64> {
        let mut changes = 0;
        for Progress { partition, checkpoint, .. } in self.progress().await? {
            let subject = self.names.partition(partition);
            let young = self.connection.first_since(&self.names.feed, &subject, before).await?;
            changes += self.connection.purge(&self.names.feed, &subject, young.min(checkpoint + 1)).await?;
        }
        Ok(changes)
    }
}

impl Connection {
    /// Has the server remember as long, but never less than jobs may need it.
    pub(crate) async fn remember(&self, stream: &str, keep: Duration) -> Result<()> {
        let found: Config = self.info(stream).await?.config;
        let wanted = keep.max(REMEMBERED);
        if found.max_age != wanted {
            let wanted = Config { max_age: wanted, ..found };
            self.ask::<Info>(format!("STREAM.UPDATE.{stream}"), &wanted).await?;
        }
        Ok(())
    }

    /// The sequence of the first message that is younger; where there is none, of what comes next.
    pub(crate) async fn first_since(&self, stream: &str, subject: &str, time: SystemTime) -> Result<u64> {
        let next = self.info(stream).await?.state.last_sequence + 1;
        let config = pull::Config {
            filter_subject: subject.to_owned(),
            deliver_policy: DeliverPolicy::ByStartTime { start_time: time.into() },
            ack_policy: AckPolicy::None,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let made = self.context.create_consumer_on_stream(config, stream).await;
        let consumer: PullConsumer = made.map_err(|error| self.unreachable(error))?;
        let mut batch = consumer.fetch().max_messages(1).messages().await.map_err(|error| self.unreachable(error))?;
        let first = match batch.next().await {
            Some(message) => {
                let message = message.map_err(|error| self.unreachable(error))?;
                message.info().map_err(|error| self.refused(error))?.stream_sequence
            }
            None => next,
        };
        // The server would keep it for a while. Where this fails it does, and no harm is done.
        let _gone = self.context.delete_consumer_from_stream(&consumer.cached_info().name, stream).await;
        Ok(first)
    }

    /// Removes what a subject has before a sequence.
    pub(crate) async fn purge(&self, stream: &str, subject: &str, before: u64) -> Result<u64> {
        if before <= 1 {
            return Ok(0);
        }
        let what = json!({ "filter": subject, "seq": before });
        Ok(self.ask::<Purged>(format!("STREAM.PURGE.{stream}"), &what).await?.purged)
    }
}

/// Whether nobody needs a record but to know that there was such a job.
fn has_ended(message: &StreamMessage) -> bool {
    let record = serde_json::from_slice::<Record>(&message.payload);
    record.is_ok_and(|record| matches!(record.state, State::Done | State::Discarded))
}
