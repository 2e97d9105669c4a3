//! Jobs over HTTP, and connections at the end.

use crate::{
    place::{Place, Status},
    process::{Worker, ask, request, until},
};
use nix::sys::signal::Signal::SIGTERM;
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

const JOB: &str = r#"{"handler": "noop"}"#;

fn start(place: &Place, flags: &[&str]) -> (Worker, SocketAddr) {
    let worker = place.start(&[&["--intake", "127.0.0.1:0"], flags].concat());
    let intake = worker.address("intake");
    (worker, intake)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Reads one answer of a connection that stays open.
fn accepted(stream: &mut TcpStream) {
    let mut text = [0; 4096];
    let read = stream.read(&mut text).unwrap();
    let text = String::from_utf8_lossy(&text[..read]);
    assert!(text.starts_with("HTTP/1.1 202"), "{text}");
}

fn is_closed(stream: &mut TcpStream) -> bool {
    stream.write_all(request("POST", "/jobs", JOB, "close").as_bytes()).is_err()
        || matches!(stream.read(&mut [0; 64]), Ok(0) | Err(_))
}

#[test]
fn idle_connections_do_not_hold_up_the_end() {
    let place = Place::sqlite();
    let (worker, intake) = start(&place, &[]);
    let mut used = connect(intake);
    used.write_all(request("POST", "/jobs", JOB, "keep-alive").as_bytes()).unwrap();
    accepted(&mut used);
    let mut silent = connect(intake);
    let ended = worker.stop();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.after < Duration::from_secs(2), "{:?}", ended.after);
    // What came after the close was not taken: neither of the two has left a second job.
    assert!(is_closed(&mut used) && is_closed(&mut silent));
    let Status { ready, done, .. } = place.status();
    assert_eq!(ready + done, 1);
}

#[test]
fn what_is_under_way_is_answered_and_nothing_after_it() {
    let place = Place::sqlite();
    let (worker, intake) = start(&place, &[]);
    let text = request("POST", "/jobs", JOB, "keep-alive");
    let (head, rest) = text.split_at(text.len() - 5);
    let mut stream = connect(intake);
    stream.write_all(head.as_bytes()).unwrap();
    // A request of another connection has passed since, so the server has read this one.
    assert_eq!(ask(intake, "POST", "/jobs", JOB).unwrap().0, 202);
    worker.signal(SIGTERM);
    until("closed door", Duration::from_secs(5), || TcpStream::connect(intake).is_err().then_some(()));
    stream.write_all(rest.as_bytes()).unwrap();
    accepted(&mut stream);
    assert!(is_closed(&mut stream));
    let ended = worker.ended();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let Status { ready, done, .. } = place.status();
    assert_eq!(ready + done, 2);
}

#[test]
fn half_a_request_does_not_hold_the_end() {
    let place = Place::sqlite();
    let (worker, intake) = start(&place, &[]);
    let halves = ["POST /jobs HTTP/1.1\r\nhost: worker\r\ncontent-length: 20\r\n\r\n{", "POST /jobs HTTP/1.1\r\nho"];
    let _open = halves.map(|half| {
        let mut stream = connect(intake);
        stream.write_all(half.as_bytes()).unwrap();
        stream
    });
    assert_eq!(ask(intake, "POST", "/jobs", JOB).unwrap().0, 202);
    let ended = worker.stop();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.after < Duration::from_secs(3), "{:?}", ended.after);
}

#[test]
fn an_id_that_is_there_already_is_told() {
    for place in Place::all() {
        let (worker, intake) = start(&place, &[]);
        let body = r#"{"handler": "noop", "id": "once"}"#;
        let answers: Vec<_> = (0..3).map(|_| ask(intake, "POST", "/jobs", body).unwrap()).collect();
        assert_eq!(answers[0], (202, r#"{"id":"once"}"#.to_owned()));
        assert_eq!(answers[1], (200, r#"{"already_there":true,"id":"once"}"#.to_owned()));
        place.becomes("work", |status| status.done == 1);
        assert_eq!(ask(intake, "POST", "/jobs", body).unwrap().0, 200, "also when it is done");
        let output = place.run(&["enqueue", "noop", "--id-prefix", "a", "--count", "2"]);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let output = place.run(&["enqueue", "noop", "--id-prefix", "a", "--count", "3"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a-0\na-1\na-2\n");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "already there: 2 of 3 ids; their jobs are left as they are\n"
        );
        assert_eq!(worker.stop().code, Some(0));
        let Status { ready, done, .. } = place.status();
        assert_eq!(ready + done, 4);
    }
}

#[test]
fn jobs_are_taken_in_until_the_drain_delay_is_over() {
    let place = Place::sqlite();
    let (worker, intake) = start(&place, &["--drain-delay", "1s"]);
    let began = Instant::now();
    worker.signal(SIGTERM);
    worker.comes_to("draining");
    assert_eq!(worker.get("/readyz").0, 503);
    let mut taken = 0;
    until("closed door", Duration::from_secs(5), || match ask(intake, "POST", "/jobs", JOB) {
        Some((202, _)) => {
            taken += 1;
            None
        }
        _ => Some(()),
    });
    let closed = began.elapsed();
    assert!(closed > Duration::from_millis(900) && closed < Duration::from_secs(2), "{closed:?}");
    assert_eq!(worker.ended().code, Some(0));
    assert!(taken > 1);
    // It takes in for others, and begins nothing itself.
    assert_eq!(place.status(), Status { ready: taken, ..Status::default() });
}

#[test]
fn what_cannot_be_taken_is_refused_with_a_reason() {
    let place = Place::sqlite();
    let (worker, intake) = start(&place, &[]);
    let nested = format!(r#"{{"handler": "noop", "payload": {{"a": {}{}}}}}"#, "[".repeat(100), "]".repeat(100));
    for (body, status, told) in [
        (nested.as_str(), 400, "nested more than 64 levels"),
        (r#"{"handler": "noop", "id": "a b"}"#, 400, "letters, digits"),
        (r#"{"handler": "#, 400, "EOF"),
        (r#"{"no": "handler"}"#, 422, "unknown field `no`"),
        (r#"{"handler": "noop", "payload": [1]}"#, 422, "expected a map"),
    ] {
        let (code, answer) = ask(intake, "POST", "/jobs", body).unwrap();
        let error: Value = serde_json::from_str(&answer).unwrap();
        assert!(code == status && error["error"].as_str().unwrap().contains(told), "{code} {answer}");
    }
    assert_eq!(place.status(), Status::default());
    assert_eq!(worker.stop().code, Some(0));
}
