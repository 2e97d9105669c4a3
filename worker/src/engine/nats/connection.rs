//! A connection to a NATS server, and messages read and written by subject: the compare-and-set that the rest is made of.

use crate::engine::{CALL, Error, Result};
use async_nats::{
    ConnectOptions, Event, ServerAddr,
    jetstream::{
        self, ErrorCode,
        context::{Context, ContextBuilder, PublishError, PublishErrorKind},
        message::{PublishMessage, StreamMessage},
        publish::PublishAck,
        response::Response,
        stream::{Info, RawMessageBuilder, RawMessageErrorKind},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::{error::Error as _, fmt::Display, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Two of them without an answer, and the connection is taken for lost: it may be, without a word, when a network is cut.
const PING: Duration = Duration::from_secs(5);

/// Longest pause between two attempts to connect again.
const RECONNECT: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    pub(super) context: Context,
    place: String,
    lost: watch::Receiver<bool>,
}

impl Connection {
    /// Connects, and connects again by itself whenever the connection is lost.
    pub(super) async fn connect(url: &str) -> Result<Self> {
        // Without the URL: it may hold a password.
        let address: ServerAddr =
            url.parse().map_err(|error| Error::Refused(format!("the URL of the queue is wrong: {error}")))?;
        let place = format!("{}://{}:{}", address.scheme(), address.host(), address.port());
        let (sender, lost) = watch::channel(false);
        let connecting = options(&address, sender).connect(address);
        let client = match tokio::time::timeout(CALL, connecting).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(Error::Unreachable(format!("{place}: {error}"))),
            Err(_) => return Err(Error::Unreachable(format!("{place}: no connection within {CALL:?}"))),
        };
        Ok(Connection { context: ContextBuilder::new().timeout(CALL).build(client), place, lost })
    }

    /// Runs a call of the engine. While the connection is lost it fails at once; the client would store it up.
    pub(super) fn within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T>> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        // Boxed, since every future around it would hold it twice: 20 KiB to move about for each call.
        let call = tokio::time::timeout(limit, Box::pin(call));
        async move {
            let mut lost = self.lost.clone();
            tokio::select! {
                biased;
                _ = lost.wait_for(|lost| *lost) => Err(self.unreachable("the connection is lost")),
                answer = call => answer.unwrap_or_else(|_| Err(self.unreachable(format!("no answer within {limit:?}")))),
            }
        }
    }

    /// The last message of a subject. Read from the leader of the stream, as all here: a replica may be behind.
    pub(super) async fn last(&self, stream: &str, subject: &str) -> Result<Option<StreamMessage>> {
        self.read(stream, |stream| stream.raw_message_builder().last_by_subject(subject)).await
    }

    /// The message of a sequence.
    pub(super) async fn at(&self, stream: &str, sequence: u64) -> Result<Option<StreamMessage>> {
        self.read(stream, |stream| stream.raw_message_builder().sequence(sequence)).await
    }

    /// The first message of a subject that has at least this sequence.
    pub(super) async fn next(&self, stream: &str, subject: &str, from: u64) -> Result<Option<StreamMessage>> {
        self.read(stream, |stream| stream.raw_message_builder().next_by_subject(subject).sequence(from)).await
    }

    async fn read(
        &self,
        name: &str,
        request: impl FnOnce(&jetstream::stream::Stream<()>) -> RawMessageBuilder,
    ) -> Result<Option<StreamMessage>> {
        let stream = self.context.get_stream_no_info(name).await.map_err(|error| self.unreachable(error))?;
        match request(&stream).send().await {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(self.unreachable(format!("stream {name}: {error}"))),
        }
    }

    /// Stores a message; none if it expects a last sequence of its subject that is not the last any more.
    pub(super) async fn put(&self, subject: String, message: PublishMessage) -> Result<Option<PublishAck>> {
        let stored = match self.context.send_publish(subject, message).await {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        self.stored(stored)
    }

    /// What became of a message that was sent.
    pub(super) fn stored(&self, answer: std::result::Result<PublishAck, PublishError>) -> Result<Option<PublishAck>> {
        match answer {
            Ok(stored) => Ok(Some(stored)),
            Err(error) if is_wrong_sequence(&error) => Ok(None),
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => Err(self.refused(error)),
            Err(error) => Err(self.unreachable(error)),
        }
    }

    /// Asks the API of JetStream.
    pub(super) async fn ask<T: DeserializeOwned>(&self, subject: String, question: &impl Serialize) -> Result<T> {
        match self.context.request(subject, question).await {
            Ok(Response::Ok(answer)) => Ok(answer),
            Ok(Response::Err { error }) => Err(self.declined(&error)),
            Err(error) => Err(self.unreachable(format!("{error}; does this server run with JetStream?"))),
        }
    }

    /// How a stream is, and how much is in it.
    pub(super) async fn info(&self, stream: &str) -> Result<Info> {
        self.ask(format!("STREAM.INFO.{stream}"), &serde_json::json!({})).await
    }

    pub(super) fn declined(&self, error: &jetstream::Error) -> Error {
        let text = self.text(error);
        match error.error_code() {
            ErrorCode::STREAM_NOT_FOUND | ErrorCode::CONSUMER_NOT_FOUND => Error::NotMigrated(text),
            ErrorCode::CLUSTER_NOT_AVAILABLE => Error::Unreachable(text),
            _ => Error::Refused(text),
        }
    }

    pub(super) fn refused(&self, why: impl Display) -> Error {
        Error::Refused(self.text(why))
    }

    pub(super) fn unreachable(&self, why: impl Display) -> Error {
        Error::Unreachable(self.text(why))
    }

    pub(super) fn text(&self, why: impl Display) -> String {
        format!("{}: {why}", self.place)
    }
}

fn options(address: &ServerAddr, lost: watch::Sender<bool>) -> ConnectOptions {
    let lost = Arc::new(lost);
    let options = ConnectOptions::new()
        .name("plimsoll-worker")
        .connection_timeout(CALL)
        .ping_interval(PING)
        .reconnect_delay_callback(|attempt| {
            RECONNECT.min(Duration::from_millis(10) * u32::try_from(attempt).unwrap_or(100))
        })
        .event_callback(move |event| {
            let lost = lost.clone();
            async move {
                match event {
                    Event::Connected => drop(lost.send_replace(false)),
                    Event::Disconnected | Event::Closed => drop(lost.send_replace(true)),
                    _ => {}
                }
            }
        });
    match (address.username(), address.password()) {
        (Some(user), Some(password)) => options.user_and_password(user.to_owned(), password.to_owned()),
        (Some(token), None) => options.token(token.to_owned()),
        (None, _) => options,
    }
}

/// A cluster has a second code for it, which the client does not know.
fn is_wrong_sequence(error: &PublishError) -> bool {
    let answer = error.source().and_then(|error| error.downcast_ref::<jetstream::Error>());
    error.kind() == PublishErrorKind::WrongLastSequence
        || answer.is_some_and(|answer| answer.error_code() == ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT)
}
