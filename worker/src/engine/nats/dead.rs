//! Dead letters: a stream of their own, so that they stay until somebody asks for them.

use super::{
    Nats, RECORD, WORK,
    delivery::{is_id, job, number, text},
    record::{Found, Record, State},
};
use crate::{
    engine::{CALL, Error, Result},
    job::{Buried, Claim, DeadLetter, Job, Page, Reason, Settlement},
};
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use serde_json::{Value, json};
use std::time::Instant;

impl Nats {
    /// Settles a delivery as dead; whether it was ours to settle. If the process dies before the letter is written, the
    /// next delivery of the work writes it.
    pub(super) async fn bury(&self, claim: &Claim, settlement: &Settlement) -> Result<bool> {
        let sequence = stream_sequence(&claim.reply);
        let Some(work) = self.connection.at(&self.names.work, sequence).await? else { return Ok(false) };
        let Some((record_sequence, record)) = self.write_settled(claim, settlement).await? else { return Ok(false) };
        let job = job(&work.subject, &work.payload);
        self.write_dead_letter(&job, &record, record_sequence, sequence).await?;
        Ok(true)
    }

    /// Writes the letter that belongs to a record; a second time changes nothing, also if the letter is gone by then.
    pub(super) async fn write_dead_letter(&self, job: &Job, record: &Record, sequence: u64, work: u64) -> Result<()> {
        let State::Dead { reason, error } = record.state.clone() else { return Ok(()) };
        let attempts = record.attempts;
        let letter = DeadLetter { job: job.clone(), reason, error, attempts, without_payload: false };
        let put = |letter: &DeadLetter| {
            let message = PublishMessage::build()
                .payload(text(letter).into())
                .message_id(format!("{}.{sequence}", job.id))
                .header(RECORD, sequence.to_string().as_str())
                .header(WORK, work.to_string().as_str());
            self.connection.put(self.names.dead_letter(&job.id), message)
        };
        // What was not enqueued by this program may leave no room for what went wrong.
        match put(&letter).await {
            Err(Error::Refused(_)) => put(&letter.cut()).await.map(drop),
            other => other.map(drop),
        }
    }

    /// A page of letters. One by one, since some have a megabyte and the server would send them all at once; what takes
    /// long ends the page as well.
    pub(super) async fn dead_page(&self, from: Option<&str>) -> Result<Page> {
        let mut from: u64 = match from {
            Some(text) => text.parse().map_err(|_| self.connection.refused(format!("`{text}` is not a sequence")))?,
            None => 1,
        };
        let (all, until) = (self.names.dead_letter("*"), Instant::now() + CALL / 2);
        let (mut page, mut bytes) = (Page::default(), 0);
        while let Some(message) = self.connection.next(&self.names.dead, &all, from).await? {
            page.letters.push(buried(&message));
            from = message.sequence + 1;
            bytes += message.payload.len();
            if bytes >= Page::BYTES || Instant::now() >= until {
                page.next = Some(from.to_string());
                break;
            }
        }
        Ok(page)
    }

    /// The letter of a job, as it is stored.
    async fn stored_letter(&self, id: &str) -> Result<Option<StreamMessage>> {
        // A `*` would stand for the letter of any job.
        if !is_id(id) {
            return Ok(None);
        }
        self.connection.last(&self.names.dead, &self.names.dead_letter(id)).await
    }

    pub(super) async fn letter_of(&self, id: &str) -> Result<Option<Buried>> {
        Ok(self.stored_letter(id).await?.map(|letter| buried(&letter)))
    }

    /// New work, which names the record of the dead letter: deliveries from before have older tokens. May be repeated
    /// if the process dies between any two steps.
    pub(super) async fn requeue_one(&self, id: &str) -> Result<bool> {
        let Some(letter) = self.stored_letter(id).await? else { return Ok(false) };
        let Buried { letter: dead, .. } = buried(&letter);
        if dead.without_payload {
            let why =
                format!("the payload of job {id} was too large to be kept; enqueue the job again under another id");
            return Err(self.connection.refused(why));
        }
        let Found { sequence: record, record: found, .. } = self.record(id).await?;
        let discarded = found.is_some_and(|found| found.state == State::Discarded);
        // Otherwise somebody has worked on it since: an earlier requeue came as far as that.
        if !discarded && is_of(&letter, record) {
            // There still, if the process that wrote the letter died right after.
            self.delete(&self.names.work, number(Some(&letter.headers), WORK)).await?;
            self.put_requeued(&dead.job, record).await?;
        }
        self.delete(&self.names.dead, letter.sequence).await?;
        Ok(!discarded)
    }

    /// The record says first that it is discarded, so that nothing is forgotten by whoever dies between any two steps.
    pub(super) async fn discard_one(&self, id: &str) -> Result<bool> {
        let Some(letter) = self.stored_letter(id).await? else { return Ok(false) };
        let Found { sequence: record, record: found, .. } = self.record(id).await?;
        let discarded = match found.map(|found| found.state) {
            Some(State::Discarded) => true,
            // Somebody works on it again: an earlier requeue came as far as that.
            _ if !is_of(&letter, record) => false,
            _ => {
                self.delete(&self.names.work, number(Some(&letter.headers), WORK)).await?;
                self.write(id, &Record::discarded(), record).await?.is_some()
            }
        };
        if discarded {
            // One for each id, however often it is put there.
            self.connection.put(self.names.discarded(id), PublishMessage::build()).await?;
        }
        self.delete(&self.names.dead, letter.sequence).await?;
        Ok(discarded)
    }

    async fn put_requeued(&self, job: &Job, record: u64) -> Result<()> {
        let work = PublishMessage::build()
            .payload(text(job).into())
            .message_id(format!("{}.{record}", job.id))
            .header(RECORD, record.to_string().as_str())
            .expected_last_subject_sequence(0);
        self.connection.put(self.names.requeued_work(&job.id), work).await.map(drop)
    }

    /// Deletes a message, if it is there.
    pub(super) async fn delete(&self, stream: &str, sequence: u64) -> Result<()> {
        match self.connection.ask::<Value>(format!("STREAM.MSG.DELETE.{stream}"), &json!({ "seq": sequence })).await {
            Err(Error::Refused(_)) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What a letter says. One that cannot be read is a letter too, and can be looked at and discarded.
fn buried(message: &StreamMessage) -> Buried {
    let letter = serde_json::from_slice(&message.payload).unwrap_or_else(|error| DeadLetter {
        job: job(&message.subject, &message.payload),
        reason: Reason::Rejected,
        error: format!("the letter cannot be read: {error}").into(),
        attempts: 0,
        without_payload: true,
    });
    Buried { letter, since: message.time.into() }
}

/// Whether a record, or that there is none any more, is what a letter says the end of.
fn is_of(letter: &StreamMessage, record: u64) -> bool {
    record == number(Some(&letter.headers), RECORD) || record == 0
}

/// The sequence of the work in its stream, out of the subject that takes the acknowledgement:
/// `$JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.…`, with a domain and an account before the stream in newer servers.
pub(super) fn stream_sequence(reply: &str) -> u64 {
    let tokens: Vec<_> = reply.split('.').collect();
    let at = if tokens.len() > 9 { 7 } else { 5 };
    tokens.get(at).and_then(|token| token.parse().ok()).unwrap_or_default()
}
