//! That nothing is lost and nothing is done twice, whatever happens to processes and engine.
//!
//! Chance comes from a seed that is printed; `PROOF_SEED` sets it. `make soak` repeats the proof for `SOAK` minutes.
#![allow(missing_docs, reason = "a test binary has no readers of its documentation")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../support/cable.rs"]
mod cable;
mod feed;
mod fleet;
mod jobs;
mod ledger;
#[path = "../support/nats.rs"]
#[allow(dead_code, reason = "other test binaries use the rest")]
mod nats;
#[path = "../support/need.rs"]
mod need;
#[path = "../support/place.rs"]
#[allow(dead_code, reason = "other test binaries use the rest")]
mod place;
#[path = "../support/process.rs"]
#[allow(dead_code, reason = "other test binaries use the rest")]
mod process;
mod soak;
mod steps;

use place::Place;

fn seed() -> u64 {
    std::env::var("PROOF_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().expect("PROOF_SEED is a number"))
}

#[test]
fn nothing_is_lost_on_sqlite() {
    println!("{}", jobs::round(Place::sqlite(), seed(), 4));
}

#[test]
fn nothing_is_lost_on_nats() {
    let Some(program) = nats::installed() else { return };
    println!("{}", jobs::round(Place::nats(&program), seed(), 4));
}

#[test]
fn every_change_is_projected_once_in_order_on_sqlite() {
    println!("{}", feed::round(Place::sqlite(), seed(), 3));
}

#[test]
fn every_change_is_projected_once_in_order_on_nats() {
    let Some(program) = nats::installed() else { return };
    println!("{}", feed::round(Place::nats(&program), seed(), 3));
}

#[test]
fn a_signal_at_any_step_of_a_job_loses_nothing_on_sqlite() {
    println!("{}", steps::round(&Place::sqlite(), seed()));
}

#[test]
fn a_signal_at_any_step_of_a_job_loses_nothing_on_nats() {
    let Some(program) = nats::installed() else { return };
    println!("{}", steps::round(&Place::nats(&program), seed()));
}
