//! A server that is killed, and comes back with what it had confirmed.

use crate::place::{LONG, PATIENCE, Place, SHORT, counts, job, jobs, letters, one_for, settle};
use crate::wire::wire;
use async_nats::jetstream::consumer::pull;
use plimsoll_worker::{
    change::NewChange,
    engine::{CALL, Engine, Error},
    job::{
        Counts, Reason,
        Settled::Applied,
        Settlement::{Dead, Done, Release, Retry},
    },
};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

impl Place {
    fn kill(&self) {
        self.server.lock().unwrap().as_mut().unwrap().kill();
    }

    fn resume(&self) {
        self.server.lock().unwrap().as_mut().unwrap().resume();
    }
}

async fn until_it_answers(engine: &Arc<dyn Engine>) {
    let begun = Instant::now();
    while let Err(error) = engine.check().await {
        assert!(begun.elapsed() < PATIENCE, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn loses_nothing_when_the_server_is_killed(place: Arc<Place>) {
    const JOBS: u64 = 40;
    let (engine, keeper) = (place.queue().await, place.connect().await);
    engine.enqueue(&jobs(JOBS as usize)).await.unwrap();
    let claimed = engine.claim(20, SHORT, PATIENCE).await.unwrap();
    for (number, delivery) in claimed.iter().enumerate() {
        let error = "no".into();
        let settlement = match number % 5 {
            0 => Done,
            1 => Retry { after: Duration::from_millis(100), error },
            2 => Dead { reason: Reason::Attempts, error },
            3 => Release,
            // In flight when the server dies.
            _ => continue,
        };
        assert_eq!(settle(&engine, delivery, settlement).await, Applied);
    }
    let sink = place.sink();
    sink.migrate().await.unwrap();
    assert!(sink.effect("a", "1").await.unwrap());
    place.kill();
    place.resume();
    for engine in [&engine, &keeper] {
        until_it_answers(engine).await;
    }
    assert!(!place.sink().effect("a", "1").await.unwrap());
    assert_eq!(letters(&keeper).await.len(), 4);

    let begun = Instant::now();
    while engine.counts().await.unwrap().open() > 0 {
        assert!(begun.elapsed() < 3 * PATIENCE, "{:?}", counts(&engine).await);
        for delivery in engine.claim(10, SHORT, SHORT / 2).await.unwrap() {
            settle(&engine, &delivery, Done).await;
        }
    }
    assert_eq!(counts(&keeper).await, Counts { done: JOBS - 4, dead: 4, ..Counts::default() });
}

pub(crate) async fn fails_at_once_while_the_server_is_gone(place: Arc<Place>) {
    let engine = place.queue().await;
    place.kill();
    let begun = Instant::now();
    for _ in 0..10 {
        let error = engine.enqueue(&[job("a")]).await.expect_err("nobody is there");
        assert!(matches!(error, Error::Unreachable(_)), "{error}");
        let error = engine.counts().await.expect_err("nobody is there");
        assert!(matches!(error, Error::Unreachable(_)), "{error}");
    }
    assert!(begun.elapsed() < CALL, "it took {:?}", begun.elapsed());
    place.resume();
    until_it_answers(&engine).await;
    assert_eq!(counts(&engine).await, Counts::default(), "nothing was stored up");
    engine.enqueue(&[job("a")]).await.unwrap();
    assert_eq!(one_for(&engine, LONG).await.job.id, "a");
}

pub(crate) async fn ends_a_wait_when_the_server_goes(place: Arc<Place>) {
    let engine = place.queue().await;
    let waiting = engine.clone();
    let waiting = tokio::spawn(async move { waiting.claim(1, LONG, 10 * PATIENCE).await });
    let wire = wire(&place).await;
    let begun = Instant::now();
    while wire
        .get_consumer_from_stream::<pull::Config, _, _>("workers", "jobs-work")
        .await
        .is_ok_and(|workers| workers.cached_info().num_waiting == 0)
    {
        assert!(begun.elapsed() < PATIENCE, "it does not wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = Instant::now();
    place.kill();
    let error = waiting.await.unwrap().expect_err("the server went");
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
    assert!(begun.elapsed() < CALL, "it took {:?}", begun.elapsed());
}

pub(crate) async fn reads_on_after_a_restart(place: Arc<Place>) {
    let engine = place.queue().await;
    // The connection that is asked below whether it is there again.
    let feed = engine.clone().feed().unwrap();
    let change = |number: u32| NewChange { key: "a".to_owned(), payload: json!(number), trace: Default::default() };
    let partition = change(0).partition(crate::place::PARTITIONS);
    feed.publish(&[change(0), change(1)]).await.unwrap();
    let first = feed.read(partition, 0, 1, PATIENCE).await.unwrap();
    let lease = feed.write_lease(partition, &Default::default(), 0).await.unwrap().unwrap();
    place.kill();
    place.resume();
    until_it_answers(&engine).await;
    feed.publish(&[change(2)]).await.unwrap();
    let rest = feed.read(partition, first[0].offset, 10, PATIENCE).await.unwrap();
    let numbers: Vec<_> = first.iter().chain(&rest).map(|change| change.change.payload.clone()).collect();
    assert_eq!(numbers, [json!(0), json!(1), json!(2)]);
    assert_eq!(feed.write_lease(partition, &Default::default(), 0).await.unwrap(), None);
    assert!(feed.write_lease(partition, &Default::default(), lease).await.unwrap().is_some());
}
