//! The claims that this process holds: one table, read by the dispatcher and by the keeper of the leases.
//!
//! Whoever [takes](Held::take) a claim out settles it, and nobody else does.

use crate::job::Claim;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// What is held.
#[derive(Debug, Default)]
pub struct Held {
    claims: Mutex<BTreeMap<Claim, Entry>>,
}

#[derive(Debug)]
struct Entry {
    renewed: Instant,
    /// From here on it is not renewed: its job has had its time, and may be stuck where nothing can end it.
    give_up: Instant,
    lost: CancellationToken,
}

impl Held {
    /// Holds a claim that was made at `since`; the token tells when it is lost.
    pub fn hold(&self, claim: Claim, since: Instant, give_up: Instant) -> CancellationToken {
        let lost = CancellationToken::new();
        self.lock().insert(claim, Entry { renewed: since, give_up, lost: lost.clone() });
        lost
    }

    /// Takes a claim out in order to settle it; false if somebody else has, or if it is lost.
    pub fn take(&self, claim: &Claim) -> bool {
        self.lock().remove(claim).is_some()
    }

    /// Takes out all.
    pub fn take_all(&self) -> Vec<Claim> {
        std::mem::take(&mut *self.lock()).into_keys().collect()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Those to be renewed.
    pub fn due(&self, now: Instant) -> Vec<Claim> {
        self.lock().iter().filter(|(_, entry)| now < entry.give_up).map(|(claim, _)| claim.clone()).collect()
    }

    /// Notes what a renewal that was asked for at `asked` brought; says how many are lost.
    pub fn renewed(&self, claims: &[Claim], held: &[bool], asked: Instant) -> usize {
        let mut table = self.lock();
        let mut lost = 0;
        for (claim, held) in claims.iter().zip(held) {
            match table.get_mut(claim) {
                Some(entry) if *held => entry.renewed = asked,
                Some(_) => lost += usize::from(forget(&mut table, claim)),
                None => {}
            }
        }
        lost
    }

    /// Drops those whose lease must have run out by now, whatever the engine says; says how many.
    pub fn expire(&self, lease: Duration, now: Instant) -> usize {
        let mut table = self.lock();
        let over = table.iter().filter(|(_, entry)| entry.renewed + lease <= now).map(|(claim, _)| claim.clone());
        let over: Vec<_> = over.collect();
        over.iter().filter(|claim| forget(&mut table, claim)).count()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Claim, Entry>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(table: &mut BTreeMap<Claim, Entry>, claim: &Claim) -> bool {
    table.remove(claim).map(|entry| entry.lost.cancel()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
