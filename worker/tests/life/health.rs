//! Answers to probes, whatever the worker does, and what they depend on.

use crate::{
    nats,
    place::Place,
    process::{Worker, ask, until},
};
use serde_json::json;
use std::{
    thread,
    time::{Duration, Instant},
};

/// The shortest timeout that a probe can have: beyond it the kubelet counts a failure.
const KUBELET: Duration = Duration::from_secs(1);

/// What is promised.
const PROMISED: Duration = Duration::from_millis(50);

/// Longest wait for a state that follows from a dependency.
const SOON: Duration = Duration::from_secs(15);

/// Asks many times, each on a connection of its own as the kubelet does. On a machine that runs other tests too the
/// scheduler adds to single answers: so nine of ten are held to the promise, and all of them to the kubelet's patience.
fn measure(worker: &Worker, when: &str) {
    let admin = worker.address("admin");
    let mut times: Vec<_> = (0..200)
        .map(|number| {
            let path = ["/livez", "/readyz", "/startupz", "/metrics"][number % 4];
            let began = Instant::now();
            assert!(ask(admin, "GET", path, "").is_some(), "no answer to {path} {when}");
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let (most, worst) = (times[179], times[199]);
    println!("{when}: 9 of 10 within {most:?}, the worst {worst:?}");
    assert!(most < PROMISED, "{most:?} {when}");
    assert!(worst < KUBELET, "{worst:?} {when}");
}

#[test]
fn probes_are_answered_with_every_processor_busy() {
    let place = Place::sqlite();
    let many = 4 * thread::available_parallelism().unwrap().get();
    place.enqueue("checksum", &json!({ "rounds": 1_000_000_000 }), many);
    let worker = place.start(&["--concurrency", &many.to_string(), "--shutdown-timeout", "1s"]);
    worker.works_on(many as u64);
    measure(&worker, "under full load");
    assert_eq!(worker.get("/livez").0, 200);
    worker.stop();
}

#[test]
fn a_parked_runtime_fails_liveness_until_it_turns_again() {
    let place = Place::sqlite();
    let worker = place.start(&["--chaos", "--liveness-stall", "1s"]);
    place.enqueue("hang", &json!({ "ms": 5000 }), 1);
    worker.logged("hang on demand");
    let (code, body) = until("stall", SOON, || Some(worker.get("/livez")).filter(|(code, _)| *code == 503));
    assert!(body.contains("has not turned for"), "{code} {body}");
    measure(&worker, "with every thread of the runtime parked");
    until("life", SOON, || (worker.get("/livez").0 == 200).then_some(()));
    assert_eq!(worker.stop().code, Some(0));
}

/// Looks at liveness all the time while something is waited for.
fn stays_alive_until(worker: &Worker, readyz: (u16, &str)) {
    until(readyz.1, SOON, || {
        assert_eq!(worker.get("/livez").0, 200);
        let (code, body) = worker.get("/readyz");
        (code == readyz.0 && body.trim() == readyz.1).then_some(())
    });
}

#[test]
fn a_locked_file_makes_it_degraded_and_not_dead() {
    let place = Place::sqlite();
    let worker = place.start(&["--liveness-stall", "1s"]);
    let connection = rusqlite::Connection::open(place.file()).unwrap();
    connection.busy_timeout(SOON).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    stays_alive_until(&worker, (503, "degraded"));
    connection.execute_batch("ROLLBACK").unwrap();
    stays_alive_until(&worker, (200, "running"));
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn a_server_that_goes_makes_it_degraded_and_not_dead() {
    let Some(program) = nats::installed() else { return };
    let mut place = Place::nats(&program);
    let worker = place.start(&["--liveness-stall", "1s"]);
    place.server.as_mut().unwrap().kill();
    stays_alive_until(&worker, (503, "degraded"));
    place.server.as_mut().unwrap().resume();
    stays_alive_until(&worker, (200, "running"));
    place.enqueue("sleep", &json!({ "ms": 1 }), 1);
    place.becomes("work", |status| status.done == 1);
    assert_eq!(worker.stop().code, Some(0));
}

/// With all slots busy nothing is claimed: the renewals tell.
#[test]
fn a_queue_that_goes_while_all_slots_are_busy_makes_it_degraded() {
    let flags = ["--concurrency", "1", "--lease", "3s", "--liveness-stall", "1s", "--shutdown-timeout", "1s"];
    let place = Place::sqlite();
    place.enqueue("sleep", &json!({ "ms": 60_000 }), 1);
    let worker = place.start(&flags);
    worker.works_on(1);
    let connection = rusqlite::Connection::open(place.file()).unwrap();
    connection.busy_timeout(SOON).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    stays_alive_until(&worker, (503, "degraded"));
    connection.execute_batch("ROLLBACK").unwrap();
    stays_alive_until(&worker, (200, "running"));
    assert_eq!(worker.stop().code, Some(75));

    let Some(program) = nats::installed() else { return };
    let mut place = Place::nats(&program);
    place.enqueue("sleep", &json!({ "ms": 60_000 }), 1);
    let worker = place.start(&flags);
    worker.works_on(1);
    place.server.as_mut().unwrap().kill();
    stays_alive_until(&worker, (503, "degraded"));
    place.server.as_mut().unwrap().resume();
    stays_alive_until(&worker, (200, "running"));
    worker.stop();
}

/// And the settlements, where the next renewal is far.
#[test]
fn a_settlement_that_fails_makes_it_degraded() {
    let Some(program) = nats::installed() else { return };
    let mut place = Place::nats(&program);
    place.enqueue("sleep", &json!({ "ms": 1000 }), 1);
    let worker = place.start(&["--concurrency", "1", "--lease", "10m"]);
    worker.works_on(1);
    place.server.as_mut().unwrap().kill();
    stays_alive_until(&worker, (503, "degraded"));
    place.server.as_mut().unwrap().resume();
    stays_alive_until(&worker, (200, "running"));
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn a_worker_without_its_server_ends_in_time() {
    let Some(program) = nats::installed() else { return };
    let mut place = Place::nats(&program);
    place.enqueue("sleep", &json!({ "ms": 60_000 }), 1);
    let worker = place.start(&["--shutdown-timeout", "1s"]);
    worker.works_on(1);
    place.server.as_mut().unwrap().kill();
    let ended = worker.stop();
    // S + F.
    assert!(ended.after < Duration::from_secs(8), "{:?}", ended.after);
    assert_eq!(ended.code, Some(75), "{ended:#?}");
}
