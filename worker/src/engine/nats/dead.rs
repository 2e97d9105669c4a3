//! Dead letters: a stream of their own, so that they stay until somebody asks for them.

use super::{
    Nats, RECORD, WORK,
    delivery::{is_id, job, number, text},
    record::{Record, State},
};
use crate::{
    engine::{Error, Result},
    job::{Claim, DeadLetter, Job, Settlement},
};
use async_nats::jetstream::message::PublishMessage;
use serde_json::{Value, json};
use std::time::Duration;

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

    pub(super) async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let all = self.names.dead_letter("*");
        let reader = self.call(crate::engine::CALL, self.reader(&self.names.dead, all, 1)).await?;
        let count = usize::try_from(reader.cached_info().num_pending).unwrap_or(usize::MAX);
        if count == 0 {
            return Ok(Vec::new());
        }
        let messages = self.pull(&self.names.dead, &reader, count, Duration::ZERO).await?;
        messages.iter().map(|message| self.letter(&message.payload)).collect()
    }

    fn letter(&self, payload: &[u8]) -> Result<DeadLetter> {
        serde_json::from_slice(payload)
            .map_err(|error| self.connection.refused(format!("a dead letter cannot be read: {error}")))
    }

    /// New work, which names the record of the dead letter: deliveries from before have older tokens. May be repeated
    /// if the process dies between any two steps.
    pub(super) async fn requeue_one(&self, id: &str) -> Result<bool> {
        // A `*` would stand for the letter of any job.
        if !is_id(id) {
            return Ok(false);
        }
        let Some(letter) = self.connection.last(&self.names.dead, &self.names.dead_letter(id)).await? else {
            return Ok(false);
        };
        let dead = self.letter(&letter.payload)?;
        if dead.without_payload {
            let why =
                format!("the payload of job {id} was too large to be kept; enqueue the job again under another id");
            return Err(self.connection.refused(why));
        }
        let record = self.record(id).await?.sequence;
        // Otherwise somebody has worked on it since: an earlier requeue came as far as that.
        if record == number(Some(&letter.headers), RECORD) || record == 0 {
            // There still, if the process that wrote the letter died right after.
            self.delete(&self.names.work, number(Some(&letter.headers), WORK)).await?;
            self.put_requeued(&dead.job, record).await?;
        }
        self.delete(&self.names.dead, letter.sequence).await?;
        Ok(true)
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
    async fn delete(&self, stream: &str, sequence: u64) -> Result<()> {
        match self.connection.ask::<Value>(format!("STREAM.MSG.DELETE.{stream}"), &json!({ "seq": sequence })).await {
            Err(Error::Refused(_)) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The sequence of the work in its stream, out of the subject that takes the acknowledgement:
/// `$JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.…`, with a domain and an account before the stream in newer servers.
fn stream_sequence(reply: &str) -> u64 {
    let tokens: Vec<_> = reply.split('.').collect();
    let at = if tokens.len() > 9 { 7 } else { 5 };
    tokens.get(at).and_then(|token| token.parse().ok()).unwrap_or_default()
}
