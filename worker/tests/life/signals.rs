//! What signals do, and what is said about it.

use crate::place::Place;
use expect_test::expect;
use nix::sys::signal::Signal::{self, SIGINT, SIGQUIT, SIGTERM};
use serde_json::{Value, json};
use std::{fs, time::Duration};

#[test]
fn every_signal_takes_the_same_path() {
    for signal in [SIGTERM, SIGINT, SIGQUIT] {
        let place = Place::sqlite();
        place.enqueue("sleep", &json!({ "ms": 300 }), 1);
        let worker = place.start(&[]);
        worker.works_on(1);
        worker.signal(signal);
        let ended = worker.ended();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        let words = ended.last_words();
        assert_eq!(words["because"], signal.as_str());
        assert_eq!(words["path"], json!(["boot", "starting", "running", "draining", "settling", "flushing", "ended"]));
        assert_eq!((&words["in_flight"], &words["finished"]), (&json!(1), &json!(1)));
        assert_eq!(place.status().done, 1);
    }
}

#[test]
fn hooks_run_in_order() {
    let ended = Place::sqlite().start(&[]).stop();
    let hooks = ended.all("hook", "hook");
    assert_eq!(hooks, ["Starting", "Start", "Started", "Stopping", "Stop", "Stopped"]);
}

#[test]
fn last_words_are_left_for_the_kubelet() {
    let place = Place::sqlite();
    let file = place.folder().join("termination-log");
    fs::write(&file, "of the container before").unwrap();
    let worker = place.start(&["--last-words", file.to_str().unwrap()]);
    assert_eq!(worker.stop().code, Some(0));
    let mut words: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert!(words["elapsed_ms"].take().as_u64().is_some());
    expect![[r#"{"because":"SIGTERM","elapsed_ms":null,"exit":0,"finished":0,"in_flight":0,"lines_dropped":0,"lost":0,"path":["boot","starting","running","draining","settling","flushing","ended"],"released":0,"telemetry":{"dropped":0,"failed":0,"sent":0},"unsettled":0}"#]]
        .assert_eq(&words.to_string());
}

#[test]
fn last_words_stay_short_after_a_long_life() {
    let place = Place::sqlite();
    let file = place.folder().join("termination-log");
    fs::write(&file, "").unwrap();
    let worker = place.start(&["--last-words", file.to_str().unwrap()]);
    let admin = worker.address("admin");
    for _ in 0..300 {
        crate::process::ask(admin, "POST", "/pause", "").unwrap();
        crate::process::ask(admin, "POST", "/resume", "").unwrap();
    }
    assert_eq!(worker.stop().code, Some(0));
    let words = fs::read(&file).unwrap();
    assert!(words.len() <= 2048, "{} bytes", words.len());
    let words: Value = serde_json::from_slice(&words).unwrap();
    assert_eq!(words["path"].as_array().unwrap().last().unwrap(), "ended");
}

/// A worker with a job that does not end when it is asked to, and that was told twice.
fn told_twice(signal: Signal) -> crate::process::Ended {
    let place = Place::sqlite();
    place.enqueue("sleep", &json!({ "ms": 60_000, "stubborn": true }), 1);
    let worker = place.start(&["--shutdown-timeout", "1s"]);
    worker.works_on(1);
    worker.signal(signal);
    worker.comes_to("draining");
    worker.signal(signal);
    worker.ended()
}

#[test]
fn a_second_sigint_stops_hard() {
    let ended = told_twice(SIGINT);
    assert_eq!(ended.code, Some(130), "{ended:#?}");
    assert!(ended.after < Duration::from_millis(800), "{:?}", ended.after);
    assert_eq!(ended.last_words()["path"], json!(["boot", "starting", "running", "draining", "ended"]));
}

#[test]
fn a_second_sigterm_is_only_logged() {
    let ended = told_twice(SIGTERM);
    assert_eq!(ended.code, Some(75), "{ended:#?}");
    assert_eq!(ended.all("signal", "signal"), ["SIGTERM", "SIGTERM"]);
    assert!(ended.after > Duration::from_millis(800), "{:?}", ended.after);
}
