//! Exit codes, and what goes with them.

use crate::place::{Place, Status};
use std::{
    fs,
    net::TcpListener,
    process::{Command, Output, Stdio},
    time::Duration,
};

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn no_queue_in_time_is_a_missing_dependency() {
    let place = Place::bare();
    // Nobody listens on a port that was given back a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let worker = place.spawn(&["--queue-url", &format!("nats://127.0.0.1:{port}"), "--startup-timeout", "1s"]);
    let (code_while_starting, waits_for) = worker.get("/startupz");
    assert_eq!(code_while_starting, 503, "{waits_for}");
    let ended = worker.ended();
    assert_eq!(ended.code, Some(69), "{ended:#?}");
    assert!(ended.after < Duration::from_secs(4), "{:?}", ended.after);
    let error = ended.all("the queue was not ready in time", "error");
    assert!(error[0].as_str().unwrap().contains(&format!("nats://127.0.0.1:{port}")), "{error:?}");
}

#[test]
fn a_queue_that_is_not_migrated_is_a_missing_dependency() {
    let place = Place::bare();
    let worker = place.spawn(&["--startup-timeout", "1s"]);
    let ended = worker.ended();
    assert_eq!(ended.code, Some(69), "{ended:#?}");
    let error = ended.all("the queue was not ready in time", "error");
    assert!(error[0].as_str().unwrap().contains("plimsoll-worker migrate"), "{error:?}");
    assert_eq!(code(&place.run(&["status"])), 69);
}

#[test]
fn a_worker_starts_when_its_queue_comes() {
    let place = Place::bare();
    let worker = place.spawn(&[]);
    worker.logged("waiting for the queue");
    place.succeed(&["migrate"]);
    worker.comes_to("running");
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn a_wrong_setting_is_told_in_one_line() {
    let place = Place::sqlite();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let output = place.run(&["run", "--admin", &taken]);
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((code(&output), said.lines().count()), (78, 1), "{said}");
    assert!(said.contains("--admin"), "{said}");
    assert_eq!(code(&place.run(&["run", "--lease", "1ms"])), 78);
    for flag in ["--shutdown-timeout", "--startup-timeout", "--job-timeout", "--max-backoff"] {
        assert_eq!(code(&place.run(&["run", flag, "4days"])), 78, "{flag}");
    }
    assert_eq!(code(&place.run(&["drain", "--timeout", "4days"])), 78);
}

#[test]
fn a_fault_of_the_machine_is_no_mistake_in_a_setting() {
    let place = Place::sqlite();
    let faults: [(&str, &[&str], &str); 2] = [
        ("ulimit -n 4; exec \"$@\"", &["run"], "error: signals cannot be caught: Too many open files"),
        ("exec \"$@\" >/dev/full", &["status"], "error: standard output: No space left on device"),
    ];
    for (shell, args, told) in faults {
        let command = place.command(args);
        let output = Command::new("sh")
            .args(["-c", shell, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .env("WORKER_QUEUE_URL", format!("sqlite://{}", place.file().display()))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(code(&output), 70, "{said}");
        assert!(said.starts_with(told) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_mistaken_path_is_told_and_leaves_no_file() {
    let place = Place::bare();
    let output = place.run(&["status"]);
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(code(&output), 69, "{said}");
    assert!(said.contains("no such file") && said.contains("plimsoll-worker migrate"), "{said}");
    assert!(!place.file().exists());
}

#[test]
fn a_wrong_payload_is_told_before_anything_is_put_there() {
    let place = Place::sqlite();
    for (handler, payload, told) in [
        ("sleep", "{", "`{` is no JSON"),
        ("sleep", "[50]", "`[50]` is no object"),
        ("project", r#"{"key": 5}"#, "the key of a change is text"),
        ("noop", &format!("{{\"a\": {}{}}}", "[".repeat(100), "]".repeat(100)), "nested more than 64 levels"),
    ] {
        let output = place.run(&["enqueue", handler, "--payload", payload]);
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!((code(&output), said.lines().count()), (78, 1), "{said}");
        assert!(said.contains("--payload") && said.contains(told), "{said}");
    }
    assert_eq!(place.status(), Status::default());
}

#[test]
fn whoever_reads_the_ids_may_stop_and_all_jobs_are_there() {
    let place = Place::sqlite();
    let mut enqueue = place.command(&["enqueue", "noop", "--count", "2000"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(enqueue.stdout.take());
    assert!(enqueue.wait().unwrap().success());
    assert_eq!(place.status().ready, 2000);
}

#[test]
fn a_file_of_somebody_else_is_a_wrong_setting() {
    let place = Place::bare();
    fs::write(place.file(), "not a database, but long enough that one might be looked for in it: ".repeat(20)).unwrap();
    let ended = place.spawn(&[]).ended();
    assert_eq!(ended.code, Some(78), "{ended:#?}");
}
