//! The books: what the logs of all processes say was done, and what they may say.

use crate::{
    place::{Effects, Place, Status},
    process::Ended,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display},
    iter::Sum,
    ops::AddAssign,
};

/// What happened, as far as it was said: a process that is killed says nothing of the last moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) jobs: usize,
    pub(crate) dead: usize,
    pub(crate) changes: u64,
    pub(crate) deliveries: u64,
    pub(crate) kills: usize,
    pub(crate) terms: usize,
    pub(crate) zombies: usize,
    pub(crate) restarts: usize,
    /// Workers whose network was cut.
    pub(crate) cuts: usize,
    /// Settlements that came too late, and changed nothing.
    pub(crate) fenced: usize,
    /// Leases that a process found lost by itself.
    pub(crate) lost: usize,
    pub(crate) given_back: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.jobs += more.jobs;
        self.dead += more.dead;
        self.changes += more.changes;
        self.deliveries += more.deliveries;
        self.kills += more.kills;
        self.terms += more.terms;
        self.zombies += more.zombies;
        self.restarts += more.restarts;
        self.cuts += more.cuts;
        self.fenced += more.fenced;
        self.lost += more.lost;
        self.given_back += more.given_back;
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        let mut sum = Tally::default();
        all.for_each(|more| sum += more);
        sum
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { jobs, dead, changes, deliveries, kills, terms, zombies, restarts, cuts, fenced, lost, given_back } =
            self;
        write!(
            f,
            "{jobs} jobs, {dead} of them dead letters as expected; {changes} changes; SIGKILL {kills}, SIGTERM {terms}, zombies {zombies}, \
             restarts of the engine {restarts}, cuts of a network {cuts}; deliveries at least {deliveries}, leases lost {lost}, fenced {fenced}, \
             given back {given_back}; nothing lost, nothing twice"
        )
    }
}

/// Jobs by id, and whether they must succeed.
pub(crate) type Expected = BTreeMap<String, bool>;

/// Closes the books on a queue at rest.
pub(crate) fn close(place: &Place, expected: &Expected, ended: &[Ended], context: &str) -> Tally {
    let good = expected.values().filter(|good| **good).count() as u64;
    let bad = expected.len() as u64 - good;
    let effects = Effects { total: good, distinct: good };
    let at_rest = Status { done: good, dead: bad, effects, ..Status::default() };
    assert_eq!(place.status(), at_rest, "{context}");
    let lines: Vec<_> = ended.iter().flat_map(|ended| &ended.log).collect();
    settled_once(&lines, context);
    let count = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
    Tally {
        jobs: expected.len(),
        dead: bad as usize,
        deliveries: highest_deliveries(&lines),
        fenced: count("fenced: somebody else has it"),
        lost: count("lease lost"),
        given_back: count("given back"),
        ..Tally::default()
    }
}

/// A settlement that the fence should have kept out shows as an end by a second delivery. By one delivery there may be two:
/// a NATS server that was killed may forget that it handed out a job, and do so again under the same number; both ends
/// write the same record, which is written once.
fn settled_once(lines: &[&Value], context: &str) {
    let mut ends = BTreeMap::<&str, BTreeSet<(&str, u64)>>::new();
    for line in lines.iter().filter(|line| line["message"] == "done" || line["message"] == "dead letter") {
        let end = (line["message"].as_str().unwrap(), line["delivery"].as_u64().unwrap());
        ends.entry(line["job"].as_str().unwrap()).or_default().insert(end);
    }
    let twice: Vec<_> = ends.into_iter().filter(|(_, ends)| ends.len() > 1).collect();
    assert!(twice.is_empty(), "settled more than once: {twice:?}; {context}");
}

fn highest_deliveries(lines: &[&Value]) -> u64 {
    let mut highest = BTreeMap::<&str, u64>::new();
    for line in lines {
        if let (Some(job), Some(delivery)) = (line["job"].as_str(), line["delivery"].as_u64()) {
            let entry = highest.entry(job).or_default();
            *entry = delivery.max(*entry);
        }
    }
    highest.values().sum()
}
