//! What is known of a job: the last message of its own subject, written by compare-and-set.
//!
//! This record, and not the message that carries the work, says what became of a job. JetStream takes an
//! acknowledgement from whoever sends one, also from a process that lost its lease long ago.

use super::Nats;
use crate::{
    engine::Result,
    job::{Claim, ErrorText, Reason, Settlement},
};
use async_nats::jetstream::message::PublishMessage;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// What is written about a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) state: State,
    /// How often a handler failed at it.
    pub(super) attempts: u32,
    /// How many deliveries were never settled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) strikes: u32,
    /// Token of the delivery that was settled by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub(super) enum State {
    Claimed,
    Released,
    /// So many milliseconds from when the server stored it.
    Delayed {
        pause: u64,
        error: ErrorText,
    },
    Done,
    Dead {
        reason: Reason,
        error: ErrorText,
    },
    /// Was dead, and nobody wants it any more.
    Discarded,
    /// Nobody wanted it any more before it was done.
    Cancelled,
}

/// A record, and the sequence that the next writer has to name; 0 if nothing was ever written.
#[derive(Default)]
pub(super) struct Found {
    pub(super) sequence: u64,
    /// When the server stored it.
    pub(super) time: Option<SystemTime>,
    /// None also where it cannot be read: its job is delivered again, since at worst it is done twice, and not lost.
    pub(super) record: Option<Record>,
}

impl State {
    pub(super) fn after(settlement: &Settlement) -> Self {
        match settlement.clone() {
            Settlement::Done => State::Done,
            Settlement::Cancelled => State::Cancelled,
            Settlement::Release | Settlement::Stuck => State::Released,
            Settlement::Retry { after, error } => State::Delayed { pause: millis(after), error },
            Settlement::Dead { reason, error } => State::Dead { reason, error },
        }
    }
}

impl Found {
    /// How long a pause lasts yet.
    fn left(&self, now: SystemTime) -> Option<Duration> {
        let State::Delayed { pause, .. } = self.record.as_ref()?.state else { return None };
        let pause = Duration::from_millis(pause);
        // However wrong a clock is, it is not longer than it was meant to be.
        let left = (self.time? + pause).duration_since(now).unwrap_or_default().min(pause);
        Some(left).filter(|left| !left.is_zero())
    }
}

impl Record {
    pub(super) fn claimed(attempts: u32, strikes: u32) -> Self {
        Record { state: State::Claimed, attempts, strikes, settled: None }
    }

    pub(super) fn cancelled() -> Self {
        Record { state: State::Cancelled, attempts: 0, strikes: 0, settled: None }
    }

    /// Of a job that was put off when it was enqueued.
    pub(super) fn put_off(left: Duration) -> Self {
        let state = State::Delayed { pause: millis(left), error: ErrorText::from("") };
        Record { state, attempts: 0, strikes: 0, settled: None }
    }

    pub(super) fn discarded() -> Self {
        Record { state: State::Discarded, attempts: 0, strikes: 0, settled: None }
    }

    fn same_settlement(&self, other: &Record) -> bool {
        let kind = std::mem::discriminant;
        self.settled.is_some() && self.settled == other.settled && kind(&self.state) == kind(&other.state)
    }
}

impl Nats {
    /// Reads the record of a job.
    pub(super) async fn record(&self, id: &str) -> Result<Found> {
        let Some(message) = self.connection.last(&self.names.records, &self.names.record(id)).await? else {
            return Ok(Found::default());
        };
        let record = serde_json::from_slice(&message.payload).inspect_err(|error| {
            let error = error.to_string();
            tracing::warn!(job = id, error, "the record of a job cannot be read");
        });
        Ok(Found { sequence: message.sequence, time: Some(message.time.into()), record: record.ok() })
    }

    /// How long until the job of a record may be tried again.
    pub(super) async fn pause(&self, found: &Found) -> Result<Option<Duration>> {
        match &found.record {
            Some(Record { state: State::Delayed { .. }, .. }) => Ok(found.left(self.server_time().await?)),
            _ => Ok(None),
        }
    }

    /// Writes the record of a job if `seen` is the sequence of the last one; the new sequence, or none.
    pub(super) async fn write(&self, id: &str, record: &Record, seen: u64) -> Result<Option<u64>> {
        let body = serde_json::to_vec(record).map_err(|error| self.connection.refused(error))?;
        let message = PublishMessage::build().payload(body.into()).expected_last_subject_sequence(seen);
        let stored = self.connection.put(self.names.record(id), message).await?;
        Ok(stored.map(|stored| stored.sequence))
    }

    /// Writes that a delivery is settled, unless there was a later one: this is the fence. The record's sequence, or none.
    pub(super) async fn write_settled(&self, claim: &Claim, settlement: &Settlement) -> Result<Option<(u64, Record)>> {
        let mut record =
            Record { state: State::after(settlement), attempts: 0, strikes: 0, settled: Some(claim.token) };
        if *settlement != Settlement::Done {
            let found = self.record(&claim.id).await?;
            if found.sequence == claim.token {
                record.attempts = attempts(found.record.as_ref()) + failed(settlement);
                record.strikes = strikes(found.record.as_ref()) + u32::from(*settlement == Settlement::Stuck);
            }
        }
        if let Some(sequence) = self.write(&claim.id, &record, claim.token).await? {
            return Ok(Some((sequence, record)));
        }
        // It may have been written by an earlier call whose answer was lost.
        let Found { sequence, record: found, .. } = self.record(&claim.id).await?;
        Ok(found.filter(|found| found.same_settlement(&record)).map(|found| (sequence, found)))
    }
}

/// How often a handler failed at a job; those of a dead letter that was requeued do not count.
pub(super) fn attempts(record: Option<&Record>) -> u32 {
    match record {
        Some(Record { state: State::Dead { .. }, .. }) | None => 0,
        Some(record) => record.attempts,
    }
}

/// How many deliveries of a job were never settled; those of a dead letter that was requeued do not count.
fn strikes(record: Option<&Record>) -> u32 {
    match record {
        Some(Record { state: State::Dead { .. }, .. }) | None => 0,
        Some(record) => record.strikes,
    }
}

impl Found {
    /// How many deliveries were never settled, if the job is handed out once more. `known` is the record that there was
    /// when the work was put there: as long as it is the last, the first delivery has said nothing.
    pub(super) fn strikes(&self, known: u64) -> u32 {
        let claimed = matches!(self.record, Some(Record { state: State::Claimed, .. }));
        strikes(self.record.as_ref()) + u32::from(claimed || self.sequence == known)
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn failed(settlement: &Settlement) -> u32 {
    match settlement {
        Settlement::Retry { .. } | Settlement::Dead { reason: Reason::Attempts, .. } => 1,
        _ => 0,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
