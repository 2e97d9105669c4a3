//! The worker's chart, past the webhook: what becomes of jobs and changes while pods come, go, hang and die.

use crate::support::{Fleet, eventually, number, run, shared};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Instant,
};

/// Ends whoever looks at it, also when a test fails.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Puts something into the queue again and again while something happens; how much.
fn during(put: impl Fn() -> usize + Sync, happens: impl FnOnce()) -> usize {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let producer = scope.spawn(|| {
            let mut count = 0;
            while !over.load(Relaxed) {
                count += put();
            }
            count
        });
        let until = Until(&over);
        happens();
        drop(until);
        producer.join().expect("the producer ends")
    })
}

#[test]
fn no_job_is_lost_or_done_twice_while_pods_come_and_go() {
    let _webhook = shared();
    let fleet = Fleet::install(
        "jobs",
        &["feed.enabled=false", "queue.replicas=2", "settings.concurrency=16", "settings.leaseSeconds=3"],
    );
    let start = Instant::now();
    let put = || fleet.queue.enqueue("sleep", &json!({ "ms": 200 }), 10).len();
    let jobs = during(put, || {
        fleet.upgrade(&["queue.replicas=4"]);
        fleet.delete_one("--wait=false");
        fleet.upgrade(&["queue.replicas=4", "settings.concurrency=8"]);
        fleet.delete_one("--force --grace-period=0");
        fleet.upgrade(&["queue.replicas=1"]);
    });
    let status = fleet.settled();
    number(&format!("{jobs} jobs, done after {:.0?}: {status}", start.elapsed()));
    assert_eq!((&status["done"], &status["dead"]), (&json!(jobs), &json!(0)), "{status}");
    assert_eq!(status["effects"], json!({ "total": jobs, "distinct": jobs }));
}

#[test]
fn no_change_is_lost_or_projected_twice_while_replicas_come_and_go() {
    let _webhook = shared();
    let fleet = Fleet::install("changes", &["queue.enabled=false", "feed.replicas=1", "settings.leaseSeconds=3"]);
    let put = || {
        let keys = 0..16;
        keys.map(|key| fleet.queue.enqueue("project", &json!({ "key": key.to_string() }), 5).len()).sum()
    };
    let progress = || -> Value {
        let text = fleet.queue.succeed(&["status", "--feed", "--format", "json"]);
        serde_json::from_str(&text).expect("a status")
    };
    let shared_by = |replicas: usize| {
        eventually("each replica has partitions", || {
            let progress = progress();
            let partitions = progress["partitions"].as_array().expect("partitions");
            let owners: BTreeSet<_> = partitions.iter().filter_map(|partition| partition["owner"].as_str()).collect();
            if owners.len() == replicas { Ok(()) } else { Err(progress) }
        });
    };
    let changes = during(put, || {
        shared_by(1);
        fleet.upgrade(&["feed.replicas=3"]);
        shared_by(3);
        fleet.delete_one("--force --grace-period=0");
        fleet.upgrade(&["feed.replicas=1"]);
        shared_by(1);
    });
    let all = eventually("every change is projected once, and said to be", || {
        let progress = progress();
        let lags = progress["partitions"].as_array().expect("partitions").iter().map(|partition| &partition["lag"]);
        let over = progress["projected"] == json!(changes) && lags.into_iter().all(|lag| *lag == 0);
        if over { Ok(progress) } else { Err(progress) }
    });
    number(&format!("{changes} changes: {all}"));
}

/// How the last container of the only pod ended, once there was one.
fn ended(fleet: &Fleet) -> Value {
    eventually("the container was restarted", || {
        let pods = fleet.pods();
        let ended = &pods[0]["status"]["containerStatuses"][0]["lastState"]["terminated"];
        if ended.is_null() { Err(fleet.here.kubectl("get events")) } else { Ok(ended.clone()) }
    })
}

