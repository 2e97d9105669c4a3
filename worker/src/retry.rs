//! What becomes of a job after a handler had it. Pure.

use crate::job::{Reason, Settlement};
use std::time::Duration;

/// How a handler left a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did it.
    Done,
    /// It failed, panicked or took too long.
    Failed(String),
    /// No retry can help.
    Rejected(String),
    /// It was asked to come to an end, and did.
    Interrupted,
}

/// How often, and how soon, a job is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Failures until it is a dead letter.
    pub max_attempts: u32,
    /// Deliveries until it is a dead letter, whatever became of them.
    pub max_deliveries: u32,
    /// Longest pause before the second attempt; doubles each time.
    pub backoff: Duration,
    /// Longest pause of all.
    pub max_backoff: Duration,
}

impl Policy {
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
            Outcome::Rejected(error) => Settlement::Dead { reason: Reason::Rejected, error },
            Outcome::Failed(error) if attempts + 1 >= self.max_attempts => {
                Settlement::Dead { reason: Reason::Attempts, error }
            }
            Outcome::Failed(error) => Settlement::Retry { after: self.pause(attempts, chance), error },
        }
    }

    /// Why a job is not to be begun once more, if so: it never came back from those before.
    pub fn spent(&self, deliveries: u32) -> Option<Settlement> {
        (deliveries > self.max_deliveries).then(|| Settlement::Dead {
            reason: Reason::Deliveries,
            error: format!("handed out {} times and never settled", deliveries - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: Policy = Policy {
        max_attempts: 4,
        max_deliveries: 6,
        backoff: Duration::from_secs(1),
        max_backoff: Duration::from_secs(3),
    };

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses = (0..3).map(|attempts| match POLICY.settlement(Outcome::Failed("no".into()), attempts, 1.0) {
            Settlement::Retry { after, .. } => after.as_secs(),
            other => panic!("{other:?}"),
        });
        assert_eq!(pauses.collect::<Vec<_>>(), [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn a_failing_job_is_dead_after_exactly_its_attempts(max_attempts in 1..50_u32, chance in 0.0..1.0) {
            let policy = Policy { max_attempts, ..POLICY };
            let dead = |attempts| matches!(policy.settlement(Outcome::Failed(String::new()), attempts, chance), Settlement::Dead { .. });
            prop_assert_eq!((0..).position(dead), Some(max_attempts as usize - 1));
        }

        #[test]
        fn no_pause_is_longer_than_the_longest(attempts in 0..3_u32, chance in 0.0..=1.0) {
            if let Settlement::Retry { after, .. } = POLICY.settlement(Outcome::Failed(String::new()), attempts, chance) {
                prop_assert!(after <= POLICY.max_backoff);
            }
        }

        #[test]
        fn an_interruption_is_never_an_attempt(attempts in 0..100_u32, chance in 0.0..1.0) {
            prop_assert_eq!(POLICY.settlement(Outcome::Interrupted, attempts, chance), Settlement::Release);
        }
    }

    #[test]
    fn a_job_that_kills_its_process_reaches_the_dead_letters() {
        assert_eq!(POLICY.spent(6), None);
        assert!(matches!(POLICY.spent(7), Some(Settlement::Dead { reason: Reason::Deliveries, .. })));
    }
}
