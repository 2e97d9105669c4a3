//! `grace-too-short`: random preStop, drain delay, shutdown timeout and grace period; the pods are deleted all at once.

use super::{Dice, create, denied, flag, page::Table, pod, seconds, step};
use crate::support::{Namespace, Pods, block_on, container, eventually, kubectl, number};
use k8s_openapi::api::core::v1::Pod;
use plimsoll_tests::webhook::admin;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};

const CASES: u64 = 24;

/// F of the worker's contract, and the margin of the rule.
const FLUSH_AND_MARGIN: u64 = 7000 + 5000;

/// Keeps the object until its status has been read.
const FINALIZER: &str = "e2e.plimsoll.dev/not-yet-read";

/// What the worker is doing when it is told to stop.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    handler: &'static str,
    payload: &'static str,
}

/// The first comes to an end when it is asked to, after 80 % of S. The second uses all of S. The third parks every thread of
/// the runtime, so that the two seconds for settling go by as well.
const WORK: [Work; 3] = [
    Work { name: "polite", handler: "sleep", payload: r#"{"ms": 600000}"# },
    Work { name: "stubborn", handler: "sleep", payload: r#"{"ms": 600000, "stubborn": true}"# },
    Work { name: "hangs", handler: "hang", payload: "{}" },
];

/// Times in milliseconds, but those that Kubernetes has in whole seconds.
struct Case {
    name: String,
    prestop_seconds: u64,
    drain: u64,
    shutdown: u64,
    grace_seconds: u64,
    work: Work,
}

impl Case {
    fn any(number: u64, dice: &mut Dice) -> Self {
        let (prestop_seconds, drain) = (dice.pick(0..=3), dice.pick(0..=5) * 500);
        let shutdown = dice.pick(4..=16) * 250;
        let needed = (prestop_seconds * 1000 + drain + shutdown + FLUSH_AND_MARGIN).div_ceil(1000);
        let grace_seconds = match number % 3 {
            0 => needed + dice.pick(0..=1),
            1 => needed - dice.pick(1..=5),
            _ => dice.pick(prestop_seconds.max(1)..=needed - 6),
        };
        let work = WORK[dice.pick(0..=2) as usize];
        Case { name: format!("grace-{number:02}"), prestop_seconds, drain, shutdown, grace_seconds, work }
    }

    /// Its telemetry goes to somebody who accepts connections and never answers, so the flush takes all of its time.
    fn manifest(&self, silent: SocketAddr) -> Value {
        let (drain, shutdown) = (flag(self.drain), flag(self.shutdown));
        let flags = ["--chaos", "--intake", "0.0.0.0:8081", "--drain-delay", &drain, "--shutdown-timeout", &shutdown];
        let mut pod = pod(&self.name, &flags);
        pod["metadata"]["finalizers"] = json!([FINALIZER]);
        let spec = &mut pod["spec"];
        spec["terminationGracePeriodSeconds"] = json!(self.grace_seconds);
        let enqueue = step("enqueue", &["enqueue", self.work.handler, "--payload", self.work.payload]);
        spec["initContainers"].as_array_mut().expect("a list").push(enqueue);
        let worker = &mut spec["containers"][0];
        let collector = json!({ "name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": format!("http://{silent}") });
        worker["env"].as_array_mut().expect("a list").push(collector);
        if self.prestop_seconds > 0 {
            worker["lifecycle"] = json!({ "preStop": { "sleep": { "seconds": self.prestop_seconds } } });
        }
        pod
    }
}

/// How a container ended.
struct End {
    code: i32,
    /// From the deletion of the pod; the status has whole seconds.
    after_seconds: i64,
    last_words: Value,
}

impl End {
    fn of(pod: &Pod) -> Option<Self> {
        let ended = container(pod)?.state.as_ref()?.terminated.as_ref()?;
        let latest = pod.metadata.deletion_timestamp.as_ref()?.0;
        let grace = pod.metadata.deletion_grace_period_seconds?;
        let after_seconds = ended.finished_at.as_ref()?.0.duration_since(latest).as_secs() + grace;
        let last_words = serde_json::from_str(ended.message.as_deref().unwrap_or_default()).unwrap_or_default();
        Some(End { code: ended.exit_code, after_seconds, last_words })
    }

    fn is_clean(&self) -> bool {
        [0, 75].contains(&self.code)
    }
}

#[test]
fn a_grace_period_that_is_allowed_is_enough_and_what_is_killed_was_denied() {
    let (mut dice, seed) = Dice::of("grace-too-short");
    let here = Namespace::new("grace");
    let silent = TcpListener::bind((node_address().as_str(), 0)).expect("a port of the node");
    let silent_address = silent.local_addr().expect("an address");
    let cases: Vec<Case> = (0..CASES).map(|number| Case::any(number, &mut dice)).collect();
    let manifests: Vec<Value> = cases.iter().map(|case| case.manifest(silent_address)).collect();
    let denied = denied(&manifests, &["grace-too-short", "prestop-over-grace", "zero-grace"]);

    let pods = Pods::watch(&here);
    create(&here, &manifests);
    cases.iter().for_each(|case| is_busy(&pods, &case.name));
    here.kubectl("delete pods --all --wait=false").ok();
    let ends: Vec<End> = cases.iter().map(|case| pods.when(&case.name, "the end of", End::of)).collect();
    cases.iter().for_each(|case| let_go(&here, &case.name));

    let verdicts: Vec<bool> = cases.iter().map(|case| denied.contains(&case.name)).collect();
    let seen = || cases.iter().zip(&ends).zip(verdicts.iter().copied());
    let count = |holds: fn(&End) -> bool| seen().filter(|((_, end), denied)| *denied && holds(end)).count();
    let (killed, spared) = (count(|end| !end.is_clean()), count(End::is_clean));
    let sum = format!(
        "{} allowed, all ended cleanly; {killed} denied and killed, {spared} denied and within the margin.",
        cases.len() - denied.len()
    );
    for ((case, end), denied) in seen() {
        let row = row(case, end, denied).join(" | ");
        assert!(denied || end.is_clean(), "allowed, but not clean: {row}\n{}", end.last_words);
        assert!(end.is_clean() || end.code == 137, "neither clean nor killed: {row}\n{}", end.last_words);
        if end.is_clean() {
            assert_eq!((&end.last_words["exit"], &end.last_words["in_flight"]), (&json!(end.code), &json!(1)), "{row}");
        }
    }
    assert!(killed > 0 && denied.len() < cases.len(), "nothing is proven by this seed: {sum}");
    number(&sum);
    let rows = seen().map(|((case, end), denied)| row(case, end, denied)).collect();
    Table { rule: "grace-too-short", seed, sum, heads: &HEADS, rows }.keep();
}

const HEADS: [&str; 9] = ["preStop", "D", "S", "the job", "needed", "G", "verdict", "exit code", "after"];

fn row(case: &Case, end: &End, denied: bool) -> Vec<String> {
    let Case { prestop_seconds, drain, shutdown, grace_seconds, work, .. } = case;
    vec![
        seconds(prestop_seconds * 1000),
        seconds(*drain),
        seconds(*shutdown),
        work.name.to_owned(),
        seconds(prestop_seconds * 1000 + drain + shutdown + FLUSH_AND_MARGIN),
        seconds(grace_seconds * 1000),
        if denied { "denied" } else { "allowed" }.to_owned(),
        end.code.to_string(),
        format!("{} s", end.after_seconds),
    ]
}

fn node_address() -> String {
    kubectl("get nodes -o jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}").ok()
}

/// Waits until its worker has begun the job.
fn is_busy(pods: &Pods, name: &str) {
    let running = |pod: &Pod| {
        container(pod)?.state.as_ref()?.running.as_ref()?;
        pod.status.as_ref()?.pod_ip.clone()
    };
    let ip = pods.when(name, "running", running);
    let address: SocketAddr = format!("{ip}:8080").parse().expect("an address");
    eventually("a job is in flight", || {
        let answer = block_on(admin(address, "/status")).map(|answer| answer.text()).unwrap_or_default();
        if answer.contains(r#""in_flight":1"#) { Ok(()) } else { Err(format!("{name}: {answer}")) }
    });
}

fn let_go(here: &Namespace, name: &str) {
    here.patch(&format!("pod {name}"), r#"[{"op": "remove", "path": "/metadata/finalizers"}]"#).ok();
}
