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
