//! The proof again and again, for as long as somebody wants: `make soak`.

use crate::{feed, jobs, ledger::Tally, nats, place::Place, steps};
use std::time::{Duration, Instant};

/// Minutes, if nothing else is said.
const MINUTES: u64 = 10;

#[test]
#[ignore = "takes as many minutes as SOAK says: make soak"]
fn soak() {
    let minutes =
        std::env::var("SOAK").map_or(MINUTES, |minutes| minutes.parse().expect("SOAK is a number of minutes"));
    let until = Instant::now() + Duration::from_secs(60 * minutes);
    let first = crate::seed();
    let rounds: Vec<Tally> =
        (0..).take_while(|_| Instant::now() < until).map(|n| round(first.wrapping_add(n))).collect();
    println!("soak: {} rounds in {minutes} min: {}", rounds.len(), rounds.iter().copied().sum::<Tally>());
}

fn round(seed: u64) -> Tally {
    let processes = [2, 4, 8][(seed % 3) as usize];
    let mut engines = vec![Place::sqlite as fn() -> Place];
    if nats::installed().is_some() {
        engines.push(|| Place::nats(&nats::installed().unwrap()));
    }
    let tally = engines
        .into_iter()
        .flat_map(|place| {
            [jobs::round(place(), seed, processes), feed::round(place(), seed, processes), steps::round(&place(), seed)]
        })
        .sum();
    println!("{tally}");
    tally
}
