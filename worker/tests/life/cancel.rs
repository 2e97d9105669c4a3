//! Jobs that nobody wants any more, by command and over HTTP.

use crate::{
    place::Place,
    process::{PATIENCE, ask, until},
};
use nix::sys::signal::Signal::{SIGCONT, SIGSTOP};
use serde_json::{Value, json};

/// Longer than a test.
const LONG: u32 = 4_000_000;

fn cancelled(place: &Place) -> u64 {
    let status: Value = serde_json::from_str(&place.succeed(&["status", "--format", "json"])).unwrap();
    status["cancelled"].as_u64().unwrap()
}

fn sleeps(place: &Place, prefix: &str, payload: &Value) {
    place.succeed(&["enqueue", "sleep", "--id-prefix", prefix, "--payload", &payload.to_string()]);
}

#[test]
fn a_job_that_waits_is_taken_out() {
    for place in Place::all() {
        sleeps(&place, "a", &json!({ "ms": LONG }));
        assert_eq!(place.succeed(&["cancel", "a-0"]), "a-0: taken out of the queue\n");
        let again = place.run(&["cancel", "a-0", "none"]);
        assert_eq!(again.status.code(), Some(78), "{again:?}");
        // On NATS a worker has to come past it.
        let worker = place.start(&[]);
        place.becomes("an empty queue", |status| status.ready == 0);
        assert_eq!(worker.stop().all("done", "job"), [] as [Value; 0]);
        let told = String::from_utf8_lossy(&again.stderr);
        assert!(told.contains("no job a-0, none waits or runs"), "{told}");
        assert_eq!(
            place.succeed(&["status"]),
            "ready 0, leased 0, delayed 0, done 0, dead 0, cancelled 1; effects 0, of 0 jobs\n"
        );
    }
}

/// It hears of it with the next renewal; one that goes on all the same is ended.
#[test]
fn a_handler_hears_that_its_job_was_cancelled() {
    for place in Place::all() {
        sleeps(&place, "listens", &json!({ "ms": LONG }));
        sleeps(&place, "stubborn", &json!({ "ms": LONG, "stubborn": true }));
        let worker = place.start(&["--lease", "1s", "--intake", "127.0.0.1:0"]);
        worker.works_on(2);
        assert_eq!(place.succeed(&["cancel", "listens-0"]), "listens-0: being worked on; its handler is told to end\n");
        let (status, body) = ask(worker.address("intake"), "DELETE", "/jobs/stubborn-0", "").unwrap();
        assert_eq!((status, body.contains("told_to_end")), (202, true), "{body}");
        until("cancelled jobs", PATIENCE, || (cancelled(&place) == 2).then_some(()));
        worker.works_on(0);
        let metrics = worker.get("/metrics").1;
        assert!(metrics.contains(r#"worker_jobs_outcomes_total{outcome="cancelled"} 2"#), "{metrics}");
        let ended = worker.stop();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert_eq!(ended.all("comes to an end", "because"), ["the job was cancelled"]);
        assert_eq!(ended.all("cancelled", "job").len(), 2);
        let status = place.status();
        assert_eq!((status.done, status.dead, status.effects.total), (0, 0, 0));
    }
}

/// Its process stands still when it is cancelled, and another must not begin it anew.
#[test]
fn a_cancelled_job_is_not_handed_out_again() {
    for place in Place::all() {
        sleeps(&place, "a", &json!({ "ms": LONG }));
        let flags = ["--lease", "1s"];
        let first = place.start(&flags);
        first.works_on(1);
        first.signal(SIGSTOP);
        place.succeed(&["cancel", "a-0"]);
        let second = place.start(&flags);
        until("cancelled job", PATIENCE, || (cancelled(&place) == 1).then_some(()));
        first.signal(SIGCONT);
        first.works_on(0);
        assert_eq!(second.stop().all("done", "job"), [] as [Value; 0]);
        assert_eq!(first.stop().code, Some(0));
        assert_eq!((cancelled(&place), place.status().effects.total), (1, 0));
    }
}

#[test]
fn a_job_is_taken_out_over_http() {
    let place = Place::sqlite();
    let worker = place.start(&["--intake", "127.0.0.1:0"]);
    let intake = worker.address("intake");
    let order = json!({ "handler": "sleep", "payload": { "ms": 1 }, "id": "b", "delay": "1h" }).to_string();
    assert_eq!(ask(intake, "POST", "/jobs", &order).unwrap().0, 202);
    assert_eq!(ask(intake, "DELETE", "/jobs/b", "").unwrap(), (200, r#"{"cancelled":true,"id":"b"}"#.to_owned()));
    assert_eq!(ask(intake, "DELETE", "/jobs/b", "").unwrap().0, 404);
    assert_eq!(ask(intake, "GET", "/jobs/b", "").unwrap().0, 405);
    assert_eq!(cancelled(&place), 1);
    assert_eq!(worker.stop().code, Some(0));
}
