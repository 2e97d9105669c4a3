//! From a message with work to a delivery, or to nothing if the record says that the work is no longer wanted.

use super::{
    DELAY, Nats, RECORD,
    queue::put_off,
    record::{Found, Record, State, attempts},
};
use crate::{
    engine::Result,
    job::{Claim, Delivery, Job},
    retry::LONGEST,
};
use async_nats::{
    HeaderMap,
    jetstream::{Message, message::Info},
};
use serde::Serialize;
use std::time::{Duration, SystemTime};

impl Nats {
    /// What is to be done about a message that was handed to us, where jobs may have been cancelled or not.
    pub(super) async fn take(&self, message: &Message, cancelled: bool) -> Result<Option<Delivery>> {
        let info = message.info().map_err(|error| self.connection.refused(error))?;
        let job = job(&message.subject, &message.payload);
        // Nobody had it before, so its record is what it was when it was enqueued: none, or that of the dead letter.
        let known = number(message.headers.as_ref(), RECORD);
        let is_first = info.delivered == 1 && !(cancelled && self.was_written(&job, known).await?);
        let (token, attempts, strikes) = match is_first {
            true if self.is_put_off(message, &info, &job).await? => return Ok(None),
            true => (known, 0, 0),
            false => match self.retake(message, &job, known).await? {
                Some(taken) => taken,
                None => return Ok(None),
            },
        };
        let reply = message.reply.as_ref().map(ToString::to_string).unwrap_or_default();
        let claim = Claim { id: job.id.clone(), token, reply };
        let deliveries = u32::try_from(info.delivered).unwrap_or(u32::MAX);
        Ok(Some(Delivery { job, claim, attempts, deliveries, strikes }))
    }

    /// Whether there is another record than the one that a job was enqueued with: it was cancelled, or it was handed out
    /// before and the server counts anew, as 2.9 does after the consumer was given another lease.
    async fn was_written(&self, job: &Job, known: u64) -> Result<bool> {
        Ok(self.record(&job.id).await?.sequence != known)
    }

    /// Whether a job is not to be begun yet, and so is put off. The record says so first: what is put off was not begun.
    async fn is_put_off(&self, message: &Message, info: &Info<'_>, job: &Job) -> Result<bool> {
        let delay = Duration::from_millis(number(message.headers.as_ref(), DELAY)).min(LONGEST);
        if delay.is_zero() {
            return Ok(false);
        }
        let due = SystemTime::from(info.published) + delay;
        let left = due.duration_since(self.server_time().await?).unwrap_or_default().min(delay);
        if left.is_zero() {
            return Ok(false);
        }
        if self.write(&job.id, &Record::put_off(left), number(message.headers.as_ref(), RECORD)).await?.is_some() {
            self.put_off(message, left).await?;
        }
        Ok(true)
    }

    async fn put_off(&self, message: &Message, left: Duration) -> Result<()> {
        let reply = message.reply.as_deref().unwrap_or_default().to_owned();
        let sent = self.context().client().publish(reply, put_off(left).into()).await;
        sent.map_err(|error| self.connection.unreachable(error))
    }

    /// Writes into the record that there is a new delivery, whose token is the record's sequence. Token, attempts, strikes.
    async fn retake(&self, message: &Message, job: &Job, known: u64) -> Result<Option<(u64, u32, u32)>> {
        let found = self.record(&job.id).await?;
        let (pause, strikes) = (self.pause(&found).await?, found.strikes(known));
        let Found { sequence, record, .. } = found;
        let reply = message.reply.as_deref().unwrap_or_default();
        let sequence_of_work = message.info().map(|info| info.stream_sequence).unwrap_or_default();
        match record.as_ref().map(|record| &record.state) {
            Some(State::Done | State::Discarded) => self.drop_work(reply).await?,
            Some(State::Cancelled) => {
                self.count_cancelled(&job.id).await?;
                self.drop_work(reply).await?;
            }
            // Not so if it was requeued since: then the work names this record.
            Some(State::Dead { .. }) if sequence != known => {
                if let Some(record) = &record {
                    self.write_dead_letter(job, record, sequence, sequence_of_work).await?;
                }
                self.drop_work(reply).await?;
            }
            _ if self.is_unwanted(&job.id, sequence_of_work).await? => {
                if self.write(&job.id, &Record::cancelled(), sequence).await?.is_some() {
                    self.count_cancelled(&job.id).await?;
                    self.drop_work(reply).await?;
                }
            }
            _ => match pause {
                // The process that wrote it died before it asked for the pause.
                Some(left) => self.put_off(message, left).await?,
                None => {
                    let attempts = attempts(record.as_ref());
                    // Refused if the one who had it before settles it at this moment; then that counts.
                    let token = self.write(&job.id, &Record::claimed(attempts, strikes), sequence).await?;
                    return Ok(token.map(|token| (token, attempts, strikes)));
                }
            },
        }
        Ok(None)
    }
}

/// Whether it can be a part of a subject, and stands for itself there.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// The job that a message carries.
pub(super) fn job(subject: &str, payload: &[u8]) -> Job {
    let id = subject.rsplit('.').next().unwrap_or_default();
    match serde_json::from_slice::<Job>(payload) {
        Ok(job) if job.id == id => job,
        _ => Job::unreadable(id, String::from_utf8_lossy(payload).into_owned()),
    }
}

/// A number in a header; 0 if it is not there.
pub(super) fn number(headers: Option<&HeaderMap>, name: &str) -> u64 {
    headers.and_then(|headers| headers.get(name)).and_then(|value| value.as_str().parse().ok()).unwrap_or_default()
}

pub(super) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("keys are strings, so it has a form in JSON")
}
