//! Before there is a queue, and how it is made.

use crate::place::{PARTITIONS, Place, counts, job};
use plimsoll_worker::{
    change::NewChange,
    engine::{self, Address, CALL, Error, Url},
    job::Counts,
};
use serde_json::json;
use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) async fn says_that_it_is_not_migrated(place: Arc<Place>) {
    let engine = place.connect().await;
    let feed = engine.clone().feed().unwrap();
    let change = NewChange { key: "a".to_owned(), payload: json!({}), trace: Default::default() };
    let answers = [
        engine.check().await,
        engine.enqueue(&[job("a")]).await.map(drop),
        engine.claim(1, Duration::from_secs(30), Duration::ZERO).await.map(drop),
        engine.counts().await.map(drop),
        engine.backlog().await.map(drop),
        engine.dead(None).await.map(drop),
        engine.dead_letter("a").await.map(drop),
        engine.requeue("a").await.map(drop),
        engine.discard("a").await.map(drop),
        feed.publish(&[change]).await,
        feed.leases().await.map(drop),
        feed.progress().await.map(drop),
        feed.write_checkpoint(0, 1, 0).await.map(drop),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let Err(error) = answer else { panic!("call {number} worked") };
        assert!(matches!(error, Error::NotMigrated(_)), "call {number}: {error}");
        assert!(error.to_string().contains("plimsoll-worker migrate"), "{error}");
    }
    engine.migrate(Some(PARTITIONS)).await.unwrap();
    engine.check().await.unwrap();
}

pub(crate) async fn migrates_once_for_all(place: Arc<Place>) {
    let mut migrations = vec![];
    for _ in 0..16 {
        let engine = place.connect().await;
        migrations.push(tokio::spawn(async move { engine.migrate(Some(PARTITIONS)).await }));
    }
    for migration in migrations {
        migration.await.unwrap().unwrap();
    }
    let engine = place.connect().await;
    engine.check().await.unwrap();
    engine.enqueue(&[job("a")]).await.unwrap();
    engine.migrate(Some(PARTITIONS)).await.unwrap();
    assert_eq!(counts(&engine).await, Counts { ready: 1, ..Counts::default() });
}

pub(crate) async fn gains_partitions_and_loses_none(place: Arc<Place>) {
    let engine = place.queue().await;
    let feed = place.feed().await;
    let partitions = || async { feed.leases().await.unwrap().len() as u32 };
    let refused = |wanted| {
        let engine = engine.clone();
        async move {
            let error = engine.migrate(Some(wanted)).await.unwrap_err();
            assert!(matches!(error, Error::Refused(_)), "{error}");
        }
    };
    engine.migrate(None).await.unwrap();
    assert_eq!(partitions().await, PARTITIONS);
    refused(1).await;
    let change = NewChange { key: "a".to_owned(), payload: json!({}), trace: Default::default() };
    feed.publish(std::slice::from_ref(&change)).await.unwrap();
    refused(PARTITIONS + 2).await;
    assert_eq!(partitions().await, PARTITIONS);

    let partition = change.partition(PARTITIONS);
    let read = feed.read(partition, 0, 1, Duration::ZERO).await.unwrap();
    feed.write_checkpoint(partition, read[0].offset, 0).await.unwrap().unwrap();
    engine.migrate(Some(PARTITIONS + 2)).await.unwrap();
    engine.migrate(None).await.unwrap();
    assert_eq!(partitions().await, PARTITIONS + 2);
    refused(PARTITIONS).await;
    feed.publish(&[change]).await.unwrap();
}

pub(crate) async fn says_that_nobody_is_there(place: Arc<Place>) {
    let url = match &place.address().url {
        Url::Sqlite(file) => Url::Sqlite(file.join("no/such/folder.db")),
        Url::Nats(_) => {
            // Nobody listens there any more, and nobody is given the port soon.
            let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            format!("nats://user:secret@127.0.0.1:{closed}").parse().unwrap()
        }
    };
    let begun = Instant::now();
    let address = Address { url, name: "jobs".to_owned() };
    // A server is looked for at once, a file when it is needed.
    let connect = async { engine::connect(&address).await?.migrate(Some(PARTITIONS)).await };
    let error = connect.await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
    assert!(begun.elapsed() < CALL + Duration::from_secs(1), "it took {:?}", begun.elapsed());
    assert!(!error.to_string().contains("secret"), "{error}");
}
