//! The sample that does real work: a service does each job once, although answers are lost and workers are killed.

use crate::{place::Place, process::until};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A call as the service got it.
#[derive(Clone, Debug)]
struct Called {
    path: String,
    key: String,
    body: String,
    at: Instant,
}

/// A service that answers as it is told, by the number of the call with that key.
struct Service {
    url: String,
    calls: Arc<Mutex<Vec<Called>>>,
}

impl Service {
    fn start(answer: fn(&Called, usize) -> Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::<Mutex<Vec<Called>>>::default();
        let known = calls.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let Some(called) = read(&stream) else { continue };
                let mut calls = known.lock().unwrap();
                let before = calls.iter().filter(|call| call.key == called.key).count();
                calls.push(called.clone());
                drop(calls);
                // Without an answer it is lost on the way.
                if let Some(answer) = answer(&called, before) {
                    stream.write_all(answer.as_bytes()).ok();
                }
            }
        });
        Service { url, calls }
    }

    fn calls(&self) -> Vec<Called> {
        self.calls.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Called> {
    let mut reader = BufReader::new(stream);
    let mut lines = vec![];
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let found =
            lines.iter().filter_map(|line| line.split_once(": ")).find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let path = lines[0].split(' ').nth(1)?.to_owned();
    Some(Called { path, key: header("idempotency-key")?, body: String::from_utf8(body).ok()?, at: Instant::now() })
}

fn answer(status: &str, header: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{header}\r\n{body}"))
}

fn place(service: &str) -> Place {
    Place::sqlite().with("WORKER_CALL_URL", service)
}

const FLAGS: [&str; 6] = ["--backoff", "50ms", "--max-backoff", "50ms", "--lease", "1s"];

#[test]
fn a_call_is_repeated_with_its_key_until_it_is_answered() {
    let service = Service::start(|_, before| match before {
        0 => answer("503 Service Unavailable", "retry-after: 1\r\n", "busy"),
        1 => None,
        _ => answer("200 OK", "", "done"),
    });
    let place = place(&service.url);
    let worker = place.start(&FLAGS);
    let ids = place.enqueue("call", &json!({ "path": "/invoices?draft=no", "body": { "sum": 3 } }), 5);
    place.becomes("done", |status| status.done == 5);
    assert_eq!(worker.stop().code, Some(0));
    let mut by_key = BTreeMap::<_, Vec<_>>::new();
    for call in service.calls() {
        assert_eq!((call.path.as_str(), call.body.as_str()), ("/invoices?draft=no", r#"{"sum":3}"#));
        by_key.entry(call.key.clone()).or_default().push(call);
    }
    assert_eq!(by_key.len(), ids.len(), "{by_key:?}");
    for (key, calls) in by_key {
        assert!(ids.contains(&key) && calls.len() == 3, "{key}: {calls:?}");
        // As long as the service has asked for, and not the tenth of that which the worker would wait.
        assert!(calls[1].at - calls[0].at >= Duration::from_secs(1), "{calls:?}");
    }
}

#[test]
fn a_call_of_a_worker_that_was_killed_is_made_again() {
    let service = Service::start(|_, before| match before {
        0 => {
            // As long as it takes to be killed.
            thread::sleep(Duration::from_secs(3));
            None
        }
        _ => answer("200 OK", "", "done"),
    });
    let place = place(&service.url);
    let mut worker = place.start(&FLAGS);
    place.enqueue("call", &json!({ "path": "/" }), 1);
    until("a call", Duration::from_secs(20), || (!service.calls().is_empty()).then_some(()));
    worker.kill();
    let worker = place.start(&FLAGS);
    place.becomes("done", |status| status.done == 1);
    assert_eq!(worker.stop().code, Some(0));
    let keys: Vec<_> = service.calls().into_iter().map(|call| call.key).collect();
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
}

#[test]
fn a_call_that_can_never_work_is_a_dead_letter() {
    let service = Service::start(|_, _| answer("422 Unprocessable Entity", "", "no such customer"));
    let place = place(&service.url);
    let worker = place.start(&FLAGS);
    place.enqueue("call", &json!({ "path": "/" }), 1);
    place.enqueue("call", &json!({ "path": "@127.0.0.1:1/" }), 1);
    place.becomes("dead", |status| status.dead == 2);
    assert_eq!(worker.stop().code, Some(0));
    let letters = place.succeed(&["dead", "list"]);
    assert!(letters.contains("422 Unprocessable Entity: no such customer"), "{letters}");
    assert!(letters.contains("does not begin with /"), "{letters}");
    assert_eq!(service.calls().len(), 1);

    let place = Place::sqlite();
    let worker = place.start(&[]);
    place.enqueue("call", &json!({ "path": "/" }), 1);
    place.becomes("dead", |status| status.dead == 1);
    assert!(place.succeed(&["dead", "list"]).contains("there is no service to call: set WORKER_CALL_URL"));
    assert_eq!(worker.stop().code, Some(0));
}
