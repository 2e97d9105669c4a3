//! One job, from its delivery to its settlement.

use super::{PAUSE, Shared};
use crate::{
    ends::End,
    engine::Result,
    handlers::{Attempt, Canceller, Context, Registered, Why},
    job::{Delivery, Settled, Settlement},
    retry::Outcome,
    telemetry::{self, error_type},
};
use std::{sync::Arc, time::Instant};
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, Span};

/// Sees a delivery to its end.
pub(super) async fn process(shared: Arc<Shared>, delivery: Delivery, canceller: Arc<Canceller>) {
    let span = shared.messaging.process(&delivery);
    see_through(&shared, &delivery, &canceller, &span).instrument(span.clone()).await;
}

/// Gives a delivery back that was never begun.
pub(super) async fn give_back(shared: Arc<Shared>, delivery: Delivery) {
    if !shared.held.take(&delivery.claim) {
        return;
    }
    match insist(&shared, &delivery, &Settlement::Release).await {
        Ok(_) => shared.held.forget(&delivery.claim),
        Err(error) => {
            shared.held.end(&delivery.claim, End::Unsettled);
            let (job, error) = (delivery.job.id, error.to_string());
            tracing::warn!(job, error, "not given back; it comes again when its lease has run out");
        }
    }
}

async fn see_through(shared: &Shared, delivery: &Delivery, canceller: &Canceller, span: &Span) {
    if let Some(dead) = shared.policy.spent(delivery.strikes) {
        return settle(shared, delivery, dead).await;
    }
    let (began, outcome, policy) = match shared.handlers.get(&delivery.job.handler) {
        Ok(found) => {
            let slot = slot(shared, &found, canceller).await;
            let began = Instant::now();
            let outcome = work(shared, delivery, &found, canceller).await;
            drop(slot);
            shared.instruments.handled(shared.handlers.name(&delivery.job.handler), began.elapsed());
            (began, outcome, shared.policy.with_attempts(found.limits.attempts))
        }
        Err(error) => (Instant::now(), Outcome::Rejected(error), shared.policy),
    };
    let error = match &outcome {
        _ if canceller.why() == Some(Why::LeaseLost) => Some("lease_lost"),
        Outcome::Failed(_) | Outcome::Later(..) => Some("failed"),
        Outcome::Rejected(_) => Some("rejected"),
        Outcome::Done | Outcome::Interrupted | Outcome::Cancelled => None,
    };
    shared.messaging.processed(span, began.elapsed(), error);
    settle(shared, delivery, policy.settlement(outcome, delivery.attempts, fastrand::f64())).await;
}

/// Waits for one of the slots of a handler, if their number is limited; none once the job is not to be begun any more.
async fn slot(shared: &Shared, found: &Registered, canceller: &Canceller) -> Option<OwnedSemaphorePermit> {
    let slots = found.slots.clone()?;
    tokio::select! {
        biased;
        () = shared.stop.cancelled() => {
            canceller.ask(Why::Stop);
            None
        }
        _ = canceller.asked(Why::Stop) => None,
        slot = slots.acquire_owned() => slot.ok(),
    }
}

async fn work(shared: &Shared, delivery: &Delivery, found: &Registered, canceller: &Canceller) -> Outcome {
    match canceller.why() {
        Some(Why::Cancelled) => return Outcome::Cancelled,
        Some(_) => return Outcome::Interrupted,
        None => {}
    }
    let limit = found.limits.timeout.unwrap_or(shared.job_timeout);
    shared.held.begin(&delivery.claim, Instant::now() + 2 * limit);
    let handler = found.handler.clone();
    let attempt =
        Attempt { id: &delivery.job.id, limit, canceller, abort: &shared.abort, instruments: &shared.instruments };
    let (job, attempts) = (delivery.job.clone(), delivery.attempts);
    let queue = shared.engine.clone();
    attempt.by(|cancel| async move { handler.handle(&job, &Context { queue, attempts, cancel }).await }).await
}

/// Nothing is said where the claim is not ours any more: it is lost, or the keeper gives it back.
async fn settle(shared: &Shared, delivery: &Delivery, settlement: Settlement) {
    if !shared.held.take(&delivery.claim) {
        if !shared.abort.is_cancelled() {
            tracing::warn!(job = delivery.job.id, "lease lost");
            shared.instruments.outcome_of(shared.handlers.name(&delivery.job.handler), telemetry::Outcome::Lost);
        }
        return;
    }
    let span = shared.messaging.settle(&delivery.job.id, settlement == Settlement::Done);
    let began = Instant::now();
    let settled = insist(shared, delivery, &settlement).instrument(span.clone()).await;
    shared.messaging.settled(&span, began.elapsed(), settled.as_ref().err().map(error_type));
    shared.held.end(&delivery.claim, end(&settlement, &settled));
    tell(shared, delivery, &settlement, settled);
}

fn end(settlement: &Settlement, settled: &Result<Settled>) -> End {
    match (settled, settlement) {
        (Err(_), _) => End::Unsettled,
        (Ok(Settled::Fenced), _) => End::Lost,
        (Ok(Settled::Applied), Settlement::Release | Settlement::Stuck) => End::Released,
        (Ok(Settled::Applied), _) => End::Finished,
    }
}

/// Tries until the lease has run out; after that the job is somebody else's.
async fn insist(shared: &Shared, delivery: &Delivery, settlement: &Settlement) -> Result<Settled> {
    let until = Instant::now() + shared.lease;
    loop {
        let answer = shared.engine.settle(&delivery.claim, settlement).await;
        shared.reach.heard(&answer);
        match answer {
            Err(_) if Instant::now() + PAUSE < until => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
}

fn tell(shared: &Shared, delivery: &Delivery, settlement: &Settlement, settled: Result<Settled>) {
    let outcome = |outcome| shared.instruments.outcome_of(shared.handlers.name(&delivery.job.handler), outcome);
    let (job, handler, delivery) = (&delivery.job.id, &delivery.job.handler, delivery.deliveries);
    match (settled, settlement) {
        (Err(error), _) => {
            let error = error.to_string();
            tracing::warn!(job, error, "not settled; it comes again when its lease has run out");
        }
        (Ok(Settled::Fenced), _) => {
            tracing::warn!(job, delivery, "fenced: somebody else has it");
            outcome(telemetry::Outcome::Fenced);
        }
        (Ok(Settled::Applied), Settlement::Done) => {
            tracing::info!(job, handler, delivery, "done");
            outcome(telemetry::Outcome::Done);
        }
        (Ok(Settled::Applied), Settlement::Retry { after, error }) => {
            tracing::warn!(
                job,
                handler,
                delivery,
                error = error.as_ref(),
                pause_ms = after.as_millis(),
                "failed; once more"
            );
            outcome(telemetry::Outcome::Retry);
        }
        (Ok(Settled::Applied), Settlement::Dead { reason, error }) => {
            tracing::error!(job, handler, delivery, error = error.as_ref(), ?reason, "dead letter");
            outcome(telemetry::Outcome::Dead);
        }
        (Ok(Settled::Applied), Settlement::Cancelled) => {
            tracing::info!(job, handler, delivery, "cancelled");
            outcome(telemetry::Outcome::Cancelled);
        }
        (Ok(Settled::Applied), Settlement::Release | Settlement::Stuck) => {
            tracing::info!(job, handler, "given back");
            shared.instruments.released(1);
            outcome(telemetry::Outcome::Released);
        }
    }
}
