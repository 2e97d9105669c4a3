//! The sink of the sample handlers.

use crate::place::Place;
use plimsoll_worker::{
    change::{Change, NewChange},
    handlers::{Effects, Sink},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

async fn migrated(place: &Place) -> Sink {
    place.queue().await;
    let sink = place.sink();
    sink.migrate().await.unwrap();
    // By several at once, and again.
    place.sink().migrate().await.unwrap();
    sink
}

pub(crate) async fn keeps_one_effect_of_a_job(place: Arc<Place>) {
    let sink = migrated(&place).await;
    assert!(sink.effect("a", "1").await.unwrap());
    assert!(!sink.effect("a", "2").await.unwrap());
    let mut writers = vec![];
    for _ in 0..4 {
        let sink = place.sink();
        writers.push(tokio::spawn(async move { sink.effect("b", "1").await.unwrap() }));
    }
    let mut written = 0;
    for writer in writers {
        written += u32::from(writer.await.unwrap());
    }
    assert_eq!(written, 1);
    assert_eq!(sink.effects().await.unwrap(), Effects { total: 2, distinct: 2, projected: 0 });
}

pub(crate) async fn counts_a_change_once(place: Arc<Place>) {
    let (sink, other) = (migrated(&place).await, place.sink());
    let change = |partition, offset| Change {
        partition,
        offset,
        change: NewChange { key: format!("key-{offset}"), payload: json!({}), trace: Default::default() },
    };
    for (sink, change, counted) in [
        (&sink, change(0, 3), true),
        (&other, change(0, 3), false),
        (&other, change(0, 2), false),
        (&other, change(1, 2), true),
        (&sink, change(0, 7), true),
        (&sink, change(1, 2), false),
    ] {
        assert_eq!(sink.project(&change).await.unwrap(), counted, "{change:?}");
    }
    assert_eq!(other.effects().await.unwrap(), Effects { total: 0, distinct: 0, projected: 3 });
}

pub(crate) async fn forgets_old_effects(place: Arc<Place>) {
    let sink = migrated(&place).await;
    for id in ["a", "b", "c"] {
        assert!(sink.effect(id, "1").await.unwrap());
    }
    assert_eq!(sink.forget(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(sink.forget(Duration::ZERO).await.unwrap(), 3);
    assert_eq!(sink.effects().await.unwrap(), Effects::default());
}
