//! Taking messages from a consumer without losing any.

use super::{CONSUMER, Nats, streams};
use crate::engine::{CALL, Error, Result};
use async_nats::jetstream::{
    Message,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
    stream::{ConsumerError, ConsumerErrorKind},
};
use futures_util::StreamExt;
use std::{sync::PoisonError, time::Duration};

/// A server cuts off a client to which more is on the way than it can take in for a while.
const BYTES: usize = 8 << 20;

/// What a message has beside its payload.
const HEADERS: usize = 64 << 10;

/// The server forgets a consumer that reads along when nobody has used it for so long.
const READER: Duration = Duration::from_secs(30);

impl Nats {
    /// Up to `max` messages, waiting up to `wait` for the first. Those that came before a fault are handed on.
    pub(super) async fn pull(
        &self,
        stream: &str,
        consumer: &PullConsumer,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Message>> {
        let mut found = Vec::new();
        let pulling = async {
            // The largest message must fit, or it would never come.
            let bytes = BYTES.max(self.context().client().max_payload() + HEADERS);
            match pull(consumer, max, bytes, wait, &mut found).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.connection.unreachable(format!("stream {stream}: {error}"))),
            }
        };
        // The server ends each request, so that none of its messages is on the way when it is not listened to any more.
        let pulled = self.connection.within(wait + CALL, pulling).await;
        if found.is_empty() { pulled.map(|()| found) } else { Ok(found) }
    }

    /// The consumer of all workers, with their lease.
    pub(super) async fn workers(&self, lease: Duration) -> Result<PullConsumer> {
        let known = self.workers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((known, consumer)) if known == lease => Ok(consumer),
            _ => {
                let found = self.context().get_consumer_from_stream(CONSUMER, &self.names.work).await;
                let mut consumer: PullConsumer = found.map_err(|error| self.no_consumer(error))?;
                if consumer.cached_info().config.ack_wait != lease {
                    consumer = self.make_consumer(lease).await?;
                }
                *self.workers.lock().unwrap_or_else(PoisonError::into_inner) = Some((lease, consumer.clone()));
                Ok(consumer)
            }
        }
    }

    /// Makes the consumer of all workers, or gives it another lease.
    pub(super) async fn make_consumer(&self, lease: Duration) -> Result<PullConsumer> {
        let made = self.context().create_consumer_on_stream(streams::consumer(lease), &self.names.work).await;
        made.map_err(|error| self.no_consumer(error))
    }

    /// A consumer that reads a subject from a sequence on, and leaves no trace.
    pub(super) async fn reader(&self, stream: &str, subject: String, from: u64) -> Result<PullConsumer> {
        let config = pull::Config {
            filter_subject: subject,
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from.max(1) },
            ack_policy: AckPolicy::None,
            inactive_threshold: READER,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let made = self.context().create_consumer_on_stream(config, stream).await;
        made.map_err(|error| self.no_consumer(error))
    }

    fn no_consumer(&self, error: ConsumerError) -> Error {
        match error.kind() {
            ConsumerErrorKind::JetStream(error) => self.connection.declined(&error),
            _ => self.connection.unreachable(error),
        }
    }
}

async fn pull(
    consumer: &PullConsumer,
    max: usize,
    bytes: usize,
    wait: Duration,
    found: &mut Vec<Message>,
) -> std::result::Result<(), async_nats::Error> {
    drain(consumer.fetch().max_messages(max).max_bytes(bytes).messages().await?, found).await?;
    if found.is_empty() && !wait.is_zero() {
        // For one alone, since it would wait for as many as it asks for.
        drain(consumer.batch().max_messages(1).expires(wait).messages().await?, found).await?;
        if !found.is_empty() && max > 1 {
            drain(consumer.fetch().max_messages(max - 1).max_bytes(bytes).messages().await?, found).await?;
        }
    }
    Ok(())
}

async fn drain(mut batch: pull::Batch, found: &mut Vec<Message>) -> std::result::Result<(), async_nats::Error> {
    while let Some(message) = batch.next().await {
        found.push(message?);
    }
    Ok(())
}
