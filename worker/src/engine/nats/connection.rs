//! A connection to a NATS server, and messages read and written by subject: the compare-and-set that the rest is made of.

use super::login;
use crate::engine::{CALL, Error, Result, address::Servers};
use async_nats::{
    Client, Event,
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

pub(crate) struct Connection {
    pub(super) context: Context,
    place: String,
    lost: watch::Receiver<bool>,
}

impl Connection {
    /// Connects, and connects again by itself whenever the connection is lost.
    pub(crate) async fn connect(servers: &Servers) -> Result<Self> {
        let (sender, lost) = watch::channel(false);
        let client = connect(servers, sender).await?;
        Ok(Connection { context: ContextBuilder::new().timeout(CALL).build(client), place: place(servers), lost })
    }

    /// Runs a call of the engine. While the connection is lost it fails at once; the client would store it up.
    pub(crate) fn within<T>(
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
    pub(crate) async fn last(&self, stream: &str, subject: &str) -> Result<Option<StreamMessage>> {
        self.read(stream, |stream| stream.raw_message_builder().last_by_subject(subject)).await
    }

    /// The message of a sequence.
    pub(super) async fn at(&self, stream: &str, sequence: u64) -> Result<Option<StreamMessage>> {
        self.read(stream, |stream| stream.raw_message_builder().sequence(sequence)).await
    }

    /// The first message of a subject that has at least this sequence.
    pub(crate) async fn next(&self, stream: &str, subject: &str, from: u64) -> Result<Option<StreamMessage>> {
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
    pub(crate) async fn put(&self, subject: String, message: PublishMessage) -> Result<Option<PublishAck>> {
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
    pub(crate) async fn info(&self, stream: &str) -> Result<Info> {
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

    pub(crate) fn refused(&self, why: impl Display) -> Error {
        Error::Refused(self.text(why))
    }

    pub(crate) fn unreachable(&self, why: impl Display) -> Error {
        Error::Unreachable(self.text(why))
    }

    pub(super) fn text(&self, why: impl Display) -> String {
        format!("{}: {why}", self.place)
    }
}

/// A client as the engine has it: for the benchmark.
pub(crate) async fn client(servers: &Servers) -> Result<Client> {
    connect(servers, watch::Sender::new(false)).await
}

/// Connects; `lost` is told whether the connection is.
async fn connect(servers: &Servers, lost: watch::Sender<bool>) -> Result<Client> {
    let lost = Arc::new(lost);
    let options = login::options(servers)?.event_callback(move |event| {
        let lost = lost.clone();
        async move {
            match event {
                Event::Connected => drop(lost.send_replace(false)),
                Event::Disconnected | Event::Closed => drop(lost.send_replace(true)),
                _ => {}
            }
        }
    });
    let place = place(servers);
    match tokio::time::timeout(CALL, options.connect(login::addresses(servers)?)).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(Error::Unreachable(format!("{place}: {}", told(&error)))),
        Err(_) => Err(Error::Unreachable(format!("{place}: no connection within {CALL:?}"))),
    }
}

/// As messages name it: without a login.
fn place(servers: &Servers) -> String {
    servers.addresses.join(",")
}

/// An error and what caused it: the client's own text does not always say why.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = error.source();
    }
    text
}

/// A cluster has a second code for it, which the client does not know.
fn is_wrong_sequence(error: &PublishError) -> bool {
    let answer = error.source().and_then(|error| error.downcast_ref::<jetstream::Error>());
    error.kind() == PublishErrorKind::WrongLastSequence
        || answer.is_some_and(|answer| answer.error_code() == ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT)
}
