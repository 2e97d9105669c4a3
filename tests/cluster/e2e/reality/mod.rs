//! Policy against reality: random timings, each judged by `plimsoll scan` and then lived by a worker under a kubelet.
//! What a rule allows must end well, and what ended badly must have been denied.
//!
//! Chance comes from a seed that is printed; `REALITY_SEED` sets it. `UPDATE_PAGES=1` writes what was seen into
//! docs/reality.md; else only the claims are held, for the numbers are others each time.

mod grace;
mod liveness;
mod page;
mod process;
mod startup;
mod volume;

use crate::support::{Namespace, number};
use plimsoll_tests::{scan_text, worker};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    ops::RangeInclusive,
};

/// What `.ci/image worker` makes.
const IMAGE: &str = concat!("localhost/plimsoll-worker:", env!("CARGO_PKG_VERSION"));

/// Random numbers that a seed repeats: SplitMix64.
struct Dice(u64);

impl Dice {
    /// Tells the seed, and which test it is for.
    fn of(test: &str) -> (Self, u64) {
        let any = || RandomState::new().hash_one(test) % 1_000_000;
        let seed = std::env::var("REALITY_SEED").map_or_else(|_| any(), |seed| seed.parse().expect("a number"));
        number(&format!("{test}: REALITY_SEED={seed}"));
        (Dice(seed), seed)
    }

    fn pick(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        range.start() + (mixed ^ (mixed >> 31)) % (range.end() - range.start() + 1)
    }
}

/// A pod with one worker, which has these flags, and on its template what follows from them: its contract.
fn pod(name: &str, flags: &[&str]) -> Value {
    let flags = [&["--admin", "0.0.0.0:8080", "--owner", name], flags].concat();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "annotations": contract(&flags) },
        "spec": {
            "initContainers": [step("migrate", &["migrate"])],
            "containers": [step("worker", &[&["run"], flags.as_slice()].concat())],
            "volumes": [{ "name": "data", "emptyDir": {} }],
        },
    })
}

/// A container that runs a command of the worker.
fn step(name: &str, args: &[&str]) -> Value {
    json!({
        "name": name,
        "image": IMAGE,
        "args": args,
        "env": [{ "name": "WORKER_QUEUE_URL", "value": "sqlite:///data/queue.db" }],
        "volumeMounts": [{ "name": "data", "mountPath": "/data" }],
    })
}

/// What `plimsoll-worker contract` says of these flags.
fn contract(flags: &[&str]) -> Map<String, Value> {
    let outcome =
        worker::outcome(std::process::Command::new(worker::program()).arg("contract").args(flags).arg("--annotations"));
    assert_eq!(outcome.code, 0, "{outcome:?}");
    serde_yaml::from_str(&outcome.stdout).expect("annotations")
}

/// A probe of an endpoint of the worker.
fn probe(path: &str, period: u64, timeout: u64, threshold: u64) -> Value {
    let get = json!({ "path": path, "port": 8080 });
    json!({ "httpGet": get, "periodSeconds": period, "timeoutSeconds": timeout, "failureThreshold": threshold })
}

/// The pods that one of these rules denies.
fn denied(pods: &[Value], rules: &[&str]) -> BTreeSet<String> {
    let text = pods.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n");
    let report = scan_text(&["--fail-on", "never"], &text).report();
    assert_eq!((&report["problems"], &report["summary"]["workloads"]), (&json!([]), &json!(pods.len())), "{report}");
    let findings = report["findings"].as_array().expect("a list").iter();
    let denies = |finding: &&Value| {
        finding["level"] == "deny" && finding["rule"].as_str().is_some_and(|rule| rules.contains(&rule))
    };
    findings.filter(denies).map(|finding| finding["object"]["name"].as_str().expect("a name").to_owned()).collect()
}

/// Creates them all, the denied ones too.
fn create(here: &Namespace, pods: &[Value]) {
    here.create_before_the_webhook(&json!({ "apiVersion": "v1", "kind": "List", "items": pods }).to_string());
}

/// Milliseconds, as people write them.
fn seconds(ms: u64) -> String {
    format!("{} s", ms as f64 / 1000.0)
}

/// As a flag has them.
fn flag(ms: u64) -> String {
    format!("{ms}ms")
}
