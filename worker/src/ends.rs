//! How work ended that was in flight when the worker was told to stop. Counted where it happens, never inferred.

use serde::Serialize;
use std::{
    ops::Add,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How one job or change ended for this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The engine has written down what became of it: done, to be tried again, or a dead letter.
    Finished,
    /// It was given back.
    Released,
    /// The lease ran out, or somebody else has it.
    Lost,
    /// The engine could not be told: it comes again when its lease has run out.
    Unsettled,
}

/// How many ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ends {
    /// See [`End::Finished`].
    pub finished: usize,
    /// See [`End::Released`].
    pub released: usize,
    /// See [`End::Lost`].
    pub lost: usize,
    /// See [`End::Unsettled`].
    pub unsettled: usize,
}

impl Ends {
    /// One ended so.
    pub fn count(&mut self, end: End) {
        self.count_all(end, 1);
    }

    /// So many ended so.
    pub fn count_all(&mut self, end: End, count: usize) {
        *match end {
            End::Finished => &mut self.finished,
            End::Released => &mut self.released,
            End::Lost => &mut self.lost,
            End::Unsettled => &mut self.unsettled,
        } += count;
    }

    /// All of them.
    pub fn total(self) -> usize {
        self.finished + self.unfinished()
    }

    /// Those that others have to do.
    pub fn unfinished(self) -> usize {
        self.released + self.lost + self.unsettled
    }
}

impl Add for Ends {
    type Output = Ends;

    fn add(self, more: Ends) -> Ends {
        Ends {
            finished: self.finished + more.finished,
            released: self.released + more.released,
            lost: self.lost + more.lost,
            unsettled: self.unsettled + more.unsettled,
        }
    }
}

/// The changes that this process works on. Jobs are counted where their claims are: [`crate::held`].
#[derive(Debug, Default)]
pub struct Changes(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    in_flight: usize,
    ends: Ends,
}

impl Changes {
    /// Begins one. If it is dropped, its partition goes back with it.
    pub fn begin(&self) -> InFlight<'_> {
        self.lock().in_flight += 1;
        InFlight { changes: self, end: End::Released }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().in_flight
    }

    /// From here on ends are counted anew.
    pub fn stop(&self) {
        self.lock().ends = Ends::default();
    }

    /// Those since the stop. What is in flight still ends with the process.
    pub fn ends(&self) -> Ends {
        let tally = self.lock();
        let mut ends = tally.ends;
        ends.count_all(End::Unsettled, tally.in_flight);
        ends
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One change.
#[derive(Debug)]
pub struct InFlight<'a> {
    changes: &'a Changes,
    end: End,
}

impl InFlight<'_> {
    /// It ended so.
    pub fn ends(mut self, end: End) {
        self.end = end;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut tally = self.changes.lock();
        tally.in_flight -= 1;
        tally.ends.count(self.end);
    }
}
