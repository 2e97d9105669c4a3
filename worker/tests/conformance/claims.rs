//! Claims, and the three settlements after which a job is not dead.

use crate::place::{LONG, PATIENCE, Place, SHORT, counts, ids, job, jobs, nothing, one, one_for, settle};
use plimsoll_worker::job::{
    Counts, Reason,
    Settled::Applied,
    Settlement::{Dead, Done, Release, Retry, Stuck},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) async fn hands_out_once_and_keeps_no_more_when_done(place: Arc<Place>) {
    let engine = place.queue().await;
    assert_eq!(counts(&engine).await, Counts::default());
    engine.enqueue(&[job("a")]).await.unwrap();
    assert_eq!(counts(&engine).await, Counts { ready: 1, ..Counts::default() });

    let delivery = one(&engine).await;
    assert_eq!((&delivery.job, delivery.attempts, delivery.deliveries), (&job("a"), 0, 1));
    assert_eq!(delivery.claim.id, "a");
    assert_eq!(counts(&engine).await, Counts { leased: 1, ..Counts::default() });
    assert_eq!(engine.backlog().await.unwrap(), 1);
    nothing(&place.connect().await).await;

    assert_eq!(settle(&engine, &delivery, Done).await, Applied);
    assert_eq!(counts(&engine).await, Counts { done: 1, ..Counts::default() });
    nothing(&engine).await;
}

pub(crate) async fn claims_no_more_than_slots(place: Arc<Place>) {
    let engine = place.queue().await;
    engine.enqueue(&jobs(5)).await.unwrap();
    let first = engine.claim(3, LONG, PATIENCE).await.unwrap();
    let rest = engine.claim(3, LONG, PATIENCE).await.unwrap();
    assert_eq!((first.len(), rest.len()), (3, 2));
    assert_eq!(ids(&[first, rest].concat()), ["job-0", "job-1", "job-2", "job-3", "job-4"]);
}

pub(crate) async fn wakes_when_work_arrives(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    let begun = Instant::now();
    let waiting = tokio::spawn(async move { engine.claim(4, LONG, PATIENCE).await.unwrap() });
    other.enqueue(&[job("a")]).await.unwrap();
    assert_eq!(ids(&waiting.await.unwrap()), ["a"]);
    assert!(begun.elapsed() < PATIENCE / 2, "it took {:?}", begun.elapsed());
}

