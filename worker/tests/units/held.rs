//! The table of the claims that a process holds.

use plimsoll_worker::{held::Held, job::Claim};
use std::time::{Duration, Instant};

fn claim(id: &str) -> Claim {
    Claim { id: id.to_owned(), token: 1, reply: String::new() }
}

const LEASE: Duration = Duration::from_secs(30);

#[test]
fn whoever_takes_a_claim_is_the_only_one_to_settle_it() {
    let held = Held::default();
    let now = Instant::now();
    held.hold(claim("a"), now, now + LEASE);
    assert!(held.take(&claim("a")));
    assert!(!held.take(&claim("a")));
    assert!(held.take_all().is_empty());
}

#[test]
fn a_claim_that_the_engine_gave_away_is_lost_at_once() {
    let held = Held::default();
    let now = Instant::now();
    let lost = held.hold(claim("a"), now, now + LEASE);
    assert_eq!(held.renewed(&[claim("a")], &[false], now), 1);
    assert!(lost.is_cancelled() && !held.take(&claim("a")));
}

#[test]
fn without_a_renewal_a_lease_ends_by_our_own_clock() {
    let held = Held::default();
    let now = Instant::now();
    held.hold(claim("renewed"), now, now + 9 * LEASE);
    let lost = held.hold(claim("silent"), now, now + 9 * LEASE);
    held.renewed(&[claim("renewed")], &[true], now + LEASE / 2);
    assert_eq!(held.expire(LEASE, now + LEASE), 1);
    assert!(lost.is_cancelled());
    assert_eq!(held.take_all(), [claim("renewed")]);
}

#[test]
fn a_job_that_has_had_its_time_is_not_renewed_any_more() {
    let held = Held::default();
    let now = Instant::now();
    held.hold(claim("stuck"), now, now + LEASE);
    assert_eq!(held.due(now), [claim("stuck")]);
    assert!(held.due(now + LEASE).is_empty());
}
