//! What a NATS server may hold that no live process has left: the first half of something, or what somebody else sent.

use crate::place::{PARTITIONS, PATIENCE, Place, SHORT, counts, job, letters, nothing, one, one_for, settle};
use async_nats::jetstream::{Context, message::PublishMessage};
use plimsoll_worker::{
    change::NewChange,
    engine::Engine,
    job::{
        Counts, DeadLetter, Delivery, Reason, Renewed,
        Settled::{Applied, Fenced},
        Settlement::{Dead, Done, Release},
    },
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) async fn wire(place: &Place) -> Context {
    let url = place.server.lock().unwrap().as_ref().expect("not on NATS").url();
    async_nats::jetstream::new(async_nats::connect(url).await.unwrap())
}

/// What a process leaves that dies right after it has written how its job ended; the sequence of that record.
async fn left(wire: &Context, delivery: &Delivery, record: Value) -> u64 {
    let message =
        PublishMessage::build().payload(record.to_string().into()).expected_last_subject_sequence(delivery.claim.token);
    let subject = format!("jobs.record.{}", delivery.job.id);
    wire.send_publish(subject, message).await.unwrap().await.unwrap().sequence
}

async fn until(engine: &Arc<dyn Engine>, expected: Counts, backlog: u64) {
    let begun = Instant::now();
    loop {
        // Somebody who works on, and so finds what was left.
        nothing_for(engine).await;
        let found = (counts(engine).await, engine.backlog().await.unwrap());
        if found == (expected, backlog) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{found:?}");
    }
}

async fn nothing_for(engine: &Arc<dyn Engine>) {
    assert_eq!(engine.claim(10, SHORT, SHORT / 10).await.unwrap(), []);
}

pub(crate) async fn finishes_what_was_done_and_not_acknowledged(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    engine.enqueue(&[job("a")]).await.unwrap();
    let delivery = one_for(&engine, SHORT).await;
    left(&wire, &delivery, json!({ "state": "done", "attempts": 0, "settled": 0 })).await;
    assert_eq!(counts(&engine).await, Counts { done: 1, ..Counts::default() }, "it is done already");
    until(&engine, Counts { done: 1, ..Counts::default() }, 0).await;
}

pub(crate) async fn says_again_that_a_settlement_counted(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    engine.enqueue(&[job("a")]).await.unwrap();
    let delivery = one(&engine).await;
    // Its own call, whose answer was lost.
    left(&wire, &delivery, json!({ "state": "done", "attempts": 0, "settled": 0 })).await;
    assert_eq!(settle(&engine, &delivery, Release).await, Fenced);
    assert_eq!(settle(&engine, &delivery, Done).await, Applied);
    nothing(&engine).await;
    until(&engine, Counts { done: 1, ..Counts::default() }, 0).await;
}

pub(crate) async fn keeps_the_pause_that_was_not_asked_for(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    engine.enqueue(&[job("a")]).await.unwrap();
    let delivery = one_for(&engine, SHORT).await;
    let pause = u64::try_from((3 * SHORT).as_millis()).unwrap();
    let begun = Instant::now();
    left(&wire, &delivery, json!({ "state": "delayed", "pause": pause, "error": "no", "attempts": 1, "settled": 0 }))
        .await;
    assert_eq!(counts(&engine).await, Counts { delayed: 1, ..Counts::default() });
    let again = one_for(&engine, SHORT).await;
    assert!(begun.elapsed() > 3 * SHORT - SHORT / 10, "it came after {:?}", begun.elapsed());
    assert_eq!(again.attempts, 1);
}

pub(crate) async fn writes_the_dead_letter_that_is_missing(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    engine.enqueue(&[job("a")]).await.unwrap();
    let delivery = one_for(&engine, SHORT).await;
    let record = json!({ "state": "dead", "reason": "rejected", "error": "no", "attempts": 2, "settled": 0 });
    left(&wire, &delivery, record).await;
    until(&engine, Counts { dead: 1, ..Counts::default() }, 0).await;
    let letter =
        DeadLetter { job: job("a"), reason: Reason::Rejected, error: "no".into(), attempts: 2, without_payload: false };
    assert_eq!(letters(&engine).await, [letter]);
    // Told again, since it may not have heard the answer.
    let dead = Dead { reason: Reason::Rejected, error: "no".into() };
    assert_eq!(settle(&engine, &delivery, Done).await, Fenced);
    assert_eq!(settle(&engine, &delivery, dead).await, Fenced, "its work is gone");
}

