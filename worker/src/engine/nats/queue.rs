//! Competing consumers: claims from the consumer of all workers, settlements in the records.

use super::{
    DELAY, Nats,
    dead::stream_sequence,
    delivery::{is_id, text},
    record::Found,
};
use crate::{
    engine::{CALL, Error, Queue, Result, too_late},
    job::{Buried, Cancellation, Claim, Counts, Delivery, ErrorText, Job, Page, Renewed, Settled, Settlement},
    retry::LONGEST,
};
use async_nats::{
    Request,
    jetstream::{Message, message::PublishMessage},
};
use async_trait::async_trait;
use futures_util::future::{join_all, try_join, try_join_all};
use std::time::Duration;
use tokio::time::Instant;

/// As many jobs are sent before the answers are awaited, and get [`CALL`] together.
const TOGETHER: usize = 1000;

/// What a dead letter says beside its job, in bytes of JSON: a job for whose letter there is no room is not taken.
const LETTER: usize = 6 * ErrorText::LONGEST + 1024;

#[async_trait]
impl Queue for Nats {
    async fn enqueue_after(&self, jobs: &[Job], delay: Duration) -> Result<Vec<bool>> {
        if delay > LONGEST {
            return Err(too_late(delay));
        }
        let mut new = Vec::with_capacity(jobs.len());
        for jobs in jobs.chunks(TOGETHER) {
            new.extend(self.call(CALL, try_join_all(jobs.iter().map(|job| self.enqueue_one(job, delay)))).await?);
        }
        Ok(new)
    }

    async fn cancel(&self, id: &str) -> Result<Cancellation> {
        self.call(CALL, self.cancel_one(id)).await
    }

    async fn claim(&self, slots: usize, lease: Duration, wait: Duration) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        let workers = self.call(CALL, self.workers(lease)).await?;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // Beside the pull, so that it costs no time.
            let (messages, cancelled) = tokio::join!(
                self.pull(&self.names.work, &workers, slots, left),
                self.call(CALL, self.any_cancelled()),
            );
            let (messages, cancelled) = (messages?, cancelled.unwrap_or(true));
            let taken = messages.iter().map(|message| self.call(CALL, self.take(message, cancelled)));
            let taken = join_all(taken).await;
            let found = some(&messages, taken)?;
            // All that came was no longer wanted: wait on.
            if messages.is_empty() || !found.is_empty() {
                return Ok(found);
            }
        }
    }

    /// The lease is the one that the claim named; it is the consumer's.
    async fn renew(&self, claims: &[Claim], _: Duration) -> Result<Vec<Renewed>> {
        self.call(CALL, try_join_all(claims.iter().map(|claim| self.renew_one(claim)))).await
    }

    async fn settle(&self, claim: &Claim, settlement: &Settlement) -> Result<Settled> {
        self.call(CALL, self.settle_one(claim, settlement)).await
    }

    async fn counts(&self) -> Result<Counts> {
        self.call(CALL, self.count()).await
    }

    async fn backlog(&self) -> Result<u64> {
        self.call(CALL, async { Ok(self.connection.info(&self.names.work).await?.state.messages) }).await
    }

    async fn dead(&self, from: Option<&str>) -> Result<Page> {
        self.call(CALL, self.dead_page(from)).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<Buried>> {
        self.call(CALL, self.letter_of(id)).await
    }

    async fn requeue(&self, id: &str) -> Result<bool> {
        self.call(CALL, self.requeue_one(id)).await
    }

    async fn discard(&self, id: &str) -> Result<bool> {
        self.call(CALL, self.discard_one(id)).await
    }
}

