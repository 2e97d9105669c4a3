//! Jobs that nobody wants any more. One that waits gets a record that says so, and is dropped when it is handed out. Its message is
//! not deleted: server 2.9 has no answer to a claim while its consumer looks for one that was. Whoever works on a job finds a
//! message of its own when the lease is renewed, because the record is the fence and must stay as it is.

use super::{
    CONSUMER, Nats, RECORD, WORK,
    delivery::{is_id, number},
    record::{Found, Record, State},
};
use crate::{engine::Result, job::Cancellation};
use async_nats::jetstream::{
    consumer,
    message::{PublishMessage, StreamMessage},
};
use futures_util::{StreamExt, future::try_join};

impl Nats {
    pub(super) async fn cancel_one(&self, id: &str) -> Result<Cancellation> {
        // A `*` would stand for any job.
        if !is_id(id) {
            return Ok(Cancellation::Missing);
        }
        loop {
            let Some(work) = self.work_of(id).await? else { return Ok(Cancellation::Missing) };
            let found = self.record(id).await?;
            let waits = match found.record.as_ref().map(|record| &record.state) {
                Some(State::Done | State::Discarded) => return Ok(Cancellation::Missing),
                Some(State::Dead { .. }) if !is_untouched(&work, &found) => return Ok(Cancellation::Missing),
                Some(State::Cancelled) if self.is_counted(id).await? => return Ok(Cancellation::Missing),
                // An earlier call came as far as that.
                Some(State::Cancelled) => {
                    self.count_cancelled(id).await?;
                    return Ok(Cancellation::TakenOut);
                }
                Some(State::Released | State::Delayed { .. }) => true,
                Some(State::Claimed) => false,
                Some(State::Dead { .. }) | None => !self.was_handed_out(work.sequence).await?,
            };
            if !waits {
                let unwanted = PublishMessage::build().header(WORK, work.sequence.to_string().as_str());
                self.connection.put(self.names.unwanted(id), unwanted).await?;
                return Ok(Cancellation::Asked);
            }
            // Refused if a worker takes it at this moment: then it is to hear of it.
            if self.write(id, &Record::cancelled(), found.sequence).await?.is_some() {
                self.count_cancelled(id).await?;
                return Ok(Cancellation::TakenOut);
            }
        }
    }

    async fn work_of(&self, id: &str) -> Result<Option<StreamMessage>> {
        let last = |subject: String| async move { self.connection.last(&self.names.work, &subject).await };
        let (new, requeued) = try_join(last(self.names.new_work(id)), last(self.names.requeued_work(id))).await?;
        Ok(new.or(requeued))
    }

    async fn was_handed_out(&self, work: u64) -> Result<bool> {
        let workers = format!("CONSUMER.INFO.{}.{CONSUMER}", self.names.work);
        let workers: consumer::Info = self.connection.ask(workers, &serde_json::json!({})).await?;
        Ok(work <= workers.delivered.stream_sequence)
    }

    /// Whether any job was cancelled lately: then what is handed out for the first time may be one of them.
    pub(super) async fn any_cancelled(&self) -> Result<bool> {
        Ok(self.connection.info(&self.names.cancelled).await?.state.messages > 0)
    }

    async fn is_counted(&self, id: &str) -> Result<bool> {
        Ok(self.connection.last(&self.names.cancelled, &self.names.cancelled(id)).await?.is_some())
    }

    /// One message for each job, however often it is put there.
    pub(super) async fn count_cancelled(&self, id: &str) -> Result<()> {
        self.connection.put(self.names.cancelled(id), PublishMessage::build()).await.map(drop)
    }

    /// Whether somebody has asked that this work, and no earlier one of its id, comes to an end.
    pub(super) async fn is_unwanted(&self, id: &str, work: u64) -> Result<bool> {
        let asked = self.connection.last(&self.names.cancelled, &self.names.unwanted(id)).await?;
        Ok(asked.is_some_and(|asked| number(Some(&asked.headers), WORK) == work))
    }

    pub(super) async fn cancelled(&self) -> Result<u64> {
        let stream = self.context().get_stream_no_info(&self.names.cancelled).await;
        let stream = stream.map_err(|error| self.connection.unreachable(error))?;
        let subjects = stream.info_with_subjects(self.names.cancelled("*")).await;
        let subjects = subjects.map_err(|error| self.connection.unreachable(error))?;
        Ok(subjects.count().await.try_into().unwrap_or(u64::MAX))
    }
}

/// Whether no delivery of this work has written anything: its record is still the one that it was put there with.
fn is_untouched(work: &StreamMessage, found: &Found) -> bool {
    found.sequence == number(Some(&work.headers), RECORD)
}
