//! Writers of one file that come between each other.

use crate::place::{PARTITIONS, Place};
use plimsoll_worker::engine::Url;
use rusqlite::Connection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How long the other has the file at a time, and how short the gaps are.
const HELD: Duration = Duration::from_millis(20);
const GAP: Duration = Duration::from_millis(1);

/// One that writes one transaction after the other, as a feed does that counts each change in its sink.
pub(crate) async fn every_writer_has_its_turn(place: Arc<Place>) {
    let feed = place.new_feed().await;
    let Url::Sqlite(file) = &place.address().url else { unreachable!("it is about a file") };
    let other = Connection::open(file).unwrap();
    other.busy_timeout(Duration::from_secs(60)).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let until = over.clone();
    let writes = thread::spawn(move || {
        while !until.load(Ordering::Relaxed) {
            other.execute_batch("BEGIN IMMEDIATE; UPDATE partitions SET checkpoint = checkpoint").unwrap();
            thread::sleep(HELD);
            other.execute_batch("COMMIT").unwrap();
            thread::sleep(GAP);
        }
    });
    let mut refused = vec![];
    for number in 0..24 {
        let partition = number % PARTITIONS;
        let seen = feed.checkpoint(partition).await.unwrap().revision;
        refused.extend(feed.write_checkpoint(partition, 0, seen).await.err());
    }
    over.store(true, Ordering::Relaxed);
    writes.join().unwrap();
    assert!(refused.is_empty(), "{} of 24: {refused:?}", refused.len());
}
