//! The file of the embedded engine: whose it is, whether it is still the same, and how much is written to it.

use crate::{place::Place, process::until};
use nix::sys::signal::Signal;
use rusqlite::Connection;
use serde_json::json;
use std::{fs, os::unix::fs::MetadataExt, time::Duration};

#[test]
fn the_database_of_another_program_is_refused_by_name_and_left_alone() {
    let place = Place::bare();
    let other = Connection::open(place.file()).unwrap();
    other
        .execute_batch("CREATE TABLE bookmarks (url TEXT); CREATE TABLE tags (name TEXT); PRAGMA user_version = 1")
        .unwrap();
    drop(other);
    let before = fs::read(place.file()).unwrap();
    for args in
        [&["migrate"][..], &["status"], &["enqueue", "noop"], &["dead", "list"], &["run", "--admin", "127.0.0.1:0"]]
    {
        let output = place.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{args:?}: {said}");
        assert!(said.contains("a database of another program") && said.contains("bookmarks, tags"), "{args:?}: {said}");
    }
    assert_eq!(fs::read(place.file()).unwrap(), before, "nothing was written");
}

#[test]
fn a_file_says_that_it_is_a_queue() {
    let place = Place::sqlite();
    let file = Connection::open(place.file()).unwrap();
    let application: u32 = file.pragma_query_value(None, "application_id", |row| row.get(0)).unwrap();
    assert_eq!(&application.to_be_bytes(), b"Plim", "what file(1) shows");
}

#[test]
fn a_file_that_was_replaced_is_noticed() {
    let (place, other) = (Place::sqlite(), Place::sqlite());
    let worker = place.start(&[]);
    place.enqueue("noop", &json!({}), 2);
    place.becomes("two done", |status| status.done == 2);
    other.enqueue("noop", &json!({}), 5);
    // All of it in one file, as a backup is.
    let file = Connection::open(other.file()).unwrap();
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(file);
    worker.signal(Signal::SIGSTOP);
    let log = place.folder().join("queue.db-wal");
    for file in [&log, &place.folder().join("queue.db-shm")] {
        fs::remove_file(file).ok();
    }
    fs::rename(other.file(), place.file()).unwrap();
    let another = Connection::open(place.file()).unwrap();
    another.execute("UPDATE jobs SET attempts = 1", []).unwrap();
    let before = fs::metadata(&log).unwrap().ino();
    worker.signal(Signal::SIGCONT);
    // It goes on with what is there now, and has left it alone when it let go of the other.
    place.becomes("five done", |status| status.done == 5);
    assert_eq!(fs::metadata(&log).unwrap().ino(), before);
    until("a word about it", Duration::from_secs(10), || {
        let told = |line: &serde_json::Value| line["error"].as_str().is_some_and(|error| error.contains("replaced"));
        worker.log().iter().any(told).then_some(())
    });
    let ended = worker.stop();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

/// What a process has handed to the system to be written, in bytes.
fn written(pid: u32) -> u64 {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    io.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap().parse().unwrap()
}

#[test]
fn a_change_of_state_does_not_write_the_payload_again() {
    let place = Place::sqlite();
    let worker = place.start(&[]);
    let before = written(worker.pid());
    // Twice claimed, once retried, once done.
    place.enqueue("fail", &json!({ "times": 1 }), 1);
    place.becomes("done", |status| status.done == 1);
    let small = written(worker.pid()) - before;

    let large = "x".repeat(100_000);
    let before = written(worker.pid());
    for _ in 0..5 {
        place.enqueue("noop", &json!({ "text": large }), 1);
    }
    place.becomes("done", |status| status.done == 6);
    let all = written(worker.pid()) - before;
    assert!(
        all < 5 * small.max(50_000) && all < 400_000,
        "{all} bytes for five jobs of 100 kB, {small} for a small one"
    );
    assert_eq!(worker.stop().code, Some(0));
}

#[test]
fn the_log_of_the_file_shrinks() {
    let place = Place::sqlite();
    let log = place.folder().join("queue.db-wal");
    // A reader keeps everything in the log that came after it.
    let reader = Connection::open(place.file()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM jobs").unwrap();
    let large = json!({ "text": "x".repeat(100_000) });
    place.enqueue("noop", &large, 300);
    let size = fs::metadata(&log).unwrap().len();
    assert!(size > 20 << 20, "{size} bytes");
    reader.execute_batch("COMMIT").unwrap();
    let worker = place.start(&[]);
    place.becomes("done", |status| status.done == 300);
    place.enqueue("noop", &json!({}), 10);
    let size = until("a smaller log", Duration::from_secs(20), || {
        place.enqueue("noop", &json!({}), 10);
        Some(fs::metadata(&log).unwrap().len()).filter(|size| *size <= 8 << 20)
    });
    println!("{size} bytes");
    drop(reader);
    assert_eq!(worker.stop().code, Some(0));
}
