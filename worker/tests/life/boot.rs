//! A signal in the first moments of a life, also to PID 1, which the system protects from what it does not catch.

use crate::{
    need::need,
    place::{Place, Status},
    process::{Ended, Worker, until},
};
use nix::{
    sys::signal::{Signal::SIGTERM, kill},
    unistd::Pid,
};
use serde_json::json;
use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

/// Longest way out of a life that has not begun to work.
const WAY_OUT: Duration = Duration::from_secs(1);

/// Moments of the start that are tried.
const MOMENTS: u64 = 40;

/// A start takes 10 to 20 ms.
const START: Duration = Duration::from_millis(25);

fn seed() -> u64 {
    let seed = std::env::var("LIFE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("LIFE_SEED={seed}");
    seed
}

/// Waits until it catches SIGTERM; before that the signal is lost or kills. Without a pause between two looks: a start is
/// over in a few of them.
fn catches(pid: i32) {
    let began = Instant::now();
    while caught(pid).is_none_or(|caught| caught & (1 << (SIGTERM as u64 - 1)) == 0) {
        assert!(began.elapsed() < 10 * WAY_OUT, "it does not catch SIGTERM");
        std::thread::yield_now();
    }
}

/// The signals that a process catches.
fn caught(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
    u64::from_str_radix(caught.trim(), 16).ok()
}

fn pid(process: u32) -> i32 {
    process.try_into().unwrap()
}

/// Out in time; and unless it had begun to work, nothing was touched.
fn assert_out(place: &Place, before: &Status, ended: &Ended, took: Duration) {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let words = ended.last_words();
    let path = words["path"].as_array().unwrap();
    assert!(path.contains(&json!("running")) || place.status() == *before, "{ended:#?}");
    let limit = if path.contains(&json!("running")) { 2 * WAY_OUT } else { WAY_OUT };
    assert!(took < limit, "{took:?}: {ended:#?}");
}

#[test]
fn a_signal_at_any_moment_of_the_start_is_heard() {
    let mut random = fastrand::Rng::with_seed(seed());
    let place = Place::sqlite();
    place.enqueue("noop", &json!({}), 2000);
    let mut early = 0;
    for moment in 0..MOMENTS {
        let before = place.status();
        let worker = place.spawn(&["--concurrency", "1"]);
        catches(pid(worker.pid()));
        // The first at once, as early as can be.
        if moment > 4 {
            std::thread::sleep(START.mul_f64(random.f64()));
        }
        let began = Instant::now();
        let ended = worker.stop();
        let took = began.elapsed();
        early += u32::from(!ended.last_words()["path"].as_array().unwrap().contains(&json!("running")));
        assert_out(&place, &before, &ended, took);
    }
    println!("{early} of {MOMENTS} before it worked");
    assert!(early > 0, "no signal came before it worked, so this has shown nothing");
}

#[test]
fn a_signal_while_the_queue_is_not_there_ends_the_start() {
    let place = Place::bare();
    let worker = place.spawn(&["--queue-url", "nats://127.0.0.1:1"]);
    worker.logged("waiting for the queue");
    let ended = worker.stop();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.after < WAY_OUT, "{:?}", ended.after);
    assert_eq!(ended.last_words()["path"], json!(["boot", "starting", "flushing", "ended"]));
}

/// The process that `unshare` started: PID 1 of its namespace.
fn first_child(parent: u32) -> i32 {
    until("child of unshare", WAY_OUT * 10, || {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    })
}

#[test]
fn a_signal_to_pid_1_at_any_moment_of_the_start_is_heard() {
    const ALONE: [&str; 4] = ["--map-root-user", "--pid", "--fork", "--kill-child"];
    let may = Command::new("unshare").args(ALONE).arg("true").status().is_ok_and(|status| status.success());
    let Some(()) = need("PID namespace", may.then_some(()), "this system forbids `unshare`") else { return };
    let mut random = fastrand::Rng::with_seed(seed());
    let place = Place::sqlite();
    place.enqueue("noop", &json!({}), 2000);
    for moment in 0..MOMENTS / 2 {
        let before = place.status();
        let run = place.command(&["run", "--admin", "127.0.0.1:0", "--concurrency", "1"]);
        let mut command = Command::new("unshare");
        command.args(ALONE).arg(run.get_program()).args(run.get_args()).env_clear();
        command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(place.folder());
        let worker = Worker::spawn(command);
        let first = first_child(worker.pid());
        catches(first);
        if moment > 4 {
            std::thread::sleep(START.mul_f64(random.f64()));
        }
        let began = Instant::now();
        kill(Pid::from_raw(first), SIGTERM).unwrap();
        let ended = worker.ended();
        assert_out(&place, &before, &ended, began.elapsed());
    }
}
