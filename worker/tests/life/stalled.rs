//! Whoever reads the log stops reading, and the pipe is full.

use crate::{
    place::{Place, Status},
    process::{ask, until},
};
use nix::{
    sys::signal::{Signal::SIGTERM, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStderr, Stdio},
    time::{Duration, Instant},
};

/// Longer than what is reserved for lines that wait, with the errors that follow.
const JOBS: usize = 800;

struct Silent {
    child: Child,
    log: BufReader<ChildStderr>,
    admin: SocketAddr,
}

impl Silent {
    /// A worker whose log is read up to where it tells its address.
    fn start(place: &Place, flags: &[&str]) -> Self {
        let run = [&["run", "--admin", "127.0.0.1:0", "--chaos"], flags].concat();
        let mut child = place.command(&run).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::with_capacity(256, child.stderr.take().unwrap());
        let admin = loop {
            let mut line = String::new();
            log.read_line(&mut line).unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["message"] == "listening" {
                break line["admin"].as_str().unwrap().parse().unwrap();
            }
        };
        Silent { child, log, admin }
    }

    fn metric(&self, name: &str) -> Option<f64> {
        let text = ask(self.admin, "GET", "/metrics", "")?.1;
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Jobs that fail at length, and some that panic: each leaves a line of 2 KiB or more.
fn fill(place: &Place) {
    let field = "x".repeat(1900);
    place.enqueue("sleep", &json!({ "ms": 0, (field): 0 }), JOBS);
    place.enqueue("panic", &json!({}), 4);
}

#[test]
fn a_full_pipe_stops_neither_the_work_nor_the_end() {
    let place = Place::sqlite();
    fill(&place);
    let words = place.folder().join("words");
    fs::write(&words, "").unwrap();
    let mut worker = Silent::start(&place, &["--last-words", words.to_str().unwrap(), "--max-attempts", "1"]);
    place.becomes("work", |Status { dead, .. }| *dead == JOBS as u64 + 4);
    until("dropped lines", Duration::from_secs(5), || {
        worker.metric("worker_log_lines_dropped_total").filter(|dropped| *dropped > 0.0)
    });
    let began = Instant::now();
    kill(Pid::from_raw(worker.child.id().try_into().unwrap()), SIGTERM).unwrap();
    let status = until("end", Duration::from_secs(10), || worker.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let words: Value = serde_json::from_slice(&fs::read(&words).unwrap()).unwrap();
    assert!(words["lines_dropped"].as_u64() > Some(0), "{words}");
}

#[test]
fn what_was_dropped_is_told_when_somebody_reads_again() {
    let place = Place::sqlite();
    fill(&place);
    let mut worker = Silent::start(&place, &["--max-attempts", "1"]);
    place.becomes("work", |Status { dead, .. }| *dead == JOBS as u64 + 4);
    until("dropped lines", Duration::from_secs(5), || {
        worker.metric("worker_log_lines_dropped_total").filter(|dropped| *dropped > 0.0)
    });
    let mut told = None;
    while told.is_none() {
        let mut line = String::new();
        assert!(worker.log.read_line(&mut line).unwrap() > 0, "it ended");
        let line: Value = serde_json::from_str(&line).expect("whole lines of JSON");
        told =
            line["lines"].as_u64().filter(|_| line["message"].as_str().unwrap().starts_with("log lines were dropped"));
    }
    assert!(told > Some(0));
    assert_eq!(worker.metric("worker_log_lines_dropped_total"), told.map(|lines| lines as f64));
    kill(Pid::from_raw(worker.child.id().try_into().unwrap()), SIGTERM).unwrap();
    let mut rest = String::new();
    worker.log.read_to_string(&mut rest).unwrap();
    assert!(rest.lines().last().unwrap().contains("ended"), "{rest}");
}

#[test]
fn a_panic_is_a_line_like_others() {
    let place = Place::sqlite();
    place.enqueue("panic", &json!({}), 1);
    let worker = place.start(&["--chaos", "--max-attempts", "1"]);
    let line = worker.logged("panic");
    assert!(line["panic"].as_str().unwrap().ends_with("asked for it") && line["trace_id"].is_string(), "{line}");
    assert!(worker.stop().log.iter().all(Value::is_object));
}
