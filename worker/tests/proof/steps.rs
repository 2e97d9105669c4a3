//! SIGTERM at every step of a job's life: one process after the other, each told to stop at a moment of chance.

use crate::{
    ledger::{self, Expected, Tally},
    place::Place,
};
use serde_json::json;
use std::{thread, time::Duration};

/// Processes that are told to stop.
const STOPS: usize = 25;

/// Only one attempt, and next to no strikes: a stop that is counted as either makes a dead letter.
const FLAGS: [&str; 8] =
    ["--max-attempts", "1", "--shutdown-timeout", "200ms", "--concurrency", "2", "--max-deliveries", "2"];

/// Stops many times, lets the last process finish, and closes the books.
pub(crate) fn round(place: &Place, seed: u64) -> Tally {
    let context = format!("PROOF_SEED={seed}");
    println!("{context}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut expected, mut ended) = (Expected::new(), vec![]);
    for _ in 0..STOPS {
        let payload = json!({ "ms": random.u64(..300), "stubborn": random.bool() });
        expected.extend(place.enqueue("sleep", &payload, 2).into_iter().map(|id| (id, true)));
        let worker = place.start(&FLAGS);
        thread::sleep(Duration::from_millis(random.u64(..350)));
        let stopped = worker.stop();
        assert!(matches!(stopped.code, Some(0 | 75)), "{context}: {stopped:#?}");
        // S, two seconds to settle, and something for a busy machine; without a collector there is nothing to flush.
        assert!(stopped.after < Duration::from_secs(4), "{context}: {stopped:#?}");
        let status = place.status();
        assert_eq!((status.leased, status.delayed, status.dead), (0, 0, 0), "{context}: {stopped:#?}");
        ended.push(stopped);
    }
    let last = place.start(&FLAGS);
    place.becomes("rest", |status| status.done == expected.len() as u64);
    ended.push(last.stop());
    let tally = ledger::close(place, &expected, &ended, &context);
    tally.of_terms(STOPS)
}

impl Tally {
    fn of_terms(self, terms: usize) -> Self {
        Tally { terms, ..self }
    }
}
