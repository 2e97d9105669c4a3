//! One attempt: a handler has its time, hears when it must end, and is ended if it does not.

use super::{Cancel, Canceller, HandlerError, Why};
use crate::{retry::Outcome, telemetry::Instruments};
use std::{future::Future, time::Duration};
use tokio::{
    task::{JoinError, JoinHandle},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// How long a handler may go on once its time is over, its job cancelled or its lease lost.
const GRACE: Duration = Duration::from_millis(500);

/// How long one that is ended may take to be gone.
const GONE: Duration = Duration::from_millis(100);

/// What goes for an attempt.
pub(crate) struct Attempt<'a> {
    /// Id of the job, or place of the change.
    pub(crate) id: &'a str,
    /// Longest time.
    pub(crate) limit: Duration,
    /// Asks the handler to end.
    pub(crate) canceller: &'a Canceller,
    /// Ends it: the process must go.
    pub(crate) abort: &'a CancellationToken,
    /// Own metrics.
    pub(crate) instruments: &'a Instruments,
}

impl Attempt<'_> {
    /// Has the handler do it, in a task of its own: its panic is an outcome, and ours goes on. It ends with us.
    pub(crate) async fn by<F>(&self, handler: impl FnOnce(Cancel) -> F) -> Outcome
    where
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let (cancel, works) = self.canceller.cancel();
        let mut task = Task(tokio::spawn(handler(cancel).in_current_span()));
        let why = tokio::select! {
            ended = &mut task.0 => return self.outcome(ended),
            why = self.canceller.asked(Why::Cancelled) => why,
            () = sleep(self.limit) => Why::TimedOut,
            () = self.abort.cancelled() => return self.end(task).await,
        };
        self.canceller.ask(why);
        if let Ok(ended) = timeout(GRACE, &mut task.0).await {
            return self.outcome(ended);
        }
        task.0.abort();
        // One that blocks its thread ends when it likes.
        let _gone = timeout(GONE, &mut task.0).await;
        if let Some(works) = works.upgrade() {
            works.abandon(self.id, why, self.instruments);
        }
        if why == Why::Cancelled { Outcome::Cancelled } else { self.timed_out() }
    }

    /// Ends it, and waits until it has: for ever where it blocks its thread, so whoever waits for us has a deadline.
    async fn end(&self, mut task: Task) -> Outcome {
        task.0.abort();
        match (&mut task.0).await {
            Err(error) if error.is_cancelled() && self.canceller.why() != Some(Why::Cancelled) => Outcome::Interrupted,
            ended => self.outcome(ended),
        }
    }

    fn outcome(&self, ended: Result<Result<(), HandlerError>, JoinError>) -> Outcome {
        match ended {
            Ok(Ok(())) => Outcome::Done,
            _ if self.canceller.why() == Some(Why::Cancelled) => Outcome::Cancelled,
            Ok(Err(HandlerError::Failed(error))) => Outcome::Failed(error),
            Ok(Err(HandlerError::Later { after, error })) => Outcome::Later(after, error),
            Ok(Err(HandlerError::Rejected(error))) => Outcome::Rejected(error),
            Ok(Err(HandlerError::Interrupted)) => self.interrupted(),
            Err(error) => Outcome::Failed(format!("handler ended: {error}")),
        }
    }

    /// Only whoever was asked to stop may give a job back: it would come again, and again, without an attempt.
    fn interrupted(&self) -> Outcome {
        match self.canceller.why() {
            Some(Why::Stop | Why::LeaseLost) => Outcome::Interrupted,
            Some(Why::TimedOut) => self.timed_out(),
            Some(Why::Cancelled) => Outcome::Cancelled,
            None => Outcome::Failed("the handler said that it was interrupted, and nobody had asked it to end".into()),
        }
    }

    fn timed_out(&self) -> Outcome {
        Outcome::Failed(format!("not done within {}", humantime::format_duration(self.limit)))
    }
}

/// Ends with us.
struct Task(JoinHandle<Result<(), HandlerError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
