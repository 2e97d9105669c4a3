//! What becomes of a job after a handler had it.

use plimsoll_worker::{
    job::{Reason, Settlement},
    retry::{LONGEST, Outcome, Policy},
};
use proptest::prelude::*;
use std::time::Duration;

const POLICY: Policy =
    Policy { max_attempts: 4, max_deliveries: 6, backoff: Duration::from_secs(1), max_backoff: Duration::from_secs(3) };

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
    fn a_handler_chooses_its_pause_and_no_attempt_less(attempts in 0..6_u32, hours in 0..200_u64, chance in 0.0..1.0) {
        let after = Duration::from_secs(3600 * hours);
        match POLICY.settlement(Outcome::Later(after, String::new()), attempts, chance) {
            Settlement::Retry { after: pause, .. } => prop_assert!(attempts < 3 && pause == after.min(LONGEST)),
            other => {
                let dead = matches!(other, Settlement::Dead { reason: Reason::Attempts, .. });
                prop_assert!(attempts >= 3 && dead);
            }
        }
    }

    #[test]
    fn an_interruption_is_never_an_attempt(attempts in 0..100_u32, chance in 0.0..1.0) {
        prop_assert_eq!(POLICY.settlement(Outcome::Interrupted, attempts, chance), Settlement::Release);
    }
}

#[test]
fn a_job_that_kills_its_process_reaches_the_dead_letters() {
    assert_eq!(POLICY.spent(5), None);
    assert!(matches!(POLICY.spent(6), Some(Settlement::Dead { reason: Reason::Deliveries, .. })));
}

#[test]
fn a_suspect_runs_alone_before_it_is_a_dead_letter() {
    let alone = |max_deliveries| {
        let policy = Policy { max_deliveries, ..POLICY };
        (0..30).filter(|strikes| policy.is_suspect(*strikes)).collect::<Vec<_>>()
    };
    assert_eq!([1, 2, 3, 5].map(alone), [vec![], vec![1], vec![2], vec![2, 3, 4]]);
}

proptest! {
    #[test]
    fn none_is_a_dead_letter_that_was_never_alone(max_deliveries in 2..1000_u32) {
        let policy = Policy { max_deliveries, ..POLICY };
        let dead = (0..).find(|strikes| policy.spent(*strikes).is_some());
        prop_assert_eq!(dead, Some(max_deliveries));
        prop_assert!(policy.is_suspect(max_deliveries - 1));
    }
}
