//! What handlers hear, and what becomes of those that do not listen.

use crate::{
    place::{Place, Status},
    process::{PATIENCE, Worker, ask, until},
};
use nix::sys::signal::Signal::{SIGCONT, SIGSTOP};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than a test.
const LONG: u32 = 4_000_000_000;

fn overdue(worker: &Worker) -> Option<i64> {
    let metrics = worker.get("/metrics").1;
    metrics.lines().find_map(|line| line.strip_prefix("worker_handlers_overdue ")?.parse().ok())
}

#[test]
fn a_handler_hears_that_its_time_is_over() {
    let place = Place::sqlite();
    place.enqueue("checksum", &json!({ "rounds": LONG }), 1);
    place.enqueue("sleep", &json!({ "ms": LONG }), 1);
    let worker = place.start(&["--job-timeout", "300ms", "--max-attempts", "1"]);
    place.becomes("dead letters", |status| status.dead == 2);
    let letters = place.succeed(&["dead", "list"]);
    assert_eq!(letters.matches(r#""error":"not done within 300ms""#).count(), 2, "{letters}");
    assert_eq!(overdue(&worker), Some(0));
    let ended = worker.stop();
    assert_eq!(ended.all("comes to an end", "because"), ["its time is over", "its time is over"]);
    assert!(ended.all("the handler was asked to end, and goes on", "job").is_empty());
}

#[test]
fn a_handler_that_goes_on_all_the_same_is_told_of() {
    let place = Place::sqlite();
    let ids = place.enqueue("sleep", &json!({ "ms": 4000, "thread": true }), 1);
    let worker = place.start(&["--job-timeout", "100ms", "--max-attempts", "1"]);
    let line = worker.logged("the handler was asked to end, and goes on");
    assert_eq!((&line["job"], &line["because"]), (&json!(ids[0]), &json!("its time is over")));
    assert_eq!(overdue(&worker), Some(1));
    place.becomes("dead letter", |status| status.dead == 1);
    until("end", PATIENCE, || (overdue(&worker) == Some(0)).then_some(()));
    worker.logged("the handler has ended at last");
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn a_handler_hears_that_its_lease_is_lost() {
    for place in Place::all() {
        let flags = ["--lease", "1s", "--concurrency", "2"];
        place.enqueue("checksum", &json!({ "rounds": LONG }), 1);
        place.enqueue("sleep", &json!({ "ms": LONG }), 1);
        let first = place.start(&flags);
        first.works_on(2);
        first.signal(SIGSTOP);
        let second = place.start(&[&flags[..], &["--shutdown-timeout", "1s"]].concat());
        second.works_on(2);
        first.signal(SIGCONT);
        until("lost leases", Duration::from_secs(10), || {
            let heard = |line: &&Value| line["message"] == "comes to an end" && line["because"] == "its lease is lost";
            (first.log().iter().filter(heard).count() == 2).then_some(())
        });
        assert_eq!(overdue(&first), Some(0));
        assert_eq!(first.stop().code, Some(0));
        let ended = second.stop();
        assert_eq!(ended.all("comes to an end", "because"), ["the worker must stop", "the worker must stop"]);
    }
}

/// It would come again for ever: only whoever is asked to stop gives a job back without an attempt.
#[test]
fn a_handler_that_was_not_asked_cannot_be_interrupted() {
    let place = Place::sqlite();
    place.enqueue("interrupt", &json!({}), 1);
    let worker = place.start(&["--chaos", "--max-attempts", "3", "--backoff", "1ms"]);
    place.becomes("dead letter", |status| status.dead == 1);
    let letter: Value = serde_json::from_str(&place.succeed(&["dead", "list"])).unwrap();
    assert_eq!((&letter["reason"], &letter["attempts"]), (&json!("attempts"), &json!(3)));
    assert!(letter["error"].as_str().unwrap().contains("nobody had asked it to end"), "{letter}");
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn what_misbehaves_on_purpose_has_to_be_asked_for() {
    let place = Place::sqlite();
    let worker = place.start(&["--intake", "127.0.0.1:0"]);
    for handler in ["exit", "hang", "interrupt", "panic"] {
        let body = json!({ "handler": handler }).to_string();
        assert_eq!(ask(worker.address("intake"), "POST", "/jobs", &body).unwrap().0, 202);
    }
    place.becomes("dead letters", |status| status.dead == 4);
    let letters = place.succeed(&["dead", "list"]);
    assert_eq!(letters.matches("it misbehaves on purpose, and is there with --chaos only").count(), 4, "{letters}");
    place.enqueue("noop", &json!({}), 1);
    assert_eq!(place.becomes("work", |status| status.done == 1), Status { done: 1, dead: 4, ..Status::default() });
    assert_eq!(worker.stop().code, Some(0));
}
