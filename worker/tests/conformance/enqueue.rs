//! Putting jobs into a queue.

use crate::{
    place::{Place, counts, job, jobs, nothing, one, settle},
    wire::wire,
};
use plimsoll_worker::{
    engine::{REMEMBERED, Url},
    job::{
        Counts, Reason,
        Settled::{Applied, Fenced},
        Settlement::{Dead, Done, Retry},
    },
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) async fn enqueues_an_id_once_whatever_became_of_it(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    let ids = ["ready", "leased", "delayed", "done", "dead"];
    for id in &ids[1..] {
        engine.enqueue(&[job(id)]).await.unwrap();
        let delivery = one(&engine).await;
        let error = "no".into();
        let settlement = match *id {
            "delayed" => Retry { after: Duration::from_secs(3600), error },
            "done" => Done,
            "dead" => Dead { reason: Reason::Rejected, error },
            _ => continue,
        };
        assert_eq!(settle(&engine, &delivery, settlement).await, Applied);
    }
    let all: Vec<_> = ids.into_iter().map(job).collect();
    let mut first = true;
    for engine in [&engine, &other, &engine] {
        let new = engine.enqueue(&all).await.unwrap();
        assert_eq!(new, ids.map(|id| first && id == "ready"));
        first = false;
        assert_eq!(engine.enqueue(&[job("ready"), job("ready")]).await.unwrap(), [false, false]);
        assert_eq!(counts(engine).await, Counts { ready: 1, leased: 1, delayed: 1, done: 1, dead: 1, cancelled: 0 });
    }
    assert_eq!(one(&engine).await.job.id, "ready");
    nothing(&engine).await;
}

/// And no longer: a caller that gives the same id again means another job.
pub(crate) async fn remembers_the_id_of_a_job_for_a_week(place: Arc<Place>) {
    let engine = place.queue().await;
    engine.enqueue(&[job("a"), job("b")]).await.unwrap();
    let (a, b) = (one(&engine).await, one(&engine).await);
    assert_eq!(settle(&engine, &a, Done).await, Applied);
    assert_eq!(settle(&engine, &b, Dead { reason: Reason::Rejected, error: "no".into() }).await, Applied);
    match &place.address().url {
        Url::Sqlite(file) => {
            let age = |age: Duration| {
                let file = rusqlite::Connection::open(file).unwrap();
                file.execute("UPDATE jobs SET due = due - ?", [i64::try_from(age.as_millis()).unwrap()]).unwrap();
            };
            age(REMEMBERED - Duration::from_secs(60));
            engine.prune(REMEMBERED, None).await.unwrap();
            assert_eq!(engine.enqueue(&[job("a"), job("b")]).await.unwrap(), [false, false]);
            age(Duration::from_secs(120));
            engine.prune(REMEMBERED, None).await.unwrap();
            assert_eq!(engine.enqueue(&[job("a"), job("b")]).await.unwrap(), [true, false]);
            let again = one(&engine).await;
            assert_eq!((again.job.id.as_str(), again.deliveries), ("a", 1));
            assert_eq!(settle(&engine, &a, Done).await, Fenced);
            assert_eq!(settle(&engine, &again, Done).await, Applied);
        }
        // It is the server that forgets, and the letter is there still.
        Url::Nats(_) => {
            let wire = wire(&place).await;
            let records = wire.get_stream("jobs-records").await.unwrap();
            assert_eq!(records.cached_info().config.max_age, REMEMBERED);
            records.purge().await.unwrap();
            assert_eq!(engine.enqueue(&[job("b")]).await.unwrap(), [false]);
        }
    }
    assert_eq!(counts(&engine).await.dead, 1);
    nothing(&engine).await;
}

pub(crate) async fn enqueues_thousands_in_seconds(place: Arc<Place>) {
    let engine = place.queue().await;
    let begun = Instant::now();
    engine.enqueue(&jobs(5000)).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
    assert_eq!(counts(&engine).await, Counts { ready: 5000, ..Counts::default() });
    assert_eq!(engine.backlog().await.unwrap(), 5000);
}

/// By the words of the README, and in a language of its own.
pub(crate) async fn takes_jobs_that_another_program_put_there(place: Arc<Place>) {
    let engine = place.queue().await;
    let text = r#"{"id": "4711", "handler": "invoice", "payload": {"sum": 3}}"#;
    crate::dead::put_by_hand(&place, "4711", text).await;
    assert_eq!(counts(&engine).await, Counts { ready: 1, ..Counts::default() });
    let delivery = one(&engine).await;
    assert_eq!((delivery.job.handler.as_str(), &delivery.job.payload), ("invoice", &serde_json::json!({ "sum": 3 })));
    assert_eq!(settle(&engine, &delivery, Done).await, Applied);
    engine.enqueue(&[job("4711")]).await.unwrap();
    assert_eq!(counts(&engine).await, Counts { done: 1, ..Counts::default() });
}
