//! One job, from its delivery to its settlement.

use super::{PAUSE, Shared};
use crate::{
    engine::Result,
    handlers::{Context, HandlerError},
    job::{Delivery, Settled, Settlement},
    retry::Outcome,
    telemetry::{self, error_type},
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

/// How the time of a job came to its end.
enum Ending {
    /// The handler is through with it.
    Outcome(Outcome),
    /// The lease is somebody else's: nothing that we say counts any more.
    Lost,
    /// The process must go; the keeper gives the job back.
    Aborted,
}

/// Sees a delivery to its end.
pub(super) async fn process(shared: Arc<Shared>, delivery: Delivery, lost: CancellationToken) {
    let span = shared.messaging.process(&delivery);
    see_through(&shared, &delivery, lost, &span).instrument(span.clone()).await;
}

/// Gives a delivery back that was never begun.
pub(super) async fn give_back(shared: Arc<Shared>, delivery: Delivery) {
    if !shared.held.take(&delivery.claim) {
        return;
    }
    if let Err(error) = insist(&shared, &delivery, &Settlement::Release).await {
        let (job, error) = (delivery.job.id, error.to_string());
        tracing::warn!(job, error, "not given back; it comes again when its lease has run out");
    }
}

async fn see_through(shared: &Shared, delivery: &Delivery, lost: CancellationToken, span: &Span) {
    let began = Instant::now();
    let ending = match shared.policy.spent(delivery.deliveries) {
        Some(dead) => return settle(shared, delivery, dead).await,
        None => work(shared, delivery, lost).await,
    };
    let outcome = match ending {
        Ending::Outcome(outcome) => outcome,
        Ending::Lost => {
            tracing::warn!(job = delivery.job.id, "lease lost");
            shared.messaging.processed(span, began.elapsed(), Some("lease_lost"));
            return shared.instruments.outcome(telemetry::Outcome::Lost);
        }
        Ending::Aborted => return shared.messaging.processed(span, began.elapsed(), Some("aborted")),
    };
    let error = match &outcome {
        Outcome::Failed(_) => Some("failed"),
        Outcome::Rejected(_) => Some("rejected"),
        Outcome::Done | Outcome::Interrupted => None,
    };
    shared.messaging.processed(span, began.elapsed(), error);
    settle(shared, delivery, shared.policy.settlement(outcome, delivery.attempts, fastrand::f64())).await;
}

async fn work(shared: &Shared, delivery: &Delivery, lost: CancellationToken) -> Ending {
    let handler = match shared.handlers.get(&delivery.job.handler) {
        Ok(handler) => handler,
        Err(error) => return Ending::Outcome(Outcome::Rejected(error)),
    };
    let (sink, cancel) = (shared.engine.clone(), shared.cancel.clone());
    let context = Context { sink, attempts: delivery.attempts, cancel };
    let job = delivery.job.clone();
    // A task of its own: its panic is an outcome, and ours goes on.
    let mut task = tokio::spawn(async move { handler.handle(&job, &context).await }.in_current_span());
    let ending = tokio::select! {
        ended = &mut task => return Ending::Outcome(outcome(ended)),
        () = tokio::time::sleep(shared.job_timeout) => {
            Ending::Outcome(Outcome::Failed(format!("not done within {}", humantime::format_duration(shared.job_timeout))))
        }
        () = lost.cancelled() => Ending::Lost,
        () = shared.abort.cancelled() => Ending::Aborted,
    };
    // Nobody waits for it: one that blocks its thread ends with the process.
    task.abort();
    ending
}

fn outcome(ended: std::result::Result<std::result::Result<(), HandlerError>, tokio::task::JoinError>) -> Outcome {
    match ended {
        Ok(Ok(())) => Outcome::Done,
        Ok(Err(error)) => error.into(),
        Err(error) => Outcome::Failed(format!("handler ended: {error}")),
    }
}

async fn settle(shared: &Shared, delivery: &Delivery, settlement: Settlement) {
    if !shared.held.take(&delivery.claim) {
        return shared.instruments.outcome(telemetry::Outcome::Lost);
    }
    let span = shared.messaging.settle(&delivery.job.id, settlement == Settlement::Done);
    let began = Instant::now();
    let settled = insist(shared, delivery, &settlement).instrument(span.clone()).await;
    shared.messaging.settled(&span, began.elapsed(), settled.as_ref().err().map(error_type));
    tell(shared, delivery, &settlement, settled);
}

/// Tries until the lease has run out; after that the job is somebody else's.
async fn insist(shared: &Shared, delivery: &Delivery, settlement: &Settlement) -> Result<Settled> {
    let until = Instant::now() + shared.lease;
    loop {
        match shared.engine.settle(&delivery.claim, settlement).await {
            Err(_) if Instant::now() + PAUSE < until => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
}

fn tell(shared: &Shared, delivery: &Delivery, settlement: &Settlement, settled: Result<Settled>) {
    let (job, handler, delivery) = (&delivery.job.id, &delivery.job.handler, delivery.deliveries);
    match (settled, settlement) {
        (Err(error), _) => {
            let error = error.to_string();
            tracing::warn!(job, error, "not settled; it comes again when its lease has run out");
        }
        (Ok(Settled::Fenced), _) => {
            tracing::warn!(job, delivery, "fenced: somebody else has it");
            shared.instruments.outcome(telemetry::Outcome::Fenced);
        }
        (Ok(Settled::Applied), Settlement::Done) => {
            tracing::info!(job, handler, delivery, "done");
            shared.instruments.outcome(telemetry::Outcome::Done);
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
            shared.instruments.outcome(telemetry::Outcome::Retry);
        }
        (Ok(Settled::Applied), Settlement::Dead { reason, error }) => {
            tracing::error!(job, handler, delivery, error = error.as_ref(), ?reason, "dead letter");
            shared.instruments.outcome(telemetry::Outcome::Dead);
        }
        (Ok(Settled::Applied), Settlement::Release) => {
            tracing::info!(job, handler, "given back");
            shared.released.fetch_add(1, Ordering::Relaxed);
            shared.instruments.released(1);
            shared.instruments.outcome(telemetry::Outcome::Released);
        }
    }
}
