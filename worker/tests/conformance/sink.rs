//! The sink of the sample handlers.

use crate::place::Place;
use plimsoll_worker::{
    change::{Change, NewChange},
    engine::Effects,
};
use serde_json::json;
use std::sync::Arc;

pub(crate) async fn keeps_one_effect_of_a_job(place: Arc<Place>) {
    let engine = place.queue().await;
    assert!(engine.effect("a", "1").await.unwrap());
    assert!(!engine.effect("a", "2").await.unwrap());
    let mut writers = vec![];
    for _ in 0..4 {
        let engine = place.connect().await;
        writers.push(tokio::spawn(async move { engine.effect("b", "1").await.unwrap() }));
    }
    let mut written = 0;
    for writer in writers {
        written += u32::from(writer.await.unwrap());
    }
    assert_eq!(written, 1);
    assert_eq!(engine.effects().await.unwrap(), Effects { total: 2, distinct: 2, projected: 0 });
}

pub(crate) async fn counts_a_change_once(place: Arc<Place>) {
    let (engine, other) = (place.queue().await, place.connect().await);
    let change = |partition, offset| Change {
        partition,
        offset,
        change: NewChange { key: format!("key-{offset}"), payload: json!({}), trace: Default::default() },
    };
    for (engine, change, counted) in [
        (&engine, change(0, 3), true),
        (&other, change(0, 3), false),
        (&other, change(0, 2), false),
        (&other, change(1, 2), true),
        (&engine, change(0, 7), true),
        (&engine, change(1, 2), false),
    ] {
        assert_eq!(engine.project(&change).await.unwrap(), counted, "{change:?}");
    }
    assert_eq!(other.effects().await.unwrap(), Effects { total: 0, distinct: 0, projected: 3 });
}
