//! Jobs that are not to be begun yet.

use crate::place::{LONG, PATIENCE, Place, counts, job, nothing, one, settle};
use plimsoll_worker::{
    engine::Error,
    job::{Counts, Settled::Applied, Settlement::Done},
    retry::LONGEST,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const DELAY: Duration = Duration::from_millis(300);

pub(crate) async fn begins_no_job_before_its_delay_is_over(place: Arc<Place>) {
    let engine = place.queue().await;
    let begun = Instant::now();
    assert_eq!(engine.enqueue_after(&[job("soon")], DELAY).await.unwrap(), [true]);
    assert_eq!(engine.enqueue_after(&[job("later")], LONG).await.unwrap(), [true]);
    let delivery = one(&engine).await;
    assert_eq!((delivery.job.id.as_str(), delivery.attempts, delivery.strikes), ("soon", 0, 0));
    assert!(begun.elapsed() >= DELAY, "{:?}", begun.elapsed());
    assert_eq!(settle(&engine, &delivery, Done).await, Applied);
    nothing(&engine).await;
    nothing(&place.connect().await).await;
    assert_eq!(counts(&engine).await, Counts { done: 1, delayed: 1, ..Counts::default() });
    assert_eq!(engine.enqueue(&[job("soon"), job("later")]).await.unwrap(), [false, false]);
}

pub(crate) async fn puts_jobs_off_for_three_days_at_most(place: Arc<Place>) {
    let engine = place.queue().await;
    let error = engine.enqueue_after(&[job("a")], LONGEST + Duration::from_millis(1)).await.expect_err("too long");
    assert!(matches!(&error, Error::Refused(text) if text.contains("up to 3days")), "{error}");
    let past = engine.time().await.unwrap() - Duration::from_secs(60);
    assert_eq!(engine.until(past).await.unwrap(), Duration::ZERO);
    assert_eq!(engine.enqueue_after(&[job("a")], engine.until(past).await.unwrap()).await.unwrap(), [true]);
    assert_eq!(engine.claim(1, LONG, PATIENCE).await.unwrap().len(), 1);
}
