//! Jobs that nobody wants any more.

use crate::place::{LONG, PATIENCE, Place, SHORT, counts, job, nothing, one, one_for, settle};
use plimsoll_worker::{
    engine::Engine,
    job::{
        Cancellation::{Asked, Missing, TakenOut},
        Counts, Delivery, Reason,
        Renewed::{Cancelled, Held, Lost},
        Settled::{Applied, Fenced},
        Settlement::{self, Dead, Done, Release, Retry},
    },
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

fn put_off() -> Settlement {
    Retry { after: LONG, error: "no".into() }
}

/// Puts a job there and claims it.
async fn claimed(engine: &Arc<dyn Engine>, id: &str, lease: Duration) -> Delivery {
    engine.enqueue(&[job(id)]).await.unwrap();
    one_for(engine, lease).await
}

async fn renewed(engine: &Arc<dyn Engine>, delivery: &Delivery) -> plimsoll_worker::job::Renewed {
    engine.renew(std::slice::from_ref(&delivery.claim), LONG).await.unwrap()[0]
}

pub(crate) async fn takes_out_what_waits(place: Arc<Place>) {
    let engine = place.queue().await;
    let delayed = claimed(&engine, "delayed", LONG).await;
    assert_eq!(settle(&engine, &delayed, put_off()).await, Applied);
    let released = claimed(&engine, "released", LONG).await;
    assert_eq!(settle(&engine, &released, Release).await, Applied);
    let dead = Dead { reason: Reason::Rejected, error: "no".into() };
    // The one that was given back comes first.
    let (first, second) = (one(&engine).await, claimed(&engine, "requeued", LONG).await);
    assert_eq!(settle(&engine, &first, Release).await, Applied);
    assert_eq!(settle(&engine, &second, dead).await, Applied);
    assert!(engine.requeue("requeued").await.unwrap());
    engine.enqueue_after(&[job("later")], LONG).await.unwrap();
    engine.enqueue(&[job("ready")]).await.unwrap();
    let all = ["delayed", "released", "requeued", "later", "ready"];
    for id in all {
        assert_eq!(engine.cancel(id).await.unwrap(), TakenOut, "{id}");
        assert_eq!(engine.cancel(id).await.unwrap(), Missing, "{id}");
    }
    nothing(&engine).await;
    assert_eq!(counts(&engine).await, Counts { cancelled: 5, ..Counts::default() });
    // Its id is remembered like that of one that is done.
    assert_eq!(engine.enqueue(&all.map(job)).await.unwrap(), [false; 5]);
    assert_eq!(settle(&engine, &delayed, Done).await, Fenced);
}

/// What it comes to at that moment counts; nothing is handed out again.
pub(crate) async fn tells_who_works_on_it(place: Arc<Place>) {
    let (engine, keeper) = (place.queue().await, place.connect().await);
    let (done, ended) = (claimed(&engine, "done", LONG).await, claimed(&engine, "ended", LONG).await);
    let (released, failed) = (claimed(&engine, "released", LONG).await, claimed(&engine, "failed", LONG).await);
    for delivery in [&done, &ended, &released, &failed] {
        assert_eq!(renewed(&keeper, delivery).await, Held);
        assert_eq!(engine.cancel(&delivery.claim.id).await.unwrap(), Asked);
        assert_eq!(renewed(&keeper, delivery).await, Cancelled);
    }
    assert_eq!(settle(&engine, &done, Done).await, Applied);
    assert_eq!(settle(&engine, &ended, Settlement::Cancelled).await, Applied);
    assert_eq!(settle(&engine, &released, Release).await, Applied);
    assert_eq!(settle(&engine, &failed, Retry { after: Duration::ZERO, error: "no".into() }).await, Applied);
    until_cancelled(&engine, 3).await;
    assert_eq!(counts(&engine).await, Counts { done: 1, cancelled: 3, ..Counts::default() });
    for delivery in [&done, &ended, &released, &failed] {
        assert_eq!(renewed(&keeper, delivery).await, Lost);
        assert_eq!(engine.cancel(&delivery.claim.id).await.unwrap(), Missing);
    }
}

pub(crate) async fn hands_out_no_more_what_was_cancelled_when_its_process_died(place: Arc<Place>) {
    let engine = place.queue().await;
    // A second delivery too: its record is another.
    claimed(&engine, "twice", SHORT).await;
    let twice = one_for(&engine, SHORT).await;
    assert_ne!(engine.cancel("twice").await.unwrap(), Missing);
    assert_eq!((twice.claim.id.as_str(), twice.deliveries), ("twice", 2));
    let once = claimed(&engine, "once", SHORT).await;
    assert_ne!(engine.cancel("once").await.unwrap(), Missing);
    until_cancelled(&engine, 2).await;
    assert_eq!(counts(&engine).await, Counts { cancelled: 2, ..Counts::default() });
    for delivery in [&twice, &once] {
        assert_eq!(settle(&engine, delivery, Done).await, Fenced);
    }
}

pub(crate) async fn cancels_nothing_that_has_ended(place: Arc<Place>) {
    let engine = place.queue().await;
    let done = claimed(&engine, "done", LONG).await;
    assert_eq!(settle(&engine, &done, Done).await, Applied);
    let dead = claimed(&engine, "dead", LONG).await;
    assert_eq!(settle(&engine, &dead, Dead { reason: Reason::Rejected, error: "no".into() }).await, Applied);
    engine.enqueue(&[job("other")]).await.unwrap();
    for id in ["done", "dead", "none", "*", ">", ""] {
        assert_eq!(engine.cancel(id).await.unwrap(), Missing, "{id}");
    }
    assert_eq!(counts(&engine).await, Counts { done: 1, dead: 1, ready: 1, ..Counts::default() });
}

/// Looks for work until so many are counted; there is none.
async fn until_cancelled(engine: &Arc<dyn Engine>, cancelled: u64) {
    let begun = Instant::now();
    while counts(engine).await.cancelled < cancelled {
        assert!(begun.elapsed() < PATIENCE, "{:?}", counts(engine).await);
        // Server 2.9 leaves a claim without an answer now and then; a worker tries again, too.
        let Ok(found) = engine.claim(10, SHORT, SHORT / 10).await else { continue };
        assert_eq!(found, []);
    }
}
