//! Dead letters: kept until somebody asks for them.

use crate::{
    place::{LONG, PATIENCE, Place, SHORT, counts, ids, job, jobs, letters, nothing, one, settle},
    wire::wire,
};
use plimsoll_worker::{
    engine::{Engine, Error, Url},
    job::{
        Counts, DeadLetter, ErrorText, Job, Page, Reason,
        Settled::{Applied, Fenced},
        Settlement::{Dead, Done, Release, Retry},
    },
};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(crate) async fn lists_dead_letters_oldest_first(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    assert_eq!(letters(&engine).await, []);
    engine.enqueue(&jobs(3)).await.unwrap();
    let mut expected = vec![];
    // An attempt is what the handler failed at; a process that was killed is none.
    for (reason, attempts) in [(Reason::Attempts, 1), (Reason::Deliveries, 0), (Reason::Rejected, 0)] {
        let delivery = one(&engine).await;
        let error = ErrorText::from(format!("{reason:?}"));
        assert_eq!(settle(&engine, &delivery, Dead { reason, error: error.clone() }).await, Applied);
        expected.push(DeadLetter { job: delivery.job, reason, error, attempts, without_payload: false });
        // Those of a millisecond have no order.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(letters(&other).await, expected);
    assert_eq!(counts(&other).await, Counts { dead: 3, ..Counts::default() });
    nothing(&other).await;
}

pub(crate) async fn requeues_with_nothing_counted(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    engine.enqueue(&[job("a"), job("b")]).await.unwrap();
    for (attempts, deliveries) in [(0, 1), (1, 2)] {
        for delivery in [one(&engine).await, one(&engine).await] {
            assert_eq!((delivery.attempts, delivery.deliveries), (attempts, deliveries));
            let error = "no".into();
            let settlement = match attempts {
                0 => Retry { after: Duration::ZERO, error },
                _ => Dead { reason: Reason::Attempts, error },
            };
            assert_eq!(settle(&engine, &delivery, settlement).await, Applied);
        }
    }
    assert_eq!(counts(&engine).await, Counts { dead: 2, ..Counts::default() });

    for id in ["c", "*", ">", ""] {
        assert!(!other.requeue(id).await.unwrap(), "there is none of that id");
    }
    assert!(other.requeue("a").await.unwrap());
    assert!(!other.requeue("a").await.unwrap(), "it is no dead letter any more");
    assert_eq!(counts(&engine).await, Counts { ready: 1, dead: 1, ..Counts::default() });
    assert_eq!(letters(&other).await.len(), 1);

    let delivery = one(&engine).await;
    assert_eq!((&delivery.job, delivery.attempts, delivery.deliveries), (&job("a"), 0, 1));
    assert_eq!(counts(&engine).await, Counts { leased: 1, dead: 1, ..Counts::default() });
    let retry = Retry { after: Duration::ZERO, error: "no".into() };
    assert_eq!(settle(&engine, &delivery, retry).await, Applied);
    let delivery = one(&engine).await;
    assert_eq!((delivery.attempts, delivery.deliveries), (1, 2));
    assert_eq!(settle(&engine, &delivery, Done).await, Applied);
    assert_eq!(counts(&engine).await, Counts { dead: 1, done: 1, ..Counts::default() });

    // Once more, from where it is a second time.
    assert!(engine.requeue("b").await.unwrap());
    let delivery = one(&engine).await;
    let again = Dead { reason: Reason::Rejected, error: "never".into() };
    assert_eq!(settle(&engine, &delivery, again).await, Applied);
    let letters = letters(&engine).await;
    assert_eq!((letters.len(), letters[0].reason, letters[0].attempts), (1, Reason::Rejected, 0));
    assert!(engine.requeue("b").await.unwrap());
    let delivery = one(&engine).await;
    assert_eq!(settle(&engine, &delivery, Done).await, Applied);
    assert_eq!(counts(&engine).await, Counts { done: 2, ..Counts::default() });
    nothing(&engine).await;
}

/// Buries them; in which order.
async fn bury(engine: &Arc<dyn Engine>, jobs: &[Job]) -> Vec<Job> {
    for jobs in jobs.chunks(10) {
        engine.enqueue(jobs).await.unwrap();
    }
    let mut buried = vec![];
    for _ in jobs {
        let (delivery, dead) = (one(engine).await, Dead { reason: Reason::Rejected, error: "no".into() });
        assert_eq!(settle(engine, &delivery, dead).await, Applied);
        buried.push(delivery.job);
        // Those of a millisecond have no order.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    buried
}

pub(crate) async fn pages_dead_letters_by_their_bytes(place: Arc<Place>) {
    const JOBS: usize = 40;
    let engine = place.queue().await;
    let size = 100_000;
    let large: Vec<_> = jobs(JOBS).into_iter().map(|job| Job { payload: json!("x".repeat(size)), ..job }).collect();
    let buried = bury(&engine, &large).await;
    let (mut pages, mut from) = (vec![], None::<String>);
    loop {
        let Page { letters, next } = engine.dead(from.as_deref()).await.unwrap();
        assert!(letters.len() * size <= Page::BYTES + size, "{} letters in one page", letters.len());
        pages.push(letters);
        from = next;
        if from.is_none() {
            break;
        }
    }
    assert!(pages.len() > 2, "{} pages", pages.len());
    let found: Vec<_> = pages.concat().into_iter().map(|buried| buried.letter.job).collect();
    assert_eq!(found, buried);
    let error = engine.dead(Some("no place")).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
}

pub(crate) async fn finds_a_dead_letter_by_its_id(place: Arc<Place>) {
    let engine = place.queue().await;
    let before = SystemTime::now() - Duration::from_secs(1);
    bury(&engine, &[job("a"), job("b")]).await;
    engine.enqueue(&[job("c")]).await.unwrap();
    let found = engine.dead_letter("b").await.unwrap().unwrap();
    assert_eq!(found.letter.job, job("b"));
    assert!(found.since > before && found.since < SystemTime::now() + Duration::from_secs(1), "{found:?}");
    for id in ["c", "d", "*", ">", ""] {
        assert_eq!(engine.dead_letter(id).await.unwrap(), None);
    }
}

pub(crate) async fn discards_for_good(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    engine.enqueue(&[job("a"), job("b"), job("c")]).await.unwrap();
    let (a, b, c) = (one(&engine).await, one(&engine).await, one(&engine).await);
    let dead = || Dead { reason: Reason::Rejected, error: "no".into() };
    for (delivery, settlement) in [(&a, dead()), (&b, dead()), (&c, Done)] {
        assert_eq!(settle(&engine, delivery, settlement).await, Applied);
    }
    for id in ["c", "d", "*", ">", ""] {
        assert!(!other.discard(id).await.unwrap(), "there is none of that id");
    }
    assert!(other.discard("a").await.unwrap());
    assert!(!other.discard("a").await.unwrap(), "it is gone");
    assert!(!engine.requeue("a").await.unwrap(), "it is gone");
    assert_eq!(counts(&engine).await, Counts { done: 1, dead: 1, ..Counts::default() });
    assert_eq!(letters(&other).await.len(), 1);
    // Its id is remembered, and the one who had it has nothing to say.
    engine.enqueue(&[job("a")]).await.unwrap();
    nothing(&other).await;
    for settlement in [Done, Release] {
        assert_eq!(settle(&engine, &a, settlement).await, Fenced);
    }
    assert!(engine.requeue("b").await.unwrap());
    assert_eq!(settle(&engine, &one(&engine).await, Done).await, Applied);
    assert_eq!(counts(&engine).await, Counts { done: 2, ..Counts::default() });
}

pub(crate) async fn buries_what_it_cannot_read(place: Arc<Place>) {
    let engine = place.queue().await;
    put_by_hand(&place, "x", "{ by hand").await;
    let delivery = engine.claim(1, LONG, PATIENCE).await.unwrap().remove(0);
    assert_eq!((delivery.job.id.as_str(), delivery.job.handler.as_str()), ("x", ""), "no handler has that name");
    let dead = Dead { reason: Reason::Rejected, error: "there is no handler".into() };
    assert_eq!(settle(&engine, &delivery, dead).await, Applied);
    assert_eq!(letters(&engine).await[0].job.payload, "{ by hand");
}

/// As large as the default server takes them, with as much to say about it.
pub(crate) async fn buries_what_is_large_and_fails_at_length(place: Arc<Place>) {
    let engine = place.queue().await;
    let payload = json!("x".repeat(1_000_000));
    let large = |id: &str| Job { payload: payload.clone(), ..job(id) };
    engine.enqueue(&[large("retried"), large("dead")]).await.unwrap();
    let error = ErrorText::from("\u{1}".repeat(2_000_000));
    for delivery in [one(&engine).await, one(&engine).await] {
        let error = error.clone();
        let settlement = match delivery.job.id.as_str() {
            "retried" => Retry { after: Duration::ZERO, error },
            _ => Dead { reason: Reason::Attempts, error },
        };
        assert_eq!(settle(&engine, &delivery, settlement).await, Applied);
    }
    assert_eq!(settle(&engine, &one(&engine).await, Done).await, Applied);
    let letters = letters(&engine).await;
    assert_eq!((&letters[0].job, letters[0].error.as_ref().len()), (&large("dead"), ErrorText::LONGEST));
    assert_eq!(counts(&engine).await, Counts { done: 1, dead: 1, ..Counts::default() });
    assert!(engine.requeue("dead").await.unwrap());
    assert_eq!(settle(&engine, &one(&engine).await, Done).await, Applied);
}

/// Put there by another program: nothing looked whether there is room for a letter, and JSON makes it six times as long.
pub(crate) async fn buries_without_its_payload_what_leaves_no_room(place: Arc<Place>) {
    let engine = place.queue().await;
    put_by_hand(&place, "x", "\u{1}".repeat(900_000)).await;
    engine.enqueue(&[job("next")]).await.unwrap();
    let delivery = one(&engine).await;
    let dead = Dead { reason: Reason::Rejected, error: "there is no handler".into() };
    assert_eq!(settle(&engine, &delivery, dead).await, Applied);
    assert_eq!(counts(&engine).await, Counts { ready: 1, dead: 1, ..Counts::default() });
    assert_eq!(one(&engine).await.job.id, "next");
    let letter = letters(&engine).await.remove(0);
    assert_eq!(letter.job.id, "x");
    // SQLite has room.
    if letter.without_payload {
        let error = engine.requeue("x").await.expect_err("there is nothing to put back").to_string();
        assert!(error.contains("the payload of job x was too large"), "{error}");
    } else {
        assert!(engine.requeue("x").await.unwrap());
    }
}

pub(crate) async fn refuses_a_job_for_whose_letter_there_is_no_room(place: Arc<Place>) {
    let engine = place.queue().await;
    let error = engine.enqueue(&[Job { payload: json!("x".repeat(1_040_000)), ..job("a") }]).await.unwrap_err();
    assert!(error.to_string().contains("job a has 1040"), "{error}");
    assert_eq!(counts(&engine).await, Counts::default());
}

pub(crate) async fn claims_the_rest_when_one_cannot_be_read(place: Arc<Place>) {
    let engine = place.queue().await;
    engine.enqueue(&[job("a"), job("b")]).await.unwrap();
    for delivery in engine.claim(2, SHORT, PATIENCE).await.unwrap() {
        let retry = Retry { after: Duration::ZERO, error: "no".into() };
        assert_eq!(settle(&engine, &delivery, retry).await, Applied);
    }
    let wire = wire(&place).await;
    wire.publish("jobs.record.a", "not a record".into()).await.unwrap().await.unwrap();
    let mut claimed = engine.claim(2, SHORT, PATIENCE).await.unwrap();
    claimed.sort_by(|a, b| a.claim.id.cmp(&b.claim.id));
    assert_eq!(ids(&claimed), ["a", "b"], "what is not known to be done is done again");
    assert_eq!((claimed[0].attempts, claimed[1].attempts), (0, 1));
    for delivery in &claimed {
        assert_eq!(settle(&engine, delivery, Done).await, Applied);
    }
    assert_eq!(counts(&engine).await, Counts { done: 2, ..Counts::default() });
}

/// More than a server sends to a client that is slow, and more than it sends at once.
pub(crate) async fn claims_many_large_jobs(place: Arc<Place>) {
    const JOBS: usize = 400;
    let engine = place.queue().await;
    let payload = json!("x".repeat(240_000));
    for jobs in jobs(JOBS).chunks(20) {
        let jobs: Vec<_> = jobs.iter().map(|job| Job { payload: payload.clone(), ..job.clone() }).collect();
        engine.enqueue(&jobs).await.unwrap();
    }
    let mut claimed = 0;
    while claimed < JOBS {
        let some = engine.claim(1024, LONG, PATIENCE).await.unwrap();
        assert!(!some.is_empty(), "{claimed} of {JOBS}");
        claimed += some.len();
    }
    nothing(&engine).await;
}

pub(crate) async fn put_by_hand(place: &Place, id: &str, text: impl Into<String>) {
    let text = text.into();
    match &place.address().url {
        Url::Sqlite(file) => {
            let file = rusqlite::Connection::open(file).unwrap();
            file.execute("INSERT INTO jobs (id) VALUES (?)", [id]).unwrap();
            file.execute("INSERT INTO payloads (position, job) VALUES (last_insert_rowid(), ?)", [text]).unwrap();
        }
        Url::Nats(_) => {
            let wire = wire(place).await;
            wire.publish(format!("jobs.work.new.{id}"), text.into()).await.unwrap().await.unwrap();
        }
    }
}
