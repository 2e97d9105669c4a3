//! Changes of a feed: each must be projected once, in order. One that comes too early or too late is not counted, so the count
//! is exact only if all is right.

use crate::{fleet::Fleet, ledger::Tally, place::Place};
use serde::Deserialize;
use serde_json::json;

const FLAGS: [&str; 6] = ["--mode", "feed", "--lease", "1s", "--shutdown-timeout", "1s"];

/// `status --feed --format json`.
#[derive(Debug, Deserialize)]
struct Feed {
    partitions: Vec<Partition>,
    projected: u64,
}

#[derive(Debug, Deserialize)]
struct Partition {
    checkpoint: u64,
    lag: u64,
}

/// Lets it happen to so many replicas while changes come in, and compares what was projected with what there is.
pub(crate) fn round(place: Place, seed: u64, replicas: usize) -> Tally {
    let mut fleet = Fleet::new(place, seed, replicas, &FLAGS);
    let mut published = 0;
    fleet.suffer(|fleet| published += publish(fleet));
    fleet.rest(|fleet| Feed::of(&fleet.place).is_some_and(|feed| feed.partitions.iter().all(|it| it.lag == 0)));
    let feed = Feed::of(&fleet.place).expect("a feed");
    // Offsets count all changes of the feed, so the last one is how many there are.
    let all = feed.partitions.iter().map(|partition| partition.checkpoint).max();
    assert_eq!(Some(feed.projected), all, "{}: {feed:?}", fleet.context);
    // Whoever published while the engine went down may not know that it has succeeded.
    assert!(feed.projected >= published, "{}: {published} were published, {feed:?}", fleet.context);
    let count =
        |message| fleet.ended.iter().flat_map(|ended| &ended.log).filter(|line| line["message"] == message).count();
    Tally {
        changes: feed.projected,
        fenced: count("checkpoint fenced: somebody else has the partition"),
        lost: count("lease lost"),
        given_back: count("partition given back"),
        ..fleet.tally
    }
}

/// Some changes of one key; how many are there for sure.
fn publish(fleet: &mut Fleet) -> u64 {
    let key = json!({ "key": format!("key-{}", fleet.random.u8(..12)) }).to_string();
    let count = fleet.random.u64(1..500).to_string();
    let output = fleet.place.run(&["enqueue", "project", "--payload", &key, "--count", &count]);
    output.stdout.iter().filter(|byte| **byte == b'\n').count() as u64
}

impl Feed {
    /// None where the engine cannot be reached.
    fn of(place: &Place) -> Option<Self> {
        let output = place.run(&["status", "--feed", "--format", "json"]);
        output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
    }
}
