//! What is held against a job: that a process which had it never said what became of it, and nothing else.

use crate::place::{Place, Status};
use serde_json::{Value, json};

/// Runs one process after the other until nothing is left to do; how many of them a job has ended.
fn until_at_rest(place: &Place, flags: &[&str]) -> usize {
    let mut crashes = 0;
    loop {
        let mut worker = place.spawn(flags);
        loop {
            if worker.is_over() {
                let ended = worker.ended();
                assert_eq!(ended.code, Some(3), "{ended:#?}");
                crashes += 1;
                break;
            }
            let Status { ready, leased, delayed, .. } = place.status();
            if ready + leased + delayed == 0 {
                assert_eq!(worker.stop().code, Some(0));
                return crashes;
            }
        }
    }
}

fn letters(place: &Place) -> Vec<Value> {
    place.succeed(&["dead", "list"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_job_that_ends_its_process_takes_no_neighbour_with_it() {
    for (limit, place) in ["2", "3"].into_iter().flat_map(|limit| Place::all().into_iter().map(move |it| (limit, it))) {
        place.enqueue("sleep", &json!({ "ms": 3000 }), 1);
        place.enqueue("exit", &json!({ "code": 3 }), 1);
        place.enqueue("sleep", &json!({ "ms": 1000 }), 2);
        let flags = ["--chaos", "--lease", "1s", "--concurrency", "4", "--max-deliveries", limit];
        let crashes = until_at_rest(&place, &flags);
        let Status { done, dead, effects, .. } = place.status();
        assert_eq!((done, dead, effects.distinct), (3, 1, 3), "{limit}: {:#?}", letters(&place));
        assert_eq!(crashes.to_string(), limit);
        let letter = &letters(&place)[0];
        assert_eq!((&letter["handler"], &letter["reason"]), (&json!("exit"), &json!("deliveries")));
        assert_eq!(letter["error"], format!("handed out {limit} times and never settled"));
    }
}

#[test]
fn stops_and_failures_are_no_strikes() {
    for place in Place::all() {
        let backoff = ["--backoff", "1ms", "--max-backoff", "5ms"];
        let limits = ["--max-deliveries", "2", "--max-attempts", "25", "--shutdown-timeout", "200ms"];
        let flags = [&limits[..], &backoff].concat();
        // One comes to an end when it is asked to, one is ended, one is not begun.
        place.enqueue("sleep", &json!({ "ms": 60_000 }), 1);
        place.enqueue("sleep", &json!({ "ms": 60_000, "stubborn": true }), 1);
        place.enqueue("fail", &json!({ "times": 20 }), 1);
        for _ in 0..5 {
            let worker = place.start(&flags);
            worker.works_on(2);
            let ended = worker.stop();
            assert_eq!(ended.code, Some(75));
            // With one strike they would run alone.
            assert!(ended.all("handed out before and never settled; it runs alone", "job").is_empty(), "{ended:#?}");
            let Status { leased, dead, .. } = place.status();
            assert_eq!((leased, dead), (0, 0), "{:#?}", letters(&place));
        }
        let worker = place.start(&flags);
        place.becomes("the end of what failed often", |status| status.done == 1);
        worker.works_on(2);
        assert_eq!(worker.stop().code, Some(75));
        assert_eq!(place.status().dead, 0);
    }
}

/// It is given back at the end, but nothing could end it: the next process would not come to its end in time either.
#[test]
fn a_job_that_cannot_be_ended_is_struck() {
    for place in Place::all() {
        let flags = ["--chaos", "--concurrency", "1", "--max-deliveries", "1", "--shutdown-timeout", "500ms"];
        place.enqueue("hang", &json!({}), 1);
        let worker = place.start(&flags);
        worker.logged("hang on demand");
        assert_eq!(worker.stop().code, Some(75));
        assert_eq!(place.status().ready, 1);
        let worker = place.start(&flags);
        place.becomes("dead letter", |status| status.dead == 1);
        assert_eq!(letters(&place)[0]["reason"], "deliveries");
        assert_eq!(worker.stop().code, Some(0));
    }
}

/// Of a minute.
fn seconds(timestamp: &str) -> f64 {
    timestamp[17..].trim_end_matches('Z').parse().unwrap()
}

/// Suspects are begun one after the other, each alone, also beside jobs that are none.
#[test]
fn suspects_run_one_after_the_other() {
    for place in Place::all() {
        let flags = ["--lease", "1s", "--concurrency", "8", "--max-deliveries", "9"];
        place.enqueue("sleep", &json!({ "ms": 300 }), 4);
        for _ in 0..2 {
            let mut worker = place.start(&flags);
            worker.works_on(4);
            worker.kill();
            worker.ended();
        }
        let worker = place.start(&flags);
        place.becomes("end of all", |status| status.done == 4);
        let ended = worker.stop();
        assert_eq!(ended.all("handed out before and never settled; it runs alone", "strikes"), [2, 2, 2, 2]);
        let done: Vec<_> = ended.all("done", "timestamp").iter().map(|at| seconds(at.as_str().unwrap())).collect();
        let apart = done.windows(2).all(|two| (two[1] - two[0]).rem_euclid(60.0) >= 0.3);
        assert!(done.len() == 4 && apart, "{done:?}");
        assert_eq!(place.status().effects.distinct, 4);
    }
}