pub(crate) async fn gives_back_at_once_and_counts_no_attempt(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    engine.enqueue(&[job("a")]).await.unwrap();
    let mut tokens = vec![];
    for deliveries in 1..=3 {
        let begun = Instant::now();
        let delivery = one(&other).await;
        assert!(begun.elapsed() < PATIENCE / 2, "it took {:?}", begun.elapsed());
        assert_eq!((delivery.attempts, delivery.deliveries), (0, deliveries));
        assert_eq!(settle(&engine, &delivery, Release).await, Applied);
        assert_eq!(counts(&engine).await, Counts { ready: 1, ..Counts::default() });
        tokens.push(delivery.claim.token);
    }
    assert!(tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
}

/// Interrupted work is not put behind what came later.
pub(crate) async fn gives_back_to_the_front(place: Arc<Place>) {
    let engine = place.queue().await;
    engine.enqueue(&jobs(4)).await.unwrap();
    for settlement in [Release, Stuck] {
        let claimed = engine.claim(2, LONG, PATIENCE).await.unwrap();
        assert_eq!(ids(&claimed), ["job-0", "job-1"]);
        for delivery in &claimed {
            assert_eq!(settle(&engine, delivery, settlement.clone()).await, Applied);
        }
        engine.enqueue(&[job("later")]).await.unwrap();
    }
    assert_eq!(ids(&engine.claim(2, LONG, PATIENCE).await.unwrap()), ["job-0", "job-1"]);
    assert_eq!(ids(&engine.claim(2, LONG, PATIENCE).await.unwrap()), ["job-2", "job-3"]);
}

/// A process that died, or could not end a job, is held against it; whatever was said is not.
pub(crate) async fn counts_what_was_never_settled(place: Arc<Place>) {
    let engine = place.queue().await;
    engine.enqueue(&[job("a")]).await.unwrap();
    let retry = Retry { after: Duration::ZERO, error: "no".into() };
    let mut strikes = vec![];
    // None: nobody says anything before the lease has run out.
    for settlement in [None, None, Some(Release), Some(retry), None, Some(Stuck), Some(Release)] {
        let delivery = one_for(&engine, SHORT).await;
        strikes.push(delivery.strikes);
        if let Some(settlement) = settlement {
            assert_eq!(settle(&engine, &delivery, settlement).await, Applied);
        }
    }
    assert_eq!(strikes, [0, 1, 2, 2, 2, 3, 4]);
    let dead = Dead { reason: Reason::Deliveries, error: "no".into() };
    let delivery = one_for(&engine, SHORT).await;
    assert_eq!((delivery.strikes, delivery.deliveries, delivery.attempts), (4, 8, 1));
    assert_eq!(settle(&engine, &delivery, dead).await, Applied);
    // Requeued, it has a clean record.
    assert!(engine.requeue("a").await.unwrap());
    assert_eq!(one_for(&engine, SHORT).await.strikes, 0);
    let delivery = one_for(&engine, SHORT).await;
    assert_eq!(delivery.strikes, 1);
    assert_eq!(settle(&engine, &delivery, Release).await, Applied);
    assert_eq!(one_for(&engine, SHORT).await.strikes, 1);
}

pub(crate) async fn retries_after_the_pause(place: Arc<Place>) {
    let engine = place.queue().await;
    engine.enqueue(&[job("a")]).await.unwrap();
    let pause = Duration::from_millis(700);
    for attempts in 0..2 {
        let delivery = one(&engine).await;
        assert_eq!((delivery.attempts, delivery.deliveries), (attempts, 2 * attempts + 1));
        let settled = Instant::now();
        assert_eq!(settle(&engine, &delivery, Retry { after: pause, error: "no".into() }).await, Applied);
        assert_eq!(counts(&engine).await, Counts { delayed: 1, ..Counts::default() });
        nothing(&engine).await;
        let next = engine.claim(1, LONG, PATIENCE).await.unwrap().remove(0);
        assert!(settled.elapsed() >= pause, "it came after {:?}", settled.elapsed());
        assert_eq!(settle(&engine, &next, Release).await, Applied);
        if attempts == 0 {
            continue;
        }
        // It was given back twice, which is no attempt.
        let last = one(&engine).await;
        assert_eq!((last.attempts, last.deliveries), (2, 5));
        assert_eq!(settle(&engine, &last, Done).await, Applied);
    }
    assert_eq!(counts(&engine).await, Counts { done: 1, ..Counts::default() });
}

pub(crate) async fn shares_no_job_between_claimers(place: Arc<Place>) {
    const JOBS: usize = 300;
    place.queue().await.enqueue(&jobs(JOBS)).await.unwrap();
    let mut claimers = vec![];
    for _ in 0..4 {
        let engine = place.connect().await;
        claimers.push(tokio::spawn(async move {
            let mut mine = vec![];
            while engine.backlog().await.unwrap() > 0 {
                let claimed = engine.claim(7, LONG, Duration::from_millis(100)).await.unwrap();
                for delivery in &claimed {
                    assert_eq!(delivery.deliveries, 1);
                    assert_eq!(settle(&engine, delivery, Done).await, Applied);
                }
                mine.extend(claimed);
            }
            mine
        }));
    }
    let mut all = vec![];
    for claimer in claimers {
        all.extend(claimer.await.unwrap());
    }
    let mut expected: Vec<_> = jobs(JOBS).into_iter().map(|job| job.id).collect();
    expected.sort_unstable();
    assert_eq!(ids(&all), expected);
    assert_eq!(counts(&place.connect().await).await, Counts { done: 300, ..Counts::default() });
}
