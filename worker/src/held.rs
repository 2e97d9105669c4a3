//! The claims that this process holds: one table, read by the dispatcher and by the keeper of the leases.
//!
//! A claim stays in it until its end is counted, so nothing is ever between the two. Whoever [takes](Held::take) a claim
//! settles it, and nobody else does.

use crate::{
    ends::{End, Ends},
    handlers::{Canceller, Why},
    job::{Claim, Renewed},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What is held.
#[derive(Debug, Default)]
pub struct Held(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    claims: BTreeMap<Claim, Entry>,
    ends: Ends,
}

#[derive(Debug)]
struct Entry {
    renewed: Instant,
    /// From here on it is not renewed: its job has had its time, and may be stuck where nothing can end it. None while it waits
    /// to be begun.
    give_up: Option<Instant>,
    canceller: Arc<Canceller>,
    /// Somebody tells the engine what became of it.
    taken: bool,
}

impl Held {
    /// Holds a claim that was made at `since`; what is asked of its handler.
    pub fn hold(&self, claim: Claim, since: Instant) -> Arc<Canceller> {
        let canceller = Arc::<Canceller>::default();
        let entry = Entry { renewed: since, give_up: None, canceller: canceller.clone(), taken: false };
        self.lock().claims.insert(claim, entry);
        canceller
    }

    /// Its job is begun, and is not renewed beyond `give_up`.
    pub fn begin(&self, claim: &Claim, give_up: Instant) {
        if let Some(entry) = self.lock().claims.get_mut(claim) {
            entry.give_up = Some(give_up);
        }
    }

    /// Takes a claim in order to settle it; false if somebody else has, or if it is lost.
    pub fn take(&self, claim: &Claim) -> bool {
        self.lock().claims.get_mut(claim).is_some_and(|entry| !std::mem::replace(&mut entry.taken, true))
    }

    /// Takes all that nobody has taken.
    pub fn take_all(&self) -> Vec<Claim> {
        let mut table = self.lock();
        let left = table.claims.iter_mut().filter(|(_, entry)| !entry.taken);
        left.map(|(claim, entry)| {
            entry.taken = true;
            claim.clone()
        })
        .collect()
    }

    /// Whether each claim is taken.
    pub fn all_taken(&self) -> bool {
        self.lock().claims.values().all(|entry| entry.taken)
    }

    /// A claim that was taken has ended so.
    pub fn end(&self, claim: &Claim, end: End) {
        let mut table = self.lock();
        if table.claims.remove(claim).is_some() {
            table.ends.count(end);
        }
    }

    /// A claim that was taken is given back, and its job was never begun: it has no end here.
    pub fn forget(&self, claim: &Claim) {
        self.lock().claims.remove(claim);
    }

    /// How many there are, those included that are being settled.
    pub fn count(&self) -> usize {
        self.lock().claims.len()
    }

    /// From here on ends are counted anew.
    pub fn stop(&self) {
        self.lock().ends = Ends::default();
    }

    /// Those since the stop. What is held still is left to its lease.
    pub fn ends(&self) -> Ends {
        let table = self.lock();
        let mut ends = table.ends;
        ends.count_all(End::Unsettled, table.claims.len());
        ends
    }

    /// Asks all handlers to come to an end.
    pub fn ask(&self, why: Why) {
        self.lock().claims.values().for_each(|entry| entry.canceller.ask(why));
    }

    /// Those to be renewed.
    pub fn due(&self, now: Instant) -> Vec<Claim> {
        let table = self.lock();
        let due = table.claims.iter().filter(|(_, entry)| !entry.taken && entry.give_up.is_none_or(|end| now < end));
        due.map(|(claim, _)| claim.clone()).collect()
    }

    /// Notes what a renewal that was asked for at `asked` brought; says how many are lost.
    pub fn renewed(&self, claims: &[Claim], renewed: &[Renewed], asked: Instant) -> usize {
        let mut table = self.lock();
        let mut lost = 0;
        for (claim, renewed) in claims.iter().zip(renewed) {
            // It may be settled by now, and is no longer held for that.
            let Some(entry) = table.claims.get_mut(claim).filter(|entry| !entry.taken) else { continue };
            if *renewed == Renewed::Lost {
                lost += usize::from(table.lose(claim));
                continue;
            }
            entry.renewed = asked;
            if *renewed == Renewed::Cancelled {
                entry.canceller.ask(Why::Cancelled);
            }
        }
        lost
    }

    /// Drops those whose lease must have run out by now, whatever the engine says; says how many. What is being settled is
    /// left to whoever does it: the engine refuses it if it comes too late.
    pub fn expire(&self, lease: Duration, now: Instant) -> usize {
        let mut table = self.lock();
        let over = table.claims.iter().filter(|(_, entry)| !entry.taken && entry.renewed + lease <= now);
        let over: Vec<_> = over.map(|(claim, _)| claim.clone()).collect();
        over.iter().filter(|claim| table.lose(claim)).count()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn lose(&mut self, claim: &Claim) -> bool {
        let Some(entry) = self.claims.remove(claim) else { return false };
        self.ends.count(End::Lost);
        entry.canceller.ask(Why::LeaseLost);
        true
    }
}
