//! Jobs that are put off when they are enqueued.

use crate::{
    place::{Place, Status},
    process::ask,
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// A moment from now, as a caller writes it.
fn moment(seconds: u64, ahead: bool) -> String {
    let span = Duration::from_secs(seconds);
    let moment = if ahead { SystemTime::now() + span } else { SystemTime::now() - span };
    humantime::format_rfc3339_seconds(moment).to_string()
}

#[test]
fn a_job_can_be_put_off() {
    for place in Place::all() {
        let worker = place.start(&["--intake", "127.0.0.1:0"]);
        let intake = worker.address("intake");
        place.succeed(&["enqueue", "noop", "--delay", "200ms"]);
        place.succeed(&["enqueue", "noop", "--run-at", &moment(60, false)]);
        place.succeed(&["enqueue", "noop", "--delay", "1h", "--count", "2"]);
        place.succeed(&["enqueue", "noop", "--run-at", &moment(3600, true)]);
        for order in [json!({ "delay": "200ms" }), json!({ "delay": "1h" }), json!({ "run_at": moment(3600, true) })] {
            let Value::Object(mut order) = order else { unreachable!() };
            order.insert("handler".to_owned(), "noop".into());
            let (status, body) = ask(intake, "POST", "/jobs", &Value::from(order).to_string()).unwrap();
            assert_eq!(status, 202, "{body}");
        }
        let rest = place.becomes("the end of what is due", |status| (status.done, status.ready) == (3, 0));
        assert_eq!(rest, Status { done: 3, delayed: 5, ..Status::default() });
        assert_eq!(worker.stop().code, Some(0));
    }
}

#[test]
fn a_delay_that_is_none_or_too_long_is_refused() {
    let place = Place::sqlite();
    for flags in [
        &["--delay", "4days"][..],
        &["--delay", "soon"],
        &["--run-at", "tomorrow"],
        &["--run-at", &moment(4 * 24 * 3600, true)],
        &["--delay", "1s", "--run-at", &moment(60, true)],
    ] {
        let output = place.run(&[&["enqueue", "noop"], flags].concat());
        assert_eq!(output.status.code(), Some(78), "{flags:?}: {output:?}");
    }
    assert_eq!(place.run(&["enqueue", "project", "--delay", "1s"]).status.code(), Some(78));
    let worker = place.start(&["--intake", "127.0.0.1:0"]);
    for (order, told) in [
        (json!({ "handler": "noop", "delay": "4days" }), "delay: must be 3days or less"),
        (json!({ "handler": "noop", "delay": 5 }), "delay"),
        (json!({ "handler": "noop", "run_at": "soon" }), "run_at: "),
        (json!({ "handler": "noop", "run_at": moment(4 * 24 * 3600, true) }), "put off for up to 3days"),
        (json!({ "handler": "noop", "delay": "1s", "run_at": moment(1, true) }), "one of them is enough"),
    ] {
        let (status, body) = ask(worker.address("intake"), "POST", "/jobs", &order.to_string()).unwrap();
        assert!((400..500).contains(&status) && body.contains(told), "{status} {body}");
    }
    assert_eq!(place.status(), Status::default());
    assert_eq!(worker.stop().code, Some(0));
}