impl Nats {
    /// While there is work of that id, the expected sequence refuses it; for two minutes after, the message's id does; as long
    /// as ids are remembered, its record says so; and after that its dead letter, if it is one.
    async fn enqueue_one(&self, job: &Job, delay: Duration) -> Result<bool> {
        if !is_id(&job.id) {
            return Err(self
                .connection
                .refused(format!("the job id {:?} has more than letters, digits, `-`, `_`", job.id)));
        }
        let (text, longest) = (text(job), self.context().client().max_payload().saturating_sub(LETTER));
        if text.len() > longest {
            let size = text.len();
            return Err(self.connection.refused(format!(
                "job {} has {size} bytes, and this server takes jobs of up to {longest}; store what is large elsewhere",
                job.id
            )));
        }
        let letter = self.names.dead_letter(&job.id);
        let (record, letter) = try_join(self.record(&job.id), self.connection.last(&self.names.dead, &letter)).await?;
        if record.sequence > 0 || letter.is_some() {
            return Ok(false);
        }
        let mut work =
            PublishMessage::build().payload(text.into()).message_id(&job.id).expected_last_subject_sequence(0);
        if !delay.is_zero() {
            work = work.header(DELAY, delay.as_millis().to_string().as_str());
        }
        let stored = self.connection.put(self.names.new_work(&job.id), work).await?;
        Ok(stored.is_some_and(|stored| !stored.duplicate))
    }

    async fn renew_one(&self, claim: &Claim) -> Result<Renewed> {
        let work = stream_sequence(&claim.reply);
        let (Found { sequence, .. }, unwanted) =
            try_join(self.record(&claim.id), self.is_unwanted(&claim.id, work)).await?;
        if sequence != claim.token {
            return Ok(Renewed::Lost);
        }
        self.acknowledge(claim, "+WPI".to_owned()).await?;
        Ok(if unwanted { Renewed::Cancelled } else { Renewed::Held })
    }

    async fn settle_one(&self, claim: &Claim, settlement: &Settlement) -> Result<Settled> {
        let settled = match settlement {
            Settlement::Dead { .. } => self.bury(claim, settlement).await?,
            _ => self.write_settled(claim, settlement).await?.is_some(),
        };
        if !settled {
            return Ok(Settled::Fenced);
        }
        match settlement {
            // Nobody waits for it to arrive: if it does not, the next delivery finds the record, and drops the work.
            Settlement::Done | Settlement::Dead { .. } => self.drop_work(&claim.reply).await?,
            Settlement::Cancelled => {
                self.count_cancelled(&claim.id).await?;
                self.drop_work(&claim.reply).await?;
            }
            Settlement::Release | Settlement::Stuck => self.acknowledge(claim, "-NAK".to_owned()).await?,
            Settlement::Retry { after, .. } => self.acknowledge(claim, put_off(*after)).await?,
        }
        Ok(Settled::Applied)
    }

    /// Says something about a delivery, and waits until the server has heard it.
    async fn acknowledge(&self, claim: &Claim, what: String) -> Result<()> {
        let request = Request::new().payload(what.into()).timeout(Some(CALL));
        let answer = self.context().client().send_request(claim.reply.clone(), request).await;
        answer.map(drop).map_err(|error| self.connection.unreachable(error))
    }

    /// The work is needed no more.
    pub(super) async fn drop_work(&self, reply: &str) -> Result<()> {
        let sent = self.context().client().publish(reply.to_owned(), "+ACK".into()).await;
        sent.map_err(|error| self.connection.unreachable(error))
    }
}

/// What could be taken. What could not comes again after its lease, and the others do not wait for that. It is an error
/// only where the server went away before anything was taken.
fn some(messages: &[Message], taken: Vec<Result<Option<Delivery>>>) -> Result<Vec<Delivery>> {
    let (mut found, mut gone) = (Vec::new(), None);
    for (message, taken) in messages.iter().zip(taken) {
        match taken {
            Ok(delivery) => found.extend(delivery),
            Err(error) => {
                let (subject, text) = (message.subject.as_str(), error.to_string());
                tracing::warn!(subject, error = text, "a message cannot be taken; it comes again after its lease");
                gone = gone.or(Some(error).filter(|error| matches!(error, Error::Unreachable(_))));
            }
        }
    }
    gone.filter(|_| found.is_empty()).map_or(Ok(found), Err)
}

/// Asks for the work to be handed out again after a pause.
pub(super) fn put_off(pause: Duration) -> String {
    format!(r#"-NAK {{"delay": {}}}"#, pause.as_nanos())
}
