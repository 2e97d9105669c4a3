//! Handlers that behave.

use super::{Cancel, ChangeHandler, Context, Handler, HandlerError, Sink, Why, payload};
use crate::{change::Change, job::Job};
use async_trait::async_trait;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// `noop`: nothing, without an effect; what a benchmark wants.
pub(super) struct Noop;

#[async_trait]
impl Handler for Noop {
    async fn handle(&self, _: &Job, _: &Context) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// `sleep {"ms": 50}`: waits. With `"stubborn": true` it goes on when it is asked to come to an end; with `"thread": true` it
/// does so on a thread, which nothing can end.
pub(super) struct Sleep(pub(super) Sink);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SleepPayload {
    ms: u64,
    #[serde(default)]
    stubborn: bool,
    #[serde(default)]
    thread: bool,
}

#[async_trait]
impl Handler for Sleep {
    async fn handle(&self, job: &Job, context: &Context) -> Result<(), HandlerError> {
        let SleepPayload { ms, stubborn, thread } = payload(job)?;
        let time = Duration::from_millis(ms);
        tokio::select! {
            () = on_a_thread(time, context.cancel.clone()), if thread => {}
            () = tokio::time::sleep(time), if !thread => {}
            why = context.cancel.cancelled(), if !stubborn && !thread => return Err(interrupted(&job.id, why)),
        }
        self.0.effect(&job.id, "slept").await?;
        Ok(())
    }
}

/// The thread has the token for as long as it works, and does not look at it.
async fn on_a_thread(time: Duration, cancel: Cancel) {
    let sleep = move || {
        std::thread::sleep(time);
        drop(cancel);
    };
    // It does not panic.
    let _slept = tokio::task::spawn_blocking(sleep).await;
}

/// Comes to an end, and says why.
fn interrupted(job: &str, why: Why) -> HandlerError {
    tracing::info!(job, because = %why, "comes to an end");
    HandlerError::Interrupted
}

/// `checksum {"rounds": 1000}`: keeps a processor busy, on a thread that may block.
pub(super) struct Checksum(pub(super) Sink);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChecksumPayload {
    #[serde(default = "some_rounds")]
    rounds: u32,
}

fn some_rounds() -> u32 {
    1000
}

#[async_trait]
impl Handler for Checksum {
    async fn handle(&self, job: &Job, context: &Context) -> Result<(), HandlerError> {
        let ChecksumPayload { rounds } = payload(job)?;
        let (id, cancel) = (job.id.clone(), context.cancel.clone());
        let sum = tokio::task::spawn_blocking(move || {
            let mut sum = Sha256::digest(&id);
            for _ in 0..rounds {
                if let Some(why) = cancel.why() {
                    return Err(interrupted(&id, why));
                }
                sum = Sha256::digest(sum);
            }
            Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        });
        let sum = sum.await.map_err(|error| HandlerError::Failed(error.to_string()))??;
        self.0.effect(&job.id, &sum).await?;
        Ok(())
    }
}

/// `fail {"times": 2}`: fails that often, then works.
pub(super) struct Fail(pub(super) Sink);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailPayload {
    times: u32,
}

#[async_trait]
impl Handler for Fail {
    async fn handle(&self, job: &Job, context: &Context) -> Result<(), HandlerError> {
        let FailPayload { times } = payload(job)?;
        if context.attempts < times {
            return Err(HandlerError::Failed(format!("failed {} of {times} times", context.attempts + 1)));
        }
        self.0.effect(&job.id, "worked at last").await?;
        Ok(())
    }
}

/// `project`: counts the changes of the feed, each once.
pub(super) struct Project(pub(super) Sink);

#[async_trait]
impl ChangeHandler for Project {
    async fn handle(&self, change: &Change, _: &Context) -> Result<(), HandlerError> {
        self.0.project(change).await?;
        Ok(())
    }
}
