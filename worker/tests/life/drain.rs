//! From the signal to the end.

use crate::{
    place::{Place, Status},
    process::{Worker, until},
};
use nix::sys::signal::Signal::SIGTERM;
use serde_json::json;
use std::time::{Duration, Instant};

fn stubborn(ms: u64) -> serde_json::Value {
    json!({ "ms": ms, "stubborn": true })
}

#[test]
fn readiness_goes_at_once_and_liveness_stays() {
    let place = Place::sqlite();
    place.enqueue("sleep", &stubborn(700), 1);
    let mut worker = place.start(&[]);
    worker.works_on(1);
    let began = Instant::now();
    worker.signal(SIGTERM);
    until("503", Duration::from_secs(5), || (worker.get("/readyz").0 == 503).then_some(()));
    let unready = began.elapsed();
    assert!(unready < Duration::from_millis(300), "{unready:?}");
    let mut lives = 0;
    while !worker.is_over() {
        match worker.get("/livez").0 {
            200 => lives += 1,
            // Between the last word and the end of the process.
            code => assert_eq!(code, 0),
        }
    }
    assert!(lives > 10, "{lives}");
    assert_eq!(worker.ended().code, Some(0));
}

#[test]
fn a_job_that_outlives_the_shutdown_is_given_back_and_no_attempt() {
    let place = Place::sqlite();
    place.enqueue("sleep", &stubborn(2500), 1);
    let worker = place.start(&["--shutdown-timeout", "1s", "--max-attempts", "1"]);
    worker.works_on(1);
    let ended = worker.stop();
    assert_eq!(ended.code, Some(75), "{ended:#?}");
    assert!(ended.after < Duration::from_secs(2), "{:?}", ended.after);
    let words = ended.last_words();
    assert_eq!((&words["in_flight"], &words["finished"], &words["released"]), (&json!(1), &json!(0), &json!(1)));
    assert_eq!(place.status(), Status { ready: 1, ..Status::default() });
    done_by_the_next(&place);
}

#[test]
fn a_job_that_is_asked_to_end_is_given_back_and_no_attempt() {
    let place = Place::sqlite();
    place.enqueue("sleep", &json!({ "ms": 2500 }), 1);
    let worker = place.start(&["--shutdown-timeout", "1s", "--max-attempts", "1"]);
    worker.works_on(1);
    let ended = worker.stop();
    assert_eq!(ended.code, Some(75), "asked at 80 %, it was given back: {ended:#?}");
    let words = ended.last_words();
    assert_eq!((&words["in_flight"], &words["finished"], &words["released"]), (&json!(1), &json!(0), &json!(1)));
    done_by_the_next(&place);
}

/// The one attempt that the job may have is still there.
fn done_by_the_next(place: &Place) {
    let worker = place.start(&["--max-attempts", "1"]);
    assert!(worker.logged("done")["delivery"].as_u64() > Some(1));
    assert_eq!(worker.stop().code, Some(0));
    let Status { done, dead, effects, .. } = place.status();
    assert_eq!((done, dead, effects.distinct), (1, 0, 1));
}

/// The call waits a second for jobs: whatever comes in between is brought to a worker that may not begin it.
#[test]
fn a_job_that_comes_after_the_signal_is_given_back() {
    let mut brought = 0;
    for _ in 0..5 {
        let place = Place::sqlite();
        let worker = place.start(&[]);
        worker.signal(SIGTERM);
        worker.comes_to("draining");
        place.enqueue("sleep", &json!({ "ms": 1 }), 1);
        let ended = worker.ended();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert_eq!(place.status(), Status { ready: 1, ..Status::default() });
        let next = place.start(&["--max-attempts", "1"]);
        brought += u64::from(next.logged("done")["delivery"] == 2);
    }
    assert!(brought > 0, "no call was in flight, so this has shown nothing");
}

#[test]
fn a_runtime_that_is_parked_for_good_still_ends_in_time() {
    let place = Place::sqlite();
    place.enqueue("sleep", &json!({ "ms": 60_000 }), 2);
    let worker = place.start(&["--chaos", "--shutdown-timeout", "1s"]);
    worker.works_on(2);
    place.enqueue("hang", &json!({}), 1);
    worker.logged("hang on demand");
    let ended = worker.stop();
    // S + F.
    assert!(ended.after < Duration::from_secs(8), "{:?}", ended.after);
    assert_eq!(ended.code, Some(75), "{ended:#?}");
    assert_eq!(place.status(), Status { ready: 3, ..Status::default() });
}

/// Two processes; the first is parked for longer than its leases last. They are renewed all the same.
#[test]
fn a_job_that_blocks_everything_costs_no_lease() {
    let place = Place::sqlite();
    let flags = ["--chaos", "--lease", "1s", "--liveness-stall", "60s"];
    place.enqueue("sleep", &json!({ "ms": 1000 }), 3);
    let first = place.start(&flags);
    first.works_on(3);
    place.enqueue("hang", &json!({ "ms": 3500 }), 1);
    first.logged("hang on demand");
    let second: Worker = place.start(&flags);
    place.becomes("end of all", |status| status.done == 4);
    assert_eq!(second.stop().all("done", "job").len(), 0);
    let first = first.stop();
    assert_eq!(first.all("done", "delivery"), [1, 1, 1, 1]);
    assert_eq!(first.all("lease lost", "job").len(), 0);
}
