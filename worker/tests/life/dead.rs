//! Dead letters by command: listed, shown, put back, discarded, all of them or some.

use crate::{nats::installed, place::Place};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

/// More than a page.
const LETTERS: usize = 60;

/// Buries jobs for which there is no handler.
fn bury(place: &Place, handlers: &[(&str, usize)], payload: &Value) {
    let worker = place.start(&["--concurrency", "16"]);
    let dead = place.status().dead + handlers.iter().map(|(_, count)| *count as u64).sum::<u64>();
    for (handler, count) in handlers {
        place.enqueue(handler, payload, *count);
    }
    place.becomes("dead letters", |status| status.dead == dead);
    assert_eq!(worker.stop().code, Some(0));
}

fn list(place: &Place, flags: &[&str]) -> Vec<Value> {
    let lines = place.succeed(&[&["dead", "list"], flags].concat());
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(letters: &[Value]) -> Vec<&str> {
    letters.iter().map(|letter| letter["id"].as_str().unwrap()).collect()
}

fn looked_after(place: &Place) {
    bury(place, &[("nobody", LETTERS), ("no-one", 2)], &json!({ "text": "x".repeat(100_000) }));
    let letters = list(place, &[]);
    assert_eq!(letters.len(), LETTERS + 2);
    assert!(letters.iter().all(|letter| letter["payload"]["text"].as_str().unwrap().len() == 100_000));
    assert_eq!(ids(&list(place, &["--limit", "3"])), ids(&letters)[..3]);
    assert_eq!(list(place, &["--handler", "no-one"]).len(), 2);
    assert_eq!(list(place, &["--older-than", "1h"]), [] as [Value; 0]);
    assert_eq!(list(place, &["--newer-than", "1h", "--handler", "nobody", "--limit", "70"]).len(), LETTERS);

    let shown: Value = serde_json::from_str(&place.succeed(&["dead", "show", ids(&letters)[5]])).unwrap();
    assert_eq!(shown, letters[5]);
    assert!(shown["since"].as_str().unwrap().ends_with('Z'), "{}", shown["since"]);
    let none = place.run(&["dead", "show", "none"]);
    assert_eq!(none.status.code(), Some(78), "{none:?}");

    let discarded = place.succeed(&["dead", "discard", "--handler", "no-one"]);
    assert_eq!(discarded.lines().count(), 2);
    place.succeed(&["dead", "discard", ids(&letters)[0]]);
    let again = place.run(&["dead", "discard", ids(&letters)[0]]);
    assert_eq!(again.status.code(), Some(78), "{again:?}");
    let status = place.status();
    assert_eq!((status.dead, status.done, status.ready), (LETTERS as u64 - 1, 0, 0));

    assert_eq!(place.succeed(&["dead", "requeue", "--all", "--limit", "10"]).lines().count(), 10);
    assert_eq!(place.succeed(&["dead", "requeue", "--all"]).lines().count(), LETTERS - 11);
    let status = place.status();
    assert_eq!((status.dead, status.done, status.ready), (0, 0, LETTERS as u64 - 1));
    assert_eq!(place.succeed(&["dead", "requeue", "--all"]), "");
}

#[test]
fn dead_letters_are_looked_after_on_sqlite() {
    looked_after(&Place::sqlite());
}

#[test]
fn dead_letters_are_looked_after_on_nats() {
    let Some(program) = installed() else { return };
    looked_after(&Place::nats(&program));
}

#[test]
fn a_selection_has_to_be_made() {
    let place = Place::sqlite();
    for args in [
        &["dead", "requeue"][..],
        &["dead", "discard"],
        &["dead", "discard", "--limit", "1"],
        &["dead", "requeue", "a", "--all"],
        &["dead", "discard", "a", "--handler", "b"],
        &["dead", "list", "--older-than", "long"],
    ] {
        assert_eq!(place.run(args).status.code(), Some(78), "{args:?}");
    }
}

/// A list that breaks off must not look like a whole one.
#[test]
fn a_list_that_breaks_off_says_so() {
    let Some(program) = installed() else { return };
    let mut place = Place::nats(&program);
    bury(&place, &[("nobody", LETTERS)], &json!({ "text": "x".repeat(100_000) }));
    let mut command = place.command(&["dead", "list"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(output.next().unwrap().is_ok());
    // No more of it is read, so it stands still in the first page.
    place.server.take().unwrap().kill();
    let lines = 1 + output.count();
    assert!(lines < LETTERS, "{lines} lines");
    assert_eq!(child.wait().unwrap().code(), Some(69), "{lines} lines");
}
