//! Leases of jobs: they run out, and they are renewed.

use crate::place::{PATIENCE, Place, SHORT, job, one_for, settle};
use plimsoll_worker::job::{
    Renewed::{Held, Lost},
    Settled::Applied,
    Settlement::Done,
};
use std::{sync::Arc, time::Instant};

pub(crate) async fn hands_out_again_when_a_lease_runs_out(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    engine.enqueue(&[job("a")]).await.unwrap();
    let begun = Instant::now();
    let stalled = one_for(&engine, SHORT).await;
    let taken = one_for(&other, SHORT).await;
    assert!(begun.elapsed() >= SHORT, "it came after {:?}", begun.elapsed());
    assert_eq!((taken.attempts, taken.deliveries), (0, 2));
    assert_ne!(taken.claim.token, stalled.claim.token);
    assert_eq!(settle(&other, &taken, Done).await, Applied);
}

pub(crate) async fn keeps_what_is_renewed_on_another_connection(place: Arc<Place>) {
    let (engine, keeper, other) = (place.queue().await, place.connect().await, place.connect().await);
    engine.enqueue(&[job("a"), job("b")]).await.unwrap();
    let claimed = engine.claim(2, SHORT, PATIENCE).await.unwrap();
    let claims: Vec<_> = claimed.iter().map(|delivery| delivery.claim.clone()).collect();

    let waiting = tokio::spawn(async move { other.claim(2, SHORT, 3 * SHORT).await.unwrap() });
    let mut every = tokio::time::interval(SHORT / 4);
    while !waiting.is_finished() {
        every.tick().await;
        assert_eq!(keeper.renew(&claims, SHORT).await.unwrap(), [Held, Held]);
    }
    assert_eq!(waiting.await.unwrap(), [], "for as long as three leases");

    assert_eq!(keeper.settle(&claims[0], &Done).await.unwrap(), Applied);
    assert_eq!(keeper.renew(&claims, SHORT).await.unwrap(), [Lost, Held]);
    let taken = one_for(&engine, SHORT).await;
    assert_eq!((taken.job.id.as_str(), taken.deliveries), (claims[1].id.as_str(), 2), "the other is done");
    assert_eq!(keeper.renew(&claims, SHORT).await.unwrap(), [Lost, Lost]);
}
