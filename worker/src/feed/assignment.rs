//! Who works on which partition: leases go in, what this replica does about them comes out. Pure.
//!
//! There is no list of replicas and no common clock. A replica is known by the leases that it holds. A lease has run out
//! when its revision has not moved for its length, by the clock of whoever looks.

use crate::change::{Lease, Revision, Versioned};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// What to do about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Write our lease again.
    Renew(u32),
    /// Write our lease: it is free, was handed to us, or has run out.
    Take(u32),
    /// Ask its owner for it.
    Ask(u32),
    /// Its new owner asked for it.
    HandOver(u32),
}

/// What one replica has seen of the leases.
#[derive(Clone, Debug)]
pub struct Assignment {
    me: String,
    lease: Duration,
    /// When each partition's revision was seen to move.
    moved: Vec<(Revision, Instant)>,
}

impl Assignment {
    /// Of a replica that has seen nothing yet.
    pub fn new(me: String, lease: Duration) -> Self {
        Assignment { me, lease, moved: Vec::new() }
    }

    /// What to do now, given all leases and the partitions that this replica works on.
    pub fn steps(&mut self, leases: &[Versioned<Lease>], mine: &BTreeSet<u32>, now: Instant) -> Vec<Step> {
        self.watch(leases, now);
        let mut steps: Vec<_> = mine.iter().filter_map(|partition| self.keep(*partition, leases)).collect();
        let shares = self.shares(leases, now);
        let fair = leases.len().div_ceil(shares.len());
        let all = (0..).zip(leases);
        let takeable = all
            .filter(|(partition, lease)| !mine.contains(partition) && self.is_takeable(*partition, &lease.value, now));
        steps.extend(takeable.take(fair.saturating_sub(mine.len())).map(|(partition, _)| Step::Take(partition)));
        let takes = steps.iter().any(|step| matches!(step, Step::Take(_)));
        if !takes && !self.is_asking(leases) {
            steps.extend(self.ask(leases, &shares, mine.len()));
        }
        steps
    }

    fn watch(&mut self, leases: &[Versioned<Lease>], now: Instant) {
        self.moved.resize(leases.len(), (Revision::MAX, now));
        for (moved, lease) in self.moved.iter_mut().zip(leases) {
            if moved.0 != lease.revision {
                *moved = (lease.revision, now);
            }
        }
    }

    fn keep(&self, partition: u32, leases: &[Versioned<Lease>]) -> Option<Step> {
        let lease = &leases.get(partition as usize)?.value;
        let ours = lease.owner.as_ref() == Some(&self.me);
        let asked = lease.wanted_by.as_ref().is_some_and(|by| *by != self.me);
        ours.then_some(if asked { Step::HandOver(partition) } else { Step::Renew(partition) })
    }

    fn has_run_out(&self, partition: u32, now: Instant) -> bool {
        self.moved.get(partition as usize).is_some_and(|(_, at)| *at + self.lease <= now)
    }

    fn is_takeable(&self, partition: u32, lease: &Lease, now: Instant) -> bool {
        match &lease.owner {
            None => true,
            Some(owner) => *owner == self.me || self.has_run_out(partition, now),
        }
    }

    /// How many partitions each replica that lives has; this one is among them.
    fn shares<'a>(&'a self, leases: &'a [Versioned<Lease>], now: Instant) -> BTreeMap<&'a str, usize> {
        let mut shares = BTreeMap::from([(self.me.as_str(), 0)]);
        for (partition, lease) in (0..).zip(leases) {
            let Some(owner) = &lease.value.owner else { continue };
            if *owner == self.me || !self.has_run_out(partition, now) {
                *shares.entry(owner).or_default() += 1;
            }
        }
        shares
    }

    /// One at a time: the next is asked for when the last has come.
    fn is_asking(&self, leases: &[Versioned<Lease>]) -> bool {
        leases.iter().any(|lease| lease.value.wanted_by.as_ref() == Some(&self.me))
    }

    /// Of the replica that has most, and only if that makes shares more equal.
    fn ask(&self, leases: &[Versioned<Lease>], shares: &BTreeMap<&str, usize>, mine: usize) -> Option<Step> {
        let (richest, most) = shares.iter().max_by_key(|(_, share)| **share)?;
        let free_to_ask = |lease: &Lease| lease.owner.as_deref() == Some(*richest) && lease.wanted_by.is_none();
        let asked = (0..).zip(leases).find(|(_, lease)| free_to_ask(&lease.value));
        asked.filter(|_| *most > mine + 1).map(|(partition, _)| Step::Ask(partition))
    }
}
