//! What a worker says of what it had in flight, where not everything goes well.

use crate::{
    nats,
    place::{Place, Status},
    process::{Ended, until},
};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// In flight, and how it ended: finished, released, lost, unsettled.
fn account(ended: &Ended) -> [u64; 5] {
    let words = ended.last_words();
    ["in_flight", "finished", "released", "lost", "unsettled"].map(|field| words[field].as_u64().unwrap())
}

#[test]
fn without_its_queue_a_worker_calls_nothing_finished_or_released() {
    let Some(program) = nats::installed() else { return };
    // With a lease that outlives the end, and one that runs out before.
    for (lease, expected) in [("30s", [4, 0, 0, 0, 4]), ("1s", [4, 0, 0, 4, 0])] {
        let mut place = Place::nats(&program);
        place.enqueue("sleep", &json!({ "ms": 60_000 }), 4);
        let worker = place.start(&["--shutdown-timeout", "3s", "--lease", lease]);
        worker.works_on(4);
        place.server.as_mut().unwrap().kill();
        let ended = worker.stop();
        assert_eq!(ended.code, Some(75), "{ended:#?}");
        assert_eq!(account(&ended), expected, "{ended:#?}");
        place.server.as_mut().unwrap().resume();
        let next = place.start(&["--lease", lease]);
        next.works_on(4);
        assert_eq!(account(&next.stop())[0], 4);
    }
}

#[test]
fn every_job_in_flight_has_one_end() {
    for place in Place::all() {
        place.enqueue("sleep", &json!({ "ms": 600 }), 3);
        place.enqueue("sleep", &json!({ "ms": 60_000 }), 2);
        place.enqueue("sleep", &json!({ "ms": 60_000, "stubborn": true }), 4);
        let worker = place.start(&["--concurrency", "9", "--shutdown-timeout", "2s"]);
        worker.works_on(9);
        let ended = worker.stop();
        assert_eq!(ended.code, Some(75), "{ended:#?}");
        assert_eq!(account(&ended), [9, 3, 6, 0, 0], "{ended:#?}");
        let Status { ready, leased, done, .. } = place.status();
        assert_eq!((ready, leased, done), (6, 0, 3));
    }
}

/// A handler is through with its job, and the engine cannot be told: the job is in flight until it is.
#[test]
fn what_is_being_settled_is_in_flight() {
    let Some(program) = nats::installed() else { return };
    let mut place = Place::nats(&program);
    place.enqueue("fail", &json!({ "times": 1 }), 1);
    let worker = place.start(&["--backoff", "0s"]);
    place.becomes("work", |status| status.done == 1);
    place.enqueue("sleep", &json!({ "ms": 700 }), 1);
    worker.works_on(1);
    place.server.as_mut().unwrap().kill();
    let admin = worker.address("admin").to_string();
    // Its effect cannot be written, so the handler fails, and neither can that be written down.
    let output = place.run(&["drain", "--timeout", "4s", "--admin", &admin]);
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    place.server.as_mut().unwrap().resume();
    assert_eq!(place.succeed(&["drain", "--admin", &admin]), "drained\n");
    assert_eq!(place.status().leased, 0);
    assert_eq!(worker.stop().code, Some(0));
}

/// Jobs come in all the time. At the moment at which it says that it is drained nothing is leased, and nothing moves any more.
#[test]
fn drained_means_that_nothing_is_leased_and_nothing_more_is_taken() {
    for place in Place::all() {
        let worker = place.start(&["--concurrency", "8"]);
        let admin = worker.address("admin").to_string();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    place.enqueue("sleep", &json!({ "ms": 3 }), 40);
                }
            });
            for _ in 0..6 {
                let before = place.status().done;
                place.becomes("work", |status| status.done > before + 5);
                assert_eq!(place.succeed(&["drain", "--admin", &admin]), "drained\n");
                let drained = place.status();
                assert_eq!(drained.leased, 0);
                // Longer than a call waits for jobs.
                thread::sleep(Duration::from_millis(1100));
                let later = place.status();
                assert_eq!((later.leased, later.done), (0, drained.done));
                place.succeed(&["drain", "--resume", "--admin", &admin]);
            }
            over.store(true, Relaxed);
        });
        assert!(matches!(worker.stop().code, Some(0)));
    }
}

fn projected(place: &Place) -> u64 {
    let feed: Value = serde_json::from_str(&place.succeed(&["status", "--feed", "--format", "json"])).unwrap();
    feed["projected"].as_u64().unwrap()
}

/// A partition reads many changes at once; those that are not begun wait for the next order.
#[test]
fn a_feed_that_is_drained_begins_no_change() {
    for place in Place::all() {
        for key in 0..24 {
            place.enqueue("project", &json!({ "key": format!("key-{key}") }), 500);
        }
        let worker = place.start(&["--mode", "feed"]);
        let admin = worker.address("admin").to_string();
        until("progress", Duration::from_secs(30), || (projected(&place) > 0).then_some(()));
        for _ in 0..8 {
            assert_eq!(place.succeed(&["drain", "--admin", &admin]), "drained\n");
            let drained = projected(&place);
            thread::sleep(Duration::from_millis(200));
            assert_eq!(projected(&place), drained);
            place.succeed(&["drain", "--resume", "--admin", &admin]);
            assert!(drained < 12_000, "it was too fast for one that pauses, so this has shown nothing");
            until("progress", Duration::from_secs(30), || (projected(&place) > drained).then_some(()));
        }
        assert_eq!(worker.stop().code, Some(0));
    }
}

#[test]
fn a_pause_while_it_starts_is_not_forgotten() {
    let place = Place::bare();
    let worker = place.spawn(&[]);
    worker.logged("waiting for the queue");
    let admin = worker.address("admin");
    assert_eq!(crate::process::ask(admin, "POST", "/pause", "").unwrap().0, 202);
    place.succeed(&["migrate"]);
    worker.comes_to("paused");
    assert_eq!(worker.get("/startupz").0, 200);
    place.enqueue("noop", &json!({}), 1);
    assert_eq!(place.succeed(&["drain", "--admin", &admin.to_string()]), "drained\n");
    assert_eq!(place.status().ready, 1);
    place.succeed(&["drain", "--resume", "--admin", &admin.to_string()]);
    place.becomes("work", |status| status.done == 1);
    let began = Instant::now();
    assert_eq!(worker.stop().code, Some(0));
    assert!(began.elapsed() < Duration::from_secs(3));
}
