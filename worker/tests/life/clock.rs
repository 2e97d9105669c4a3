//! Clocks that are wrong, or are set: what waits waits as long as it was meant to.

use crate::{
    ahead::ahead,
    nats::installed,
    place::Place,
    process::{Worker, until},
};
use serde_json::json;
use std::time::{Duration, Instant};

/// A worker whose clock is ahead.
fn worker_ahead(place: &Place, by: &str, flags: &[&str]) -> Option<Worker> {
    let mut command = place.command(&["run", "--admin", "127.0.0.1:0"]);
    command.args(flags);
    let worker = Worker::spawn(ahead(command, by)?);
    worker.comes_to("running");
    Some(worker)
}

#[test]
fn a_job_that_waits_for_nothing_needs_no_clock() {
    let place = Place::sqlite();
    let Some(mut enqueue) = ahead(place.command(&["enqueue", "noop", "--count", "5"]), "+1h") else { return };
    assert!(enqueue.status().unwrap().success());
    assert_eq!(place.status().ready, 5);
    let worker = place.start(&[]);
    place.becomes("done", |status| status.done == 5);
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn leases_and_pauses_from_before_a_clock_was_set_back_are_no_longer_than_they_were() {
    let place = Place::sqlite();
    // The one is retried after a pause, the other is lost with its process.
    let flags = ["--lease", "2s", "--backoff", "2s", "--max-backoff", "2s", "--job-timeout", "1h"];
    let Some(mut worker) = worker_ahead(&place, "+1h", &flags) else { return };
    place.enqueue("fail", &json!({ "times": 1 }), 1);
    place.enqueue("sleep", &json!({ "ms": 3000 }), 1);
    until("a failure and a job in flight", Duration::from_secs(20), || {
        let failed = worker.log().iter().any(|line| line["message"] == "failed; once more");
        (failed && worker.get("/status").1.contains("\"in_flight\":1")).then_some(())
    });
    worker.kill();
    let began = Instant::now();
    let worker = place.start(&flags);
    worker.logged("the clock was set back; leases and pauses last as long from now");
    place.becomes("both done", |status| status.done == 2);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn a_retry_does_not_wait_for_the_wrong_time_of_another_host() {
    let Some(program) = installed() else { return };
    let place = Place::nats(&program);
    let flags = ["--backoff", "3s", "--max-backoff", "3s"];
    let Some(worker) = worker_ahead(&place, "+10m", &flags) else { return };
    let skew = worker.logged("this host's clock is ahead of the queue's, or behind; pauses and leases do not go by it");
    assert!((599.0..601.0).contains(&skew["seconds"].as_f64().unwrap()), "{skew}");
    let metrics = worker.get("/metrics").1;
    let skew = metrics.lines().find_map(|line| line.strip_prefix("worker_clock_skew_seconds ")).unwrap();
    assert!((599.0..601.0).contains(&skew.parse::<f64>().unwrap()), "{skew}");
    // Drawn at random below the limit: among ten there is one that is not over when the worker has gone.
    place.enqueue("fail", &json!({ "times": 1 }), 10);
    until("failures", Duration::from_secs(20), || {
        let failed = worker.log().iter().filter(|line| line["message"] == "failed; once more").count();
        (failed >= 10).then_some(())
    });
    worker.stop();
    let began = Instant::now();
    let worker = place.start(&flags);
    place.becomes("done", |status| status.done == 10);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(worker.stop().code, Some(0));
}
