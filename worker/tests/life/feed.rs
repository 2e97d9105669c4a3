//! A change feed whose replicas come and go.

use crate::{
    nats::installed,
    place::Place,
    process::{Worker, until},
};
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const PARTITIONS: usize = 8;

#[derive(Debug, Deserialize)]
struct Feed {
    partitions: Vec<Partition>,
    projected: u64,
}

#[derive(Debug, Deserialize)]
struct Partition {
    owner: Option<String>,
    lag: u64,
}

impl Feed {
    fn of(place: &Place) -> Self {
        serde_json::from_str(&place.succeed(&["status", "--feed", "--format", "json"])).unwrap()
    }

    /// How many partitions each replica has.
    fn shares(&self) -> BTreeMap<&str, usize> {
        let mut shares = BTreeMap::new();
        for partition in &self.partitions {
            *shares.entry(partition.owner.as_deref().unwrap_or("nobody")).or_default() += 1;
        }
        shares
    }

    fn lag(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.lag).sum()
    }
}

fn replica(place: &Place, name: &str, lease: &str) -> Worker {
    place.start(&["--mode", "feed", "--owner", name, "--lease", lease])
}

/// Waits until these have all partitions, in shares that differ by one at most.
fn divided(place: &Place, among: &[&str], limit: Duration) {
    until("fair division", limit, || {
        let feed = Feed::of(place);
        let shares = feed.shares();
        let fair = PARTITIONS / among.len()..=PARTITIONS.div_ceil(among.len());
        (shares.keys().copied().eq(among.iter().copied()) && shares.values().all(|share| fair.contains(share)))
            .then_some(())
    });
}

/// Changes of many keys; all in all.
fn publish(place: &Place, total: &mut u64) {
    for key in 0..12 {
        place.enqueue("project", &json!({ "key": format!("key-{key}") }), 100);
        *total += 100;
    }
}

/// A change that is done out of order, or not at all, is not counted: so the count is exact only if both are right.
fn all_counted(place: &Place, total: u64) {
    until("no lag", Duration::from_secs(30), || (Feed::of(place).lag() == 0).then_some(()));
    // A status reads one after the other; now nothing moves.
    assert_eq!(Feed::of(place).projected, total);
}

#[test]
fn replicas_come_and_go_and_every_change_is_done_once_in_order() {
    // Longer than the test: whatever is handed over is not waited out.
    const LEASE: &str = "10m";
    let place = Place::sqlite();
    let mut total = 0;
    let a = replica(&place, "a", LEASE);
    divided(&place, &["a"], Duration::from_secs(20));
    publish(&place, &mut total);
    let b = replica(&place, "b", LEASE);
    let c = replica(&place, "c", LEASE);
    publish(&place, &mut total);
    divided(&place, &["a", "b", "c"], Duration::from_secs(40));
    publish(&place, &mut total);
    assert_eq!(b.stop().code, Some(0));
    divided(&place, &["a", "c"], Duration::from_secs(20));
    publish(&place, &mut total);
    all_counted(&place, total);
    for worker in [a, c] {
        let ended = worker.stop();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert_eq!(ended.all("lease lost", "partition").len(), 0);
        assert_eq!(ended.all("checkpoint fenced: somebody else has the partition", "partition").len(), 0);
    }
    divided(&place, &["nobody"], Duration::from_secs(1));
}

#[test]
fn partitions_of_a_killed_replica_are_taken_when_their_leases_run_out() {
    let place = Place::sqlite();
    let mut total = 0;
    let a = replica(&place, "a", "2s");
    let b = replica(&place, "b", "2s");
    divided(&place, &["a", "b"], Duration::from_secs(30));
    publish(&place, &mut total);
    let killed = Instant::now();
    drop(b);
    divided(&place, &["a"], Duration::from_secs(20));
    // It was renewed a third of its length before, at the earliest.
    assert!(killed.elapsed() > Duration::from_secs(1), "{:?}", killed.elapsed());
    publish(&place, &mut total);
    all_counted(&place, total);
    assert_eq!(a.stop().code, Some(0));
}

/// More partitions would have a key's next change overtake those that are still to be done in its old one.
fn gains_partitions_between_changes(place: &Place) {
    let mut total = 0;
    publish(place, &mut total);
    let partitions = || Feed::of(place).partitions.len();
    let refused = |count: &str, told: &str| {
        let output = place.run(&["migrate", "--partitions", count]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(78) && said.contains(told), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    };
    refused("12", "1200 changes are still to be done in the 8 partitions of the feed");
    refused("7", "the feed has 8 partitions, and cannot have 7");
    assert_eq!(partitions(), PARTITIONS);
    let worker = replica(place, "a", "30s");
    all_counted(place, total);
    place.succeed(&["migrate", "--partitions", "12"]);
    assert_eq!(partitions(), 12);
    // Without a number they stay as they are.
    place.succeed(&["migrate"]);
    assert_eq!(partitions(), 12);
    publish(place, &mut total);
    all_counted(place, total);
    refused("8", "the feed has 12 partitions, and cannot have 8");
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn a_feed_gains_partitions_between_changes_on_sqlite() {
    gains_partitions_between_changes(&Place::sqlite());
}

#[test]
fn a_feed_gains_partitions_between_changes_on_nats() {
    let Some(program) = installed() else { return };
    gains_partitions_between_changes(&Place::nats(&program));
}
