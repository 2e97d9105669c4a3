//! How many jobs are where, without reading all that ever was: what was handed out and not acknowledged is looked at one by
//! one, and all else follows from how much is in each stream. While work goes on the numbers are of slightly different times.

use super::{
    Nats, RECORD,
    delivery::number,
    record::{Found, State},
};
use crate::{engine::Result, job::Counts};
use async_nats::jetstream::{consumer, message::StreamMessage};
use futures_util::{StreamExt, future::try_join_all};
use std::ops::RangeInclusive;

/// So many look at once.
const WALKERS: u64 = 32;

/// Work that was handed out and not acknowledged.
#[derive(Clone, Copy, Default)]
struct Unacknowledged {
    leased: u64,
    delayed: u64,
    /// Given back, or its pause is over.
    ready: u64,
    /// Of these, how many have a record.
    recorded: u64,
    /// Of all, also those that are done or dead, how many were dead letters before.
    requeued: u64,
}

impl Nats {
    pub(super) async fn count(&self) -> Result<Counts> {
        let work = self.connection.info(&self.names.work).await?.state;
        let workers = format!("CONSUMER.INFO.{}.{}", self.names.work, super::CONSUMER);
        let workers: consumer::Info = self.connection.ask(workers, &serde_json::json!({})).await?;
        // No work leaves the stream before it is handed out. The consumer's own number lags behind what is enqueued.
        let waiting = work.last_sequence.saturating_sub(workers.delivered.stream_sequence).min(work.messages);
        let out = match workers.num_ack_pending {
            0 => Unacknowledged::default(),
            _ => self.unacknowledged(workers.ack_floor.stream_sequence + 1..=workers.delivered.stream_sequence).await?,
        };
        let records = self.connection.info(&self.names.records).await?.state.messages;
        let dead = self.connection.info(&self.names.dead).await?.state.messages;
        let discarded = self.connection.info(&self.names.discarded).await?.state.messages;
        let cancelled = self.cancelled().await?;
        // Those that were never handed out since have a record too.
        let waiting_again = self.requeued().await?.saturating_sub(out.requeued);
        Ok(Counts {
            ready: waiting + out.ready,
            leased: out.leased,
            delayed: out.delayed,
            // As long as ids are remembered; and dead letters that are older than that make it less by their number.
            done: records.saturating_sub(dead + discarded + cancelled + out.recorded + waiting_again),
            dead,
            cancelled,
        })
    }

    async fn requeued(&self) -> Result<u64> {
        let requeued = self.names.requeued_work("*");
        let stream = self.context().get_stream_no_info(&self.names.work).await;
        let stream = stream.map_err(|error| self.connection.unreachable(error))?;
        let subjects = stream.info_with_subjects(requeued).await.map_err(|error| self.connection.unreachable(error))?;
        Ok(subjects.count().await.try_into().unwrap_or(u64::MAX))
    }

    async fn unacknowledged(&self, range: RangeInclusive<u64>) -> Result<Unacknowledged> {
        let parts = try_join_all(split(range).map(|part| self.walk(part))).await?;
        Ok(parts.into_iter().fold(Unacknowledged::default(), |a, b| Unacknowledged {
            leased: a.leased + b.leased,
            delayed: a.delayed + b.delayed,
            ready: a.ready + b.ready,
            recorded: a.recorded + b.recorded,
            requeued: a.requeued + b.requeued,
        }))
    }

    async fn walk(&self, part: RangeInclusive<u64>) -> Result<Unacknowledged> {
        let (mut from, mut seen) = (*part.start(), Unacknowledged::default());
        while part.contains(&from) {
            match self.connection.next(&self.names.work, &self.names.all_work(), from).await? {
                Some(work) if part.contains(&work.sequence) => {
                    self.look(&work, &mut seen).await?;
                    from = work.sequence + 1;
                }
                _ => break,
            }
        }
        Ok(seen)
    }

    async fn look(&self, work: &StreamMessage, seen: &mut Unacknowledged) -> Result<()> {
        let id = work.subject.rsplit('.').next().unwrap_or_default();
        let found = self.record(id).await?;
        let paused = self.pause(&found).await?.is_some();
        let Found { sequence, record, .. } = found;
        seen.requeued += u64::from(work.subject.as_str() == self.names.requeued_work(id));
        match record.as_ref().map(|record| &record.state) {
            Some(State::Done | State::Discarded | State::Cancelled) => return Ok(()),
            Some(State::Dead { .. }) if sequence != number(Some(&work.headers), RECORD) => return Ok(()),
            Some(State::Released) => seen.ready += 1,
            Some(State::Delayed { .. }) if paused => seen.delayed += 1,
            Some(State::Delayed { .. }) => seen.ready += 1,
            _ => seen.leased += 1,
        }
        seen.recorded += u64::from(sequence > 0);
        Ok(())
    }
}

fn split(range: RangeInclusive<u64>) -> impl Iterator<Item = RangeInclusive<u64>> {
    let (start, end) = range.into_inner();
    let step = ((end + 1).saturating_sub(start)).div_ceil(WALKERS).max(1);
    (0..WALKERS).map(move |part| start + part * step..=end.min(start + (part + 1) * step - 1))
}