pub(crate) async fn requeues_what_was_buried_and_not_acknowledged(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    engine.enqueue(&[job("a")]).await.unwrap();
    let delivery = one_for(&engine, SHORT).await;
    let record = json!({ "state": "dead", "reason": "rejected", "error": "no", "attempts": 0, "settled": 0 });
    let record = left(&wire, &delivery, record).await;
    let letter =
        DeadLetter { job: job("a"), reason: Reason::Rejected, error: "no".into(), attempts: 0, without_payload: false };
    let letter = PublishMessage::build()
        .payload(serde_json::to_vec(&letter).unwrap().into())
        .header("Worker-Record", record.to_string().as_str())
        .header("Worker-Work", "1");
    wire.send_publish("jobs.dead.a", letter).await.unwrap().await.unwrap();
    assert_eq!(counts(&engine).await, Counts { dead: 1, ..Counts::default() });

    assert!(engine.requeue("a").await.unwrap());
    let again = one_for(&engine, SHORT).await;
    let begun = Instant::now();
    while begun.elapsed() < 2 * SHORT {
        assert_eq!(engine.renew(std::slice::from_ref(&again.claim), SHORT).await.unwrap(), [Renewed::Held]);
        nothing_for(&engine).await;
    }
    assert_eq!(letters(&engine).await, [], "what it was before is gone");
    // The one that buried it goes on, late.
    wire.client().publish(delivery.claim.reply.clone(), "+ACK".into()).await.unwrap();
    wire.client().flush().await.unwrap();
    assert_eq!((&again.job, again.deliveries, again.attempts), (&job("a"), 1, 0));
    assert_eq!(settle(&engine, &delivery, Done).await, Fenced);
    assert_eq!(engine.settle(&again.claim, &Done).await.unwrap(), Applied);
    assert_eq!(counts(&engine).await, Counts { done: 1, ..Counts::default() });
}

pub(crate) async fn requeues_once_when_a_requeue_was_broken_off(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    engine.enqueue(&[job("a")]).await.unwrap();
    let delivery = one(&engine).await;
    let dead = Dead { reason: Reason::Rejected, error: "no".into() };
    assert_eq!(settle(&engine, &delivery, dead).await, Applied);
    let letter =
        wire.get_stream("jobs-dead").await.unwrap().get_last_raw_message_by_subject("jobs.dead.a").await.unwrap();
    assert!(engine.requeue("a").await.unwrap());
    // As if it had died before it took the letter away.
    let again = PublishMessage::build().payload(letter.payload).headers(letter.headers);
    wire.send_publish("jobs.dead.a", again.message_id("again")).await.unwrap().await.unwrap();
    assert!(engine.requeue("a").await.unwrap());
    assert_eq!(letters(&engine).await, []);
    assert_eq!(settle(&engine, &one(&engine).await, Done).await, Applied);
    nothing(&engine).await;
    assert_eq!(counts(&engine).await, Counts { done: 1, ..Counts::default() });
}

pub(crate) async fn discards_once_when_a_discard_was_broken_off(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    engine.enqueue(&[job("a"), job("b")]).await.unwrap();
    for id in ["a", "b"] {
        let delivery = one(&engine).await;
        let dead = Dead { reason: Reason::Rejected, error: "no".into() };
        assert_eq!(settle(&engine, &delivery, dead).await, Applied);
        let subject = format!("jobs.dead.{id}");
        let stream = wire.get_stream("jobs-dead").await.unwrap();
        let letter = stream.get_last_raw_message_by_subject(&subject).await.unwrap();
        assert!(engine.discard(id).await.unwrap());
        // As if it had died before it took the letter away.
        let again = PublishMessage::build().payload(letter.payload).headers(letter.headers);
        wire.send_publish(subject, again.message_id(format!("again-{id}"))).await.unwrap().await.unwrap();
    }
    assert!(engine.discard("a").await.unwrap());
    assert!(!engine.requeue("b").await.unwrap(), "it was discarded");
    assert_eq!(letters(&engine).await, []);
    nothing(&engine).await;
    assert_eq!(counts(&engine).await, Counts::default());
}

pub(crate) async fn shows_a_letter_that_cannot_be_read(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    wire.publish("jobs.dead.x", "{ by hand".into()).await.unwrap().await.unwrap();
    let letter = letters(&engine).await.remove(0);
    assert_eq!((letter.job.id.as_str(), &letter.job.payload), ("x", &json!("{ by hand")));
    assert!(letter.error.as_ref().contains("cannot be read"), "{letter:?}");
    engine.requeue("x").await.expect_err("there is nothing to put back");
    assert!(engine.discard("x").await.unwrap());
    assert_eq!(letters(&engine).await, []);
}

/// A migration that died while it waited for those who publish.
pub(crate) async fn opens_a_feed_that_was_left_closed(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    let feed = place.feed().await;
    let closed = json!({ "version": 1, "partitions": PARTITIONS, "closed": true }).to_string();
    wire.publish("$KV.jobs-leases.queue", closed.into()).await.unwrap().await.unwrap();
    let change = NewChange { key: "a".to_owned(), payload: json!({}), trace: Default::default() };
    let error = feed.publish(std::slice::from_ref(&change)).await.unwrap_err();
    assert!(error.to_string().contains("the feed is gaining partitions"), "{error}");
    engine.migrate(None).await.unwrap();
    feed.publish(&[change]).await.unwrap();
    assert_eq!(feed.leases().await.unwrap().len() as u32, PARTITIONS);
}

pub(crate) async fn has_the_server_remember_as_long_but_not_less_than_a_week(place: Arc<Place>) {
    let (engine, wire) = (place.queue().await, wire(&place).await);
    let day = Duration::from_secs(24 * 3600);
    for (keep, remembered) in [(day, 7 * day), (30 * day, 30 * day), (7 * day, 7 * day)] {
        engine.prune(keep, None).await.unwrap();
        for stream in ["jobs-records", "jobs-discarded"] {
            let config = wire.get_stream(stream).await.unwrap().cached_info().config.clone();
            assert_eq!(config.max_age, remembered, "{stream}");
        }
    }
}