#[test]
fn a_worker_that_hangs_is_restarted_by_liveness_and_gives_its_job_back() {
    let _webhook = shared();
    let fleet = Fleet::install(
        "hangs",
        &[
            "feed.enabled=false",
            "queue.replicas=1",
            "settings.chaos=true",
            "settings.concurrency=1",
            "settings.maxDeliveries=1",
            "settings.shutdownTimeoutSeconds=2",
            "settings.livenessStallSeconds=2",
        ],
    );
    let start = Instant::now();
    fleet.queue.enqueue("hang", &json!({}), 1);
    let ended = ended(&fleet);
    number(&format!("a worker that hangs was restarted after {:.0?}", start.elapsed()));
    let last_words: Value = serde_json::from_str(ended["message"].as_str().expect("last words")).expect("JSON");
    assert_eq!((&ended["exitCode"], &last_words["exit"]), (&json!(75), &json!(75)), "{ended}");
    assert_eq!((&last_words["because"], &last_words["released"]), (&json!("SIGTERM"), &json!(1)), "{last_words}");
    let events = fleet.here.kubectl("get events -o jsonpath={.items[*].message}").ok();
    assert!(events.contains("Liveness probe failed: HTTP probe failed with statuscode: 503"), "{events}");
    assert!(events.contains("failed liveness probe, will be restarted"), "{events}");

    // The new one works; the job has been handed out as often as it may: it could not be ended, so that was a strike.
    fleet.queue.enqueue("sleep", &json!({ "ms": 10 }), 20);
    let status = fleet.settled();
    assert_eq!((&status["done"], &status["dead"]), (&json!(20), &json!(1)), "{status}");
}

#[test]
fn a_job_that_ends_its_process_becomes_a_dead_letter_and_takes_no_other_with_it() {
    let _webhook = shared();
    let fleet = Fleet::install(
        "exits",
        &[
            "feed.enabled=false",
            "queue.replicas=2",
            "settings.concurrency=1",
            "settings.chaos=true",
            "settings.maxDeliveries=2",
            "settings.leaseSeconds=3",
        ],
    );
    fleet.queue.enqueue("exit", &json!({ "code": 3 }), 1);
    fleet.queue.enqueue("sleep", &json!({ "ms": 50 }), 100);
    let status = fleet.settled();
    assert_eq!((&status["done"], &status["dead"]), (&json!(100), &json!(1)), "{status}");
    assert_eq!(status["effects"], json!({ "total": 100, "distinct": 100 }));
    assert!(fleet.queue.succeed(&["dead", "list"]).contains("exit"));
    let restarts = |pod: &Value| pod["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap_or(0);
    let total = eventually("the kubelet has told of both ends", || {
        let total = fleet.pods().iter().map(restarts).sum::<u64>();
        if total >= 2 { Ok(total) } else { Err(total) }
    });
    assert_eq!(total, 2);
}

#[test]
fn the_notes_of_the_chart_tell_commands_that_work() {
    let _webhook = shared();
    let fleet = Fleet::install("notes", &["queue.replicas=1", "feed.replicas=1"]);
    let commands: Vec<&str> = fleet.notes.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let [logs, queue, feed, forward, curl] = commands[..] else { panic!("{}", fleet.notes) };
    let typed = |command: &str| run(Path::new("sh"), &["-ec", command], "");
    for command in [logs, queue, feed] {
        typed(command).ok();
    }
    let mut words = forward.split(' ');
    let mut forward = Command::new(words.next().expect("a program"));
    let mut forward = forward.args(words).stdout(Stdio::null()).spawn().expect("kubectl is there");
    let said = eventually("it answers through the forwarded port", || {
        let seen = typed(curl);
        if seen.succeeded { Ok(seen.text) } else { Err(seen) }
    });
    forward.kill().expect("it can be ended");
    forward.wait().expect("it ends");
    assert!(said.contains("running"), "{said}");
}
