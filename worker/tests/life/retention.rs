//! What is forgotten, when, and what is not.

use crate::{nats::installed, place::Place, process::until};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::time::Duration;

fn feed(place: &Place) -> Value {
    serde_json::from_str(&place.succeed(&["status", "--feed", "--format", "json"])).unwrap()
}

fn lag(feed: &Value) -> u64 {
    feed["partitions"].as_array().unwrap().iter().map(|partition| partition["lag"].as_u64().unwrap()).sum()
}

/// Works the feed off.
fn work_off(place: &Place) {
    let worker = place.start(&["--mode", "feed"]);
    until("no lag", Duration::from_secs(60), || (lag(&feed(place)) == 0).then_some(()));
    assert_eq!(worker.stop().code, Some(0));
}

fn only_what_has_ended_is_forgotten(place: &Place) {
    let flags = ["--backoff", "1h", "--max-backoff", "1h", "--job-timeout", "10s"];
    let worker = place.start(&flags);
    place.succeed(&["enqueue", "sleep", "--payload", r#"{"ms": 1}"#, "--count", "3", "--id-prefix", "a"]);
    place.enqueue("nobody", &json!({}), 2);
    place.enqueue("fail", &json!({ "times": 1 }), 1);
    place.becomes("rest", |status| (status.done, status.dead, status.delayed) == (3, 2, 1));
    assert_eq!(worker.stop().code, Some(0));
    place.succeed(&["dead", "discard", "--all", "--limit", "1"]);
    place.enqueue("project", &json!({}), 30);
    work_off(place);
    place.enqueue("project", &json!({}), 5);

    assert_eq!(place.succeed(&["prune"]), "removed 0 jobs, 0 changes, 0 effects\n", "nothing is a week old");
    assert_eq!(place.succeed(&["prune", "--keep", "0s"]), "removed 4 jobs, 30 changes, 3 effects\n");
    let status = place.status();
    assert_eq!((status.done, status.dead, status.delayed, status.effects.total), (0, 1, 1, 0));
    assert_eq!(place.succeed(&["prune", "--keep", "0s"]), "removed 0 jobs, 0 changes, 0 effects\n");

    assert_eq!(lag(&feed(place)), 5);
    work_off(place);
    assert_eq!(feed(place)["projected"], 35);
    assert_eq!(place.status().ready, 0);
}

#[test]
fn only_what_has_ended_is_forgotten_on_sqlite() {
    let place = Place::sqlite();
    only_what_has_ended_is_forgotten(&place);
    // A server of NATS knows an id for two minutes, whatever it has been told to forget.
    place.succeed(&["enqueue", "noop", "--id-prefix", "a"]);
    assert_eq!(place.status().ready, 1);
}

#[test]
fn only_what_has_ended_is_forgotten_on_nats() {
    let Some(program) = installed() else { return };
    only_what_has_ended_is_forgotten(&Place::nats(&program));
}

#[test]
fn a_worker_forgets_by_itself_what_ended_a_week_ago() {
    let place = Place::sqlite();
    let worker = place.start(&[]);
    place.enqueue("sleep", &json!({ "ms": 1 }), 2500);
    place.becomes("done", |status| status.done == 2500);
    assert_eq!(worker.stop().code, Some(0));
    place.enqueue("noop", &json!({}), 1);
    let file = Connection::open(place.file()).unwrap();
    let week = Duration::from_secs(7 * 24 * 3600).as_millis() as i64;
    file.execute(
        "UPDATE jobs SET due = due - ? WHERE id IN (SELECT id FROM jobs WHERE state = 'done' LIMIT 2400)",
        [week],
    )
    .unwrap();
    file.execute("UPDATE effects SET written = written - ? WHERE job IN (SELECT job FROM effects LIMIT 2400)", [week])
        .unwrap();
    drop(file);
    let worker = place.start(&[]);
    let removed = worker.logged("removed what ended long ago");
    assert_eq!((&removed["jobs"], &removed["effects"]), (&json!(2400), &json!(2400)));
    place.becomes("the rest", |status| (status.done, status.effects.total) == (101, 100));
    assert_eq!(worker.stop().code, Some(0));
}
