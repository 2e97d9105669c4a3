//! Handlers that have limits of their own.

use crate::{
    place::Place,
    process::{PATIENCE, until},
};
use nix::sys::signal::Signal::SIGTERM;
use serde_json::{Value, json};

fn letters(place: &Place) -> Vec<Value> {
    place.succeed(&["dead", "list"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_handler_has_its_own_time_and_attempts() {
    let place = Place::sqlite();
    place.enqueue("sleep", &json!({ "ms": 600_000 }), 1);
    place.enqueue("fail", &json!({ "times": 9 }), 1);
    let backoff = ["--backoff", "1ms", "--max-backoff", "2ms", "--max-attempts", "1"];
    let worker = place.start(&[&backoff[..], &["--limits", "sleep:timeout=100ms,attempts=2;fail:attempts=3"]].concat());
    place.becomes("dead letters", |status| status.dead == 2);
    let mut found: Vec<_> =
        letters(&place).iter().map(|l| (l["handler"].to_string(), l["attempts"].as_u64())).collect();
    found.sort_unstable();
    assert_eq!(found, [("\"fail\"".to_owned(), Some(3)), ("\"sleep\"".to_owned(), Some(2))]);
    let errors = letters(&place).iter().map(|letter| letter["error"].to_string()).collect::<String>();
    assert!(errors.contains("not done within 100ms"), "{errors}");
    let metrics = worker.get("/metrics").1;
    for line in [
        r#"worker_handler_outcomes_total{handler="fail",outcome="retry"} 2"#,
        r#"worker_handler_outcomes_total{handler="fail",outcome="dead"} 1"#,
        r#"worker_handler_outcomes_total{handler="sleep",outcome="dead"} 1"#,
        r#"worker_handler_outcomes_total{handler="noop",outcome="done"} 0"#,
        r#"worker_handler_duration_seconds_count{handler="fail"} 3"#,
    ] {
        assert!(metrics.contains(line), "no {line} in {metrics}");
    }
    assert_eq!(worker.stop().code, Some(0));
}

/// What is enqueued may have any name, and none of these becomes a label.
#[test]
fn a_handler_that_is_not_there_has_no_name_in_the_metrics() {
    let place = Place::sqlite();
    for number in 0..20 {
        place.enqueue(&format!("nobody-{number}"), &json!({}), 1);
    }
    let worker = place.start(&[]);
    place.becomes("dead letters", |status| status.dead == 20);
    let dead = r#"worker_handler_outcomes_total{handler="_OTHER",outcome="dead"} 20"#;
    until("metric", PATIENCE, || worker.get("/metrics").1.contains(dead).then_some(()));
    assert!(!worker.get("/metrics").1.contains("nobody"));
    assert_eq!(worker.stop().code, Some(0));
}

/// One job at a time, though there are slots; others of another handler go past. What waits is given back at a stop: it was
/// never begun.
#[test]
fn a_handler_has_its_own_number_of_jobs_at_a_time() {
    for place in Place::all() {
        place.enqueue("sleep", &json!({ "ms": 600_000 }), 3);
        place.enqueue("noop", &json!({}), 5);
        let flags = ["--concurrency", "4", "--lease", "1s", "--job-timeout", "1500ms", "--max-attempts", "1"];
        let worker = place.start(&[&flags[..], &["--limits", "sleep:concurrency=1"]].concat());
        place.becomes("work of the other handler", |status| status.done == 5);
        // The third waited for longer than a job may take, and had its time all the same.
        place.becomes("dead letters", |status| status.dead == 3);
        assert_eq!(worker.stop().code, Some(0));

        place.enqueue("sleep", &json!({ "ms": 600_000 }), 3);
        let worker = place.start(&["--limits", "sleep:concurrency=1", "--shutdown-timeout", "3s"]);
        worker.works_on(3);
        worker.signal(SIGTERM);
        // At once, and not when the one that runs is asked to come to an end.
        until("what was not begun", PATIENCE, || (place.status().ready >= 2).then_some(()));
        let ended = worker.ended();
        assert_eq!(ended.code, Some(75), "{ended:#?}");
        assert_eq!(ended.all("comes to an end", "job").len(), 1);
        assert_eq!((place.status().ready, place.status().dead), (3, 3));
    }
}
