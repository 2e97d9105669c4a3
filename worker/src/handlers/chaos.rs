//! Handlers that misbehave on demand, to watch what becomes of the process and of its other jobs.

use super::{Context, Handler, HandlerError, Sink, payload};
use crate::job::Job;
use async_trait::async_trait;
use serde::Deserialize;
use std::{
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// `panic {}`: panics.
pub(super) struct Panic;

#[async_trait]
impl Handler for Panic {
    async fn handle(&self, job: &Job, _: &Context) -> Result<(), HandlerError> {
        panic!("job {} asked for it", job.id);
    }
}

/// `interrupt {}`: says that it was interrupted, though nobody has asked it to end.
pub(super) struct Interrupt;

#[async_trait]
impl Handler for Interrupt {
    async fn handle(&self, _: &Job, _: &Context) -> Result<(), HandlerError> {
        Err(HandlerError::Interrupted)
    }
}

/// `exit {"code": 1}`: ends the process at once.
pub(super) struct Exit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExitPayload {
    #[serde(default = "one")]
    code: u8,
}

fn one() -> u8 {
    1
}

#[async_trait]
impl Handler for Exit {
    async fn handle(&self, job: &Job, _: &Context) -> Result<(), HandlerError> {
        let ExitPayload { code } = payload(job)?;
        tracing::warn!(job = job.id, code, "exit on demand");
        std::process::exit(code.into());
    }
}

/// `hang {"ms": 1000}`: parks all threads of the runtime, for good where no time is given. Liveness finds it.
pub(super) struct Hang(pub(super) Sink);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HangPayload {
    ms: Option<u64>,
}

#[async_trait]
impl Handler for Hang {
    async fn handle(&self, job: &Job, _: &Context) -> Result<(), HandlerError> {
        let HangPayload { ms } = payload(job)?;
        tracing::warn!(job = job.id, "hang on demand");
        let until = ms.map(|ms| Instant::now() + Duration::from_millis(ms));
        // Twice as many as there are threads: one that waits in a thread's own slot cannot be stolen by another.
        for _ in 0..2 * Handle::current().metrics().num_workers() {
            tokio::spawn(async move { park(until) });
        }
        park(until);
        self.0.effect(&job.id, "hung").await?;
        Ok(())
    }
}

fn park(until: Option<Instant>) {
    match until {
        Some(until) => thread::sleep(until.saturating_duration_since(Instant::now())),
        None => loop {
            thread::park();
        },
    }
}
