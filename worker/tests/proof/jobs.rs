//! Jobs of all kinds, also such as end their process: each of them must come to the one end that it can have, and none is a dead
//! letter because of its neighbours.

use crate::{
    fleet::Fleet,
    ledger::{self, Expected, Tally},
    place::Place,
};
use serde_json::{Value, json};

/// A handler that finds its engine gone has failed: so many attempts that this alone buries no job.
const FLAGS: [&str; 15] = [
    "--chaos",
    "--lease",
    "1s",
    "--concurrency",
    "4",
    "--shutdown-timeout",
    "1s",
    "--backoff",
    "20ms",
    "--max-backoff",
    "100ms",
    "--max-attempts",
    "12",
    "--max-deliveries",
    "10",
];

/// Lets it happen to so many processes, and closes the books.
pub(crate) fn round(place: Place, seed: u64, processes: usize) -> Tally {
    let mut fleet = Fleet::new(place, seed, processes, &FLAGS);
    let expected = enqueue(&mut fleet);
    fleet.suffer(|_| {});
    fleet.rest(|fleet| is_at_rest(&fleet.place));
    let mut tally = ledger::close(&fleet.place, &expected, &fleet.ended, &fleet.context);
    tally += fleet.tally;
    tally
}

/// Jobs in any order; whether each must succeed.
fn enqueue(fleet: &mut Fleet) -> Expected {
    let mut batches: Vec<(&str, Value, usize, bool)> = vec![
        ("fail", json!({ "times": 1 }), 40, true),
        ("fail", json!({ "times": 3 }), 20, true),
        ("fail", json!({ "times": 1000 }), 10, false),
        ("panic", json!({}), 5, false),
        ("nobody", json!({}), 5, false),
        ("exit", json!({ "code": 3 }), 2, false),
        ("checksum", json!({ "rounds": 20_000 }), 40, true),
    ];
    for ms in [0, 1, 10, 50, 100, 200, 400, 900] {
        batches.push(("sleep", json!({ "ms": ms }), 30, true));
        batches.push(("sleep", json!({ "ms": ms, "stubborn": true }), 15, true));
    }
    fleet.random.shuffle(&mut batches);
    let mut expected = Expected::new();
    for (handler, payload, count, good) in batches {
        expected.extend(fleet.place.enqueue(handler, &payload, count).into_iter().map(|id| (id, good)));
    }
    expected
}

fn is_at_rest(place: &Place) -> bool {
    place.status_if_any().is_some_and(|status| (status.ready, status.leased, status.delayed) == (0, 0, 0))
}
