//! The table of the claims that a process holds, and of how they ended.

use plimsoll_worker::{
    ends::{End, Ends},
    handlers::Why,
    held::Held,
    job::{Claim, Renewed},
};
use std::time::{Duration, Instant};

fn claim(id: &str) -> Claim {
    Claim { id: id.to_owned(), token: 1, reply: String::new() }
}

const LEASE: Duration = Duration::from_secs(30);

#[test]
fn whoever_takes_a_claim_is_the_only_one_to_settle_it() {
    let held = Held::default();
    let now = Instant::now();
    held.hold(claim("a"), now);
    assert!(held.take(&claim("a")));
    assert!(!held.take(&claim("a")));
    assert!(held.take_all().is_empty());
}

#[test]
fn what_is_being_settled_is_held_and_neither_renewed_nor_lost() {
    let held = Held::default();
    let now = Instant::now();
    let canceller = held.hold(claim("a"), now);
    assert!(held.take(&claim("a")));
    assert_eq!(held.count(), 1);
    assert!(held.due(now).is_empty());
    // It was settled at this moment, and so is no longer leased.
    assert_eq!(held.renewed(&[claim("a")], &[Renewed::Lost], now), 0);
    assert_eq!(held.expire(LEASE, now + 2 * LEASE), 0);
    held.end(&claim("a"), End::Finished);
    assert_eq!((held.count(), held.ends().finished, canceller.why()), (0, 1, None));
}

#[test]
fn every_claim_ends_in_one_way() {
    let held = Held::default();
    let now = Instant::now();
    for id in ["before", "a", "b", "c", "d", "e"] {
        held.hold(claim(id), now);
    }
    assert!(held.take(&claim("before")));
    held.end(&claim("before"), End::Finished);
    held.stop();
    for (id, end) in [("a", End::Finished), ("b", End::Released)] {
        assert!(held.take(&claim(id)));
        held.end(&claim(id), end);
        held.end(&claim(id), End::Lost);
    }
    assert_eq!(held.renewed(&[claim("c")], &[Renewed::Lost], now), 1);
    assert!(held.take(&claim("d")));
    held.hold(claim("never begun"), now);
    assert!(held.take(&claim("never begun")));
    held.forget(&claim("never begun"));
    // The process ends while one is being settled, and one runs.
    let ends = held.ends();
    assert_eq!(ends, Ends { finished: 1, released: 1, lost: 1, unsettled: 2 });
    assert_eq!((ends.total(), ends.unfinished()), (5, 4));
}

#[test]
fn a_claim_that_the_engine_gave_away_is_lost_at_once() {
    let held = Held::default();
    let now = Instant::now();
    let canceller = held.hold(claim("a"), now);
    assert_eq!(held.renewed(&[claim("a")], &[Renewed::Lost], now), 1);
    assert_eq!(canceller.why(), Some(Why::LeaseLost));
    assert!(!held.take(&claim("a")));
}

#[test]
fn without_a_renewal_a_lease_ends_by_our_own_clock() {
    let held = Held::default();
    let now = Instant::now();
    held.hold(claim("renewed"), now);
    let silent = held.hold(claim("silent"), now);
    held.renewed(&[claim("renewed")], &[Renewed::Held], now + LEASE / 2);
    assert_eq!(held.expire(LEASE, now + LEASE), 1);
    assert_eq!(silent.why(), Some(Why::LeaseLost));
    assert_eq!(held.take_all(), [claim("renewed")]);
}

#[test]
fn a_job_that_has_had_its_time_is_not_renewed_any_more() {
    let held = Held::default();
    let now = Instant::now();
    held.hold(claim("stuck"), now);
    // While it waits to be begun, it has not had its time.
    assert_eq!(held.due(now + 9 * LEASE), [claim("stuck")]);
    held.begin(&claim("stuck"), now + LEASE);
    assert_eq!(held.due(now), [claim("stuck")]);
    assert!(held.due(now + LEASE).is_empty());
}

#[test]
fn a_job_that_nobody_wants_is_held_and_its_handler_hears_of_it() {
    let held = Held::default();
    let now = Instant::now();
    let canceller = held.hold(claim("a"), now);
    held.ask(Why::Stop);
    assert_eq!(held.renewed(&[claim("a")], &[Renewed::Cancelled], now + LEASE / 2), 0);
    assert_eq!((held.expire(LEASE, now + LEASE), canceller.why()), (0, Some(Why::Cancelled)));
    assert!(held.take(&claim("a")));
}

#[test]
fn the_gravest_reason_to_end_stays() {
    let held = Held::default();
    let now = Instant::now();
    let canceller = held.hold(claim("a"), now);
    held.ask(Why::Stop);
    assert_eq!(canceller.why(), Some(Why::Stop));
    held.expire(LEASE, now + LEASE);
    canceller.ask(Why::TimedOut);
    assert_eq!(canceller.why(), Some(Why::LeaseLost));
}
