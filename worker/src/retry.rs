//! What becomes of a job after a handler had it. Pure.

use crate::job::{Reason, Settlement};
use std::time::Duration;

/// Longest pause, lease or job. A job is renewed for at most twice its time, and no engine forgets one that soon.
pub const LONGEST: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// How a handler left a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did it.
    Done,
    /// It failed, panicked or took too long.
    Failed(String),
    /// It failed, and says how long to wait.
    Later(Duration, String),
    /// No retry can help.
    Rejected(String),
    /// The worker must stop: it was asked to come to an end, or ended.
    Interrupted,
    /// Nobody wants the job any more: it was asked to come to an end, or ended.
    Cancelled,
}

/// How often, and how soon, a job is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Failures until it is a dead letter.
    pub max_attempts: u32,
    /// Deliveries that were never settled until it is a dead letter.
    pub max_deliveries: u32,
    /// Longest pause before the second attempt; doubles each time.
    pub backoff: Duration,
    /// Longest pause of all.
    pub max_backoff: Duration,
}

impl Policy {
    /// As it is for a handler with a number of attempts of its own.
    #[must_use]
    pub fn with_attempts(self, attempts: Option<u32>) -> Self {
        Policy { max_attempts: attempts.unwrap_or(self.max_attempts), ..self }
    }

    /// Pause after one more failure than `attempts`. `chance`, from 0 to 1, spreads the retries of what failed together:
    /// full jitter, <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
    pub fn pause(&self, attempts: u32, chance: f64) -> Duration {
        self.backoff.saturating_mul(2_u32.saturating_pow(attempts)).min(self.max_backoff).mul_f64(chance)
    }

    /// What becomes of a job that failed `attempts` times before.
    pub fn settlement(&self, outcome: Outcome, attempts: u32, chance: f64) -> Settlement {
        match outcome {
            Outcome::Done => Settlement::Done,
            Outcome::Interrupted => Settlement::Release,
            Outcome::Cancelled => Settlement::Cancelled,
            Outcome::Rejected(error) => Settlement::Dead { reason: Reason::Rejected, error: error.into() },
            Outcome::Failed(error) | Outcome::Later(_, error) if attempts + 1 >= self.max_attempts => {
                Settlement::Dead { reason: Reason::Attempts, error: error.into() }
            }
            Outcome::Failed(error) => Settlement::Retry { after: self.pause(attempts, chance), error: error.into() },
            Outcome::Later(after, error) => Settlement::Retry { after: after.min(LONGEST), error: error.into() },
        }
    }

    /// Why a job is not to be begun once more, if so: it took too many processes with it.
    pub fn spent(&self, strikes: u32) -> Option<Settlement> {
        (strikes >= self.max_deliveries).then(|| Settlement::Dead {
            reason: Reason::Deliveries,
            error: format!("handed out {strikes} times and never settled").into(),
        })
    }

    /// Whether a job runs alone: it, or a neighbour of it, may be what took its processes down. So none is a dead letter that
    /// has not had a process for itself, unless one delivery is all that it may have.
    pub fn is_suspect(&self, strikes: u32) -> bool {
        let alone_from = self.max_deliveries.saturating_sub(1).clamp(1, 2);
        (alone_from..self.max_deliveries).contains(&strikes)
    }
}
