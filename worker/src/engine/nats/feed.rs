//! The change feed: a subject for each partition, and a bucket with a lease and a checkpoint for each.

use super::{Nats, Settings, delivery::text};
use crate::{
    change::{Change, Lease, NewChange, Progress, Revision, Versioned},
    engine::{CALL, Feed, Result},
};
use async_nats::jetstream::{Message, consumer::PullConsumer, message::PublishMessage};
use async_trait::async_trait;
use futures_util::future::{join_all, try_join_all};
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::PoisonError, time::Duration};

/// As many changes are sent before the answers are awaited, and get [`CALL`] together.
const TOGETHER: usize = 1000;

/// Where reading a partition got to: the consumer goes on from there.
pub(super) struct Reader {
    consumer: PullConsumer,
    after: u64,
    delivered: u64,
}

#[async_trait]
impl Feed for Nats {
    async fn publish(&self, changes: &[NewChange]) -> Result<()> {
        for changes in changes.chunks(TOGETHER) {
            self.call(CALL, self.publish_together(changes)).await?;
        }
        Ok(())
    }

    async fn read(&self, partition: u32, after: u64, max: usize, wait: Duration) -> Result<Vec<Change>> {
        let known = self.readers.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
        if let Some(reader) = known.filter(|reader| reader.after == after) {
            // It is gone after a restart of the server, or when it was not used for long.
            if let Ok(changes) = self.read_on(partition, reader, max, wait).await {
                return Ok(changes);
            }
        }
        let reader = self.reader(&self.names.feed, self.names.partition(partition), after + 1);
        let consumer = self.call(CALL, reader).await?;
        self.read_on(partition, Reader { consumer, after, delivered: 0 }, max, wait).await
    }

    async fn leases(&self) -> Result<Vec<Versioned<Lease>>> {
        let leases = async {
            let partitions = self.settings().await?.partitions;
            try_join_all((0..partitions).map(|partition| self.value(lease(partition)))).await
        };
        self.call(CALL, leases).await
    }

    async fn write_lease(&self, partition: u32, value: &Lease, seen: Revision) -> Result<Option<Revision>> {
        self.call(CALL, self.write_value(lease(partition), value, seen)).await
    }

    async fn checkpoint(&self, partition: u32) -> Result<Versioned<u64>> {
        self.call(CALL, self.value(checkpoint(partition))).await
    }

    async fn write_checkpoint(&self, partition: u32, offset: u64, seen: Revision) -> Result<Option<Revision>> {
        self.call(CALL, self.write_value(checkpoint(partition), &offset, seen)).await
    }

    async fn progress(&self) -> Result<Vec<Progress>> {
        let progress = async {
            let partitions = self.settings().await?.partitions;
            try_join_all((0..partitions).map(|partition| self.progress_of(partition))).await
        };
        self.call(CALL, progress).await
    }
}

fn lease(partition: u32) -> String {
    format!("lease.{partition}")
}

fn checkpoint(partition: u32) -> String {
    format!("checkpoint.{partition}")
}

impl Nats {
    /// All of them on their way before the first answer is awaited, in order: the server keeps it.
    async fn publish_together(&self, changes: &[NewChange]) -> Result<()> {
        // Within the same call: while it lasts, the feed gains no partitions.
        let Settings { partitions, closed, .. } = self.settings().await?;
        if closed {
            return Err(self
                .connection
                .unreachable("the feed is gaining partitions; try again when `migrate` is through"));
        }
        let mut answers = Vec::with_capacity(changes.len());
        for change in changes {
            let subject = self.names.partition(change.partition(partitions));
            let message = PublishMessage::build().payload(text(change).into());
            match self.context().send_publish(subject, message).await {
                Ok(answer) => answers.push(answer.into_future()),
                Err(error) => return self.connection.stored(Err(error)).map(drop),
            }
        }
        for answer in join_all(answers).await {
            self.connection.stored(answer)?;
        }
        Ok(())
    }

    async fn read_on(&self, partition: u32, mut reader: Reader, max: usize, wait: Duration) -> Result<Vec<Change>> {
        let messages = self.pull(&self.names.feed, &reader.consumer, max, wait).await?;
        let mut changes = Vec::with_capacity(messages.len());
        for message in &messages {
            let info = message.info().map_err(|error| self.connection.refused(error))?;
            // One is missing, because a pull was broken off: it must be read again, so this reader is not kept.
            if info.consumer_sequence != reader.delivered + 1 {
                return Ok(changes);
            }
            (reader.after, reader.delivered) = (info.stream_sequence, info.consumer_sequence);
            changes.push(Change { partition, offset: info.stream_sequence, change: change(message) });
        }
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, reader);
        Ok(changes)
    }

    async fn progress_of(&self, partition: u32) -> Result<Progress> {
        let Lease { owner, .. } = self.value::<Lease>(lease(partition)).await?.value;
        let checkpoint = self.value(checkpoint(partition)).await?.value;
        let subject = self.names.partition(partition);
        let last = self.connection.last(&self.names.feed, &subject).await?;
        let lag = match last {
            Some(last) if last.sequence > checkpoint => self.lag(subject, checkpoint).await?,
            _ => 0,
        };
        Ok(Progress { partition, owner, checkpoint, lag })
    }

    /// Only a consumer can tell how much there is from a sequence on.
    async fn lag(&self, subject: String, checkpoint: u64) -> Result<u64> {
        let consumer = self.reader(&self.names.feed, subject, checkpoint + 1).await?;
        let info = consumer.cached_info();
        // The server would keep it for a while. Where this fails it does, and no harm is done.
        let _gone = self.context().delete_consumer_from_stream(&info.name, &self.names.feed).await;
        Ok(info.num_pending)
    }

    /// A value of the bucket, or what it is before anybody wrote it.
    pub(super) async fn value<T: DeserializeOwned + Default>(&self, key: String) -> Result<Versioned<T>> {
        let Some(message) = self.connection.last(&self.names.leases, &self.names.key(&key)).await? else {
            return Ok(Versioned::default());
        };
        let value = serde_json::from_slice(&message.payload)
            .map_err(|error| self.connection.refused(format!("the value of {key} cannot be read: {error}")))?;
        Ok(Versioned { value, revision: message.sequence })
    }

    /// Writes a value of the bucket if nobody wrote it since `seen`; the new revision, or none.
    pub(super) async fn write_value<T>(&self, key: String, value: &T, seen: Revision) -> Result<Option<Revision>>
    where
        T: Serialize + Sync,
    {
        let message = PublishMessage::build().payload(text(value).into()).expected_last_subject_sequence(seen);
        let stored = self.connection.put(self.names.key(&key), message).await?;
        Ok(stored.map(|stored| stored.sequence))
    }
}

fn change(message: &Message) -> NewChange {
    serde_json::from_slice(&message.payload)
        .unwrap_or_else(|_| NewChange::unreadable(String::from_utf8_lossy(&message.payload).into_owned()))
}
