//! A process that lost its lease, and does not know it, changes nothing.

use crate::place::{LONG, PATIENCE, Place, SHORT, counts, ids, jobs, letters, nothing, one_for, settle};
use plimsoll_worker::{
    engine::Engine,
    job::{
        Counts, Delivery, Reason, Renewed,
        Settled::{Applied, Fenced},
        Settlement::{self, Dead, Done, Release, Retry},
    },
};
use std::{sync::Arc, time::Duration};

fn retry() -> Settlement {
    Retry { after: Duration::from_secs(3600), error: "no".into() }
}

fn dead() -> Settlement {
    Dead { reason: Reason::Attempts, error: "no".into() }
}

fn settlements() -> [Settlement; 4] {
    [Done, retry(), dead(), Release]
}

/// A job for each settlement: what the stalled process has of them, and what another has since.
struct Stalled {
    zombie: Arc<dyn Engine>,
    other: Arc<dyn Engine>,
    old: Vec<Delivery>,
    new: Vec<Delivery>,
}

async fn stalled(place: &Place) -> Stalled {
    let (zombie, other) = (place.queue().await, place.connect().await);
    zombie.enqueue(&jobs(4)).await.unwrap();
    let old = zombie.claim(4, SHORT, PATIENCE).await.unwrap();
    let mut new = vec![];
    while new.len() < 4 {
        new.push(one_for(&other, SHORT).await);
    }
    new.sort_by(|a, b| a.claim.id.cmp(&b.claim.id));
    Stalled { zombie, other, old, new }
}

impl Stalled {
    /// Settles each job as the one who has it now, and then in each way as the one who had it.
    async fn settle_both(&self, settlement: &Settlement) {
        for delivery in &self.new {
            assert_eq!(settle(&self.other, delivery, settlement.clone()).await, Applied);
        }
        let expected = counts(&self.other).await;
        self.settle_old().await;
        assert_eq!(counts(&self.other).await, expected);
    }

    async fn settle_old(&self) {
        let claims: Vec<_> = self.old.iter().map(|delivery| delivery.claim.clone()).collect();
        assert_eq!(self.zombie.renew(&claims, SHORT).await.unwrap(), [Renewed::Lost; 4]);
        for (delivery, settlement) in self.old.iter().zip(settlements()) {
            assert_eq!(settle(&self.zombie, delivery, settlement.clone()).await, Fenced, "{settlement:?}");
        }
    }
}

pub(crate) async fn fences_every_settlement_while_another_holds_the_job(place: Arc<Place>) {
    let stalled = stalled(&place).await;
    stalled.settle_old().await;
    let Counts { delayed, done, dead, .. } = counts(&stalled.other).await;
    assert_eq!((delayed, done, dead), (0, 0, 0));
    for delivery in &stalled.new {
        assert_eq!(settle(&stalled.other, delivery, Done).await, Applied);
    }
    assert_eq!(counts(&stalled.other).await, Counts { done: 4, ..Counts::default() });
}

pub(crate) async fn fences_every_settlement_after_another_is_done(place: Arc<Place>) {
    let stalled = stalled(&place).await;
    stalled.settle_both(&Done).await;
    assert_eq!(counts(&stalled.other).await, Counts { done: 4, ..Counts::default() });
    nothing(&stalled.other).await;
}

pub(crate) async fn fences_every_settlement_after_another_gave_back(place: Arc<Place>) {
    let stalled = stalled(&place).await;
    stalled.settle_both(&Release).await;
    let again = stalled.other.claim(10, LONG, PATIENCE).await.unwrap();
    assert_eq!(ids(&again).len(), 4);
    assert!(again.iter().all(|delivery| (delivery.attempts, delivery.deliveries) == (0, 3)), "{again:?}");
}

pub(crate) async fn fences_every_settlement_after_another_put_off(place: Arc<Place>) {
    let stalled = stalled(&place).await;
    stalled.settle_both(&retry()).await;
    assert_eq!(counts(&stalled.other).await, Counts { delayed: 4, ..Counts::default() });
    nothing(&stalled.other).await;
}

pub(crate) async fn fences_every_settlement_after_another_buried(place: Arc<Place>) {
    let stalled = stalled(&place).await;
    stalled.settle_both(&dead()).await;
    let letters = letters(&stalled.other).await;
    assert_eq!(letters.len(), 4);
    assert!(letters.iter().all(|letter| letter.attempts == 1), "{letters:?}");
    nothing(&stalled.other).await;
}

/// The oldest delivery is the one that a token which begins again would let in.
pub(crate) async fn fences_deliveries_from_before_a_requeue(place: Arc<Place>) {
    let stalled = stalled(&place).await;
    for delivery in &stalled.new {
        assert_eq!(settle(&stalled.other, delivery, dead()).await, Applied);
        assert!(stalled.other.requeue(&delivery.claim.id).await.unwrap());
    }
    let newest = stalled.other.claim(4, LONG, PATIENCE).await.unwrap();
    assert_eq!(newest.len(), 4);
    stalled.settle_old().await;
    for (delivery, settlement) in stalled.new.iter().zip(settlements()) {
        // What it said first is not fenced when it says it again; all else is.
        if settlement != dead() {
            assert_eq!(settle(&stalled.other, delivery, settlement).await, Fenced);
        }
    }
    assert_eq!(counts(&stalled.other).await, Counts { leased: 4, ..Counts::default() });
    for delivery in &newest {
        assert_eq!(settle(&stalled.zombie, delivery, Done).await, Applied);
    }
    assert_eq!(counts(&stalled.other).await, Counts { done: 4, ..Counts::default() });
}
