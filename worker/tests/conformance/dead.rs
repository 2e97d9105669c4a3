//! Dead letters: kept until somebody asks for them.

use crate::{
    place::{LONG, PATIENCE, Place, counts, job, jobs, nothing, one, settle},
    wire::wire,
};
use plimsoll_worker::{
    engine::Url,
    job::{
        Counts, DeadLetter, Reason,
        Settled::Applied,
        Settlement::{Dead, Done, Retry},
    },
};
use std::{sync::Arc, time::Duration};

pub(crate) async fn lists_dead_letters_oldest_first(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    assert_eq!(engine.dead().await.unwrap(), []);
    engine.enqueue(&jobs(3)).await.unwrap();
    let mut expected = vec![];
    // An attempt is what the handler failed at; a process that was killed is none.
    for (reason, attempts) in [(Reason::Attempts, 1), (Reason::Deliveries, 0), (Reason::Rejected, 0)] {
        let delivery = one(&engine).await;
        let error = format!("{reason:?}");
        assert_eq!(settle(&engine, &delivery, Dead { reason, error: error.clone() }).await, Applied);
        expected.push(DeadLetter { job: delivery.job, reason, error, attempts });
        // Those of a millisecond have no order.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(other.dead().await.unwrap(), expected);
    assert_eq!(counts(&other).await, Counts { dead: 3, ..Counts::default() });
    nothing(&other).await;
}

pub(crate) async fn requeues_with_nothing_counted(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    engine.enqueue(&[job("a"), job("b")]).await.unwrap();
    for (attempts, deliveries) in [(0, 1), (1, 2)] {
        for _ in 0..2 {
            let delivery = one(&engine).await;
            assert_eq!((delivery.attempts, delivery.deliveries), (attempts, deliveries));
            let error = "no".to_owned();
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
    assert_eq!(other.dead().await.unwrap().len(), 1);

    let delivery = one(&engine).await;
    assert_eq!((&delivery.job, delivery.attempts, delivery.deliveries), (&job("a"), 0, 1));
    assert_eq!(counts(&engine).await, Counts { leased: 1, dead: 1, ..Counts::default() });
    let retry = Retry { after: Duration::ZERO, error: "no".to_owned() };
    assert_eq!(settle(&engine, &delivery, retry).await, Applied);
    let delivery = one(&engine).await;
    assert_eq!((delivery.attempts, delivery.deliveries), (1, 2));
    assert_eq!(settle(&engine, &delivery, Done).await, Applied);
    assert_eq!(counts(&engine).await, Counts { dead: 1, done: 1, ..Counts::default() });

    // Once more, from where it is a second time.
    assert!(engine.requeue("b").await.unwrap());
    let delivery = one(&engine).await;
    let again = Dead { reason: Reason::Rejected, error: "never".to_owned() };
    assert_eq!(settle(&engine, &delivery, again).await, Applied);
    let letters = engine.dead().await.unwrap();
    assert_eq!((letters.len(), letters[0].reason, letters[0].attempts), (1, Reason::Rejected, 0));
    assert!(engine.requeue("b").await.unwrap());
    let delivery = one(&engine).await;
    assert_eq!(settle(&engine, &delivery, Done).await, Applied);
    assert_eq!(counts(&engine).await, Counts { done: 2, ..Counts::default() });
    nothing(&engine).await;
}

pub(crate) async fn buries_what_it_cannot_read(place: Arc<Place>) {
    let engine = place.queue().await;
    put_by_hand(&place, "x", "{ by hand").await;
    let delivery = engine.claim(1, LONG, PATIENCE).await.unwrap().remove(0);
    assert_eq!((delivery.job.id.as_str(), delivery.job.handler.as_str()), ("x", ""), "no handler has that name");
    let dead = Dead { reason: Reason::Rejected, error: "there is no handler".to_owned() };
    assert_eq!(settle(&engine, &delivery, dead).await, Applied);
    assert_eq!(engine.dead().await.unwrap()[0].job.payload, "{ by hand");
}

async fn put_by_hand(place: &Place, id: &str, text: &'static str) {
    match &place.address().url {
        Url::Sqlite(file) => {
            let row = rusqlite::params![id, text];
            let file = rusqlite::Connection::open(file).unwrap();
            file.execute("INSERT INTO jobs (id, job, due) VALUES (?, ?, 0)", row).unwrap();
        }
        Url::Nats(_) => {
            let wire = wire(place).await;
            wire.publish(format!("jobs.work.new.{id}"), text.into()).await.unwrap().await.unwrap();
        }
    }
}
