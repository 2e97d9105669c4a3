//! The change feed: order, leases and checkpoints of partitions.

use crate::place::{PARTITIONS, PATIENCE, Place};
use plimsoll_worker::{
    change::{Change, Lease, NewChange, Versioned},
    engine::Feed,
};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const KEYS: usize = 10;

fn changes(numbers: std::ops::Range<usize>) -> Vec<NewChange> {
    numbers
        .map(|number| NewChange {
            key: format!("key-{}", number % KEYS),
            payload: json!(number),
            trace: [("tracestate".to_owned(), number.to_string())].into(),
        })
        .collect()
}

fn of(partition: u32, changes: &[NewChange]) -> Vec<NewChange> {
    changes.iter().filter(|change| change.partition(PARTITIONS) == partition).cloned().collect()
}

async fn read_all(feed: &Arc<dyn Feed>, partition: u32, mut after: u64) -> Vec<Change> {
    let mut all = vec![];
    loop {
        let page = feed.read(partition, after, 7, Duration::ZERO).await.unwrap();
        assert!(page.len() <= 7);
        let Some(last) = page.last() else { return all };
        after = last.offset;
        all.extend(page);
    }
}

pub(crate) async fn keeps_the_order_of_a_partition(place: Arc<Place>) {
    let (feed, other) = (place.new_feed().await, place.feed().await);
    let published = changes(0..200);
    feed.publish(&published[..100]).await.unwrap();
    other.publish(&published[100..]).await.unwrap();
    let mut total = 0;
    for partition in 0..PARTITIONS {
        let read = read_all(&other, partition, 0).await;
        assert!(read.is_sorted_by(|a, b| a.offset < b.offset));
        assert!(read.iter().all(|change| change.partition == partition && change.offset > 0));
        let contents: Vec<_> = read.iter().map(|change| change.change.clone()).collect();
        assert_eq!(contents, of(partition, &published));
        // From the middle, as after a hand-over, by one who read further before, and by one who did not.
        let Some(middle) = read.get(read.len() / 2) else { continue };
        for feed in [&other, &feed] {
            assert_eq!(read_all(feed, partition, middle.offset).await, read[read.len() / 2 + 1..]);
        }
        total += read.len();
    }
    assert_eq!(total, published.len());
}

pub(crate) async fn reads_on_when_a_change_arrives(place: Arc<Place>) {
    let (feed, other) = (place.new_feed().await, place.feed().await);
    let mut after = 0;
    for number in 0..3 {
        let change = changes(number * KEYS..number * KEYS + 1);
        let partition = change[0].partition(PARTITIONS);
        let begun = Instant::now();
        let reader = feed.clone();
        let waiting = tokio::spawn(async move { reader.read(partition, after, 10, PATIENCE).await.unwrap() });
        other.publish(&change).await.unwrap();
        let read = waiting.await.unwrap();
        assert_eq!(read.iter().map(|change| &change.change).collect::<Vec<_>>(), change.iter().collect::<Vec<_>>());
        assert!(begun.elapsed() < PATIENCE / 2, "it took {:?}", begun.elapsed());
        after = read[0].offset;
        assert_eq!(feed.read(partition, after, 10, Duration::ZERO).await.unwrap(), []);
    }
}

pub(crate) async fn leases_partitions_to_one_writer(place: Arc<Place>) {
    let (feed, other) = (place.new_feed().await, place.feed().await);
    assert_eq!(feed.leases().await.unwrap(), vec![Versioned::<Lease>::default(); PARTITIONS as usize]);
    let lease = |owner: &str| Lease { owner: Some(owner.to_owned()), wanted_by: Some("somebody".to_owned()) };

    let first = feed.write_lease(2, &lease("a"), 0).await.unwrap().expect("nobody wrote before");
    assert_eq!(other.write_lease(2, &lease("b"), 0).await.unwrap(), None);
    let second = other.write_lease(2, &lease("b"), first).await.unwrap().expect("nobody wrote since");
    assert_eq!(feed.write_lease(2, &lease("a"), first).await.unwrap(), None);
    assert!(second > first);

    let mut expected = vec![Versioned::<Lease>::default(); PARTITIONS as usize];
    expected[2] = Versioned { value: lease("b"), revision: second };
    assert_eq!(feed.leases().await.unwrap(), expected);
    assert_eq!(feed.progress().await.unwrap()[2].owner.as_deref(), Some("b"));
}

pub(crate) async fn moves_a_checkpoint_for_one_writer(place: Arc<Place>) {
    let (feed, other) = (place.new_feed().await, place.feed().await);
    assert_eq!(feed.checkpoint(1).await.unwrap(), Versioned::default());
    let first = feed.write_checkpoint(1, 10, 0).await.unwrap().expect("nobody wrote before");
    let second = other.write_checkpoint(1, 20, first).await.unwrap().expect("nobody wrote since");
    assert_eq!(feed.write_checkpoint(1, 15, first).await.unwrap(), None, "it lost the partition");
    assert_eq!(feed.write_checkpoint(1, 15, 0).await.unwrap(), None);
    assert_eq!(feed.checkpoint(1).await.unwrap(), Versioned { value: 20, revision: second });
    assert_eq!(feed.checkpoint(0).await.unwrap(), Versioned::default());
    // It lives apart from the lease.
    assert_eq!(feed.leases().await.unwrap()[1], Versioned::default());
}

pub(crate) async fn tells_how_far_each_partition_is(place: Arc<Place>) {
    let feed = place.new_feed().await;
    let published = changes(0..40);
    feed.publish(&published).await.unwrap();
    for partition in 0..PARTITIONS {
        let all = read_all(&feed, partition, 0).await;
        let progress = || async { feed.progress().await.unwrap().remove(partition as usize) };
        let fresh = progress().await;
        assert_eq!((fresh.partition, fresh.checkpoint, fresh.lag), (partition, 0, all.len() as u64));
        let mut seen = 0;
        for (number, change) in all.iter().enumerate() {
            seen = feed.write_checkpoint(partition, change.offset, seen).await.unwrap().unwrap();
            let now = progress().await;
            assert_eq!((now.checkpoint, now.lag), (change.offset, (all.len() - number - 1) as u64));
        }
    }
}
