//! `startup-window-too-short`: random startup probes, and a start that waits for its queue for a time that is known.

use super::{Dice, create, denied, flag, page::Table, pod, probe, process::by_owner, seconds, volume::Volume};
use crate::support::{Namespace, Pods, container, number};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};

const CASES: u64 = 16;

/// The queue appears that long before the budget is over: the worker looks every 250 ms, and this looks for the worker.
const EARLY: Duration = Duration::from_secs(1);

struct Case {
    name: String,
    delay: u64,
    period: u64,
    threshold: u64,
    /// In milliseconds.
    budget: u64,
    volume: Volume,
}

impl Case {
    fn any(number: u64, dice: &mut Dice) -> Self {
        let (delay, period, threshold) = (dice.pick(0..=3), dice.pick(1..=2), dice.pick(2..=6));
        let window = (delay.saturating_sub(1) + (threshold - 1) * period) * 1000;
        // Half of them are allowed, all but those whose window is shorter than any budget here.
        let budget = match number % 2 {
            0 => window.saturating_sub(dice.pick(0..=4) * 250),
            _ => window + dice.pick(1..=4 * period + 12) * 250,
        };
        let budget = budget.max(2000);
        Case { name: format!("start-{number:02}"), delay, period, threshold, budget, volume: Volume::new() }
    }

    fn window(&self) -> u64 {
        (self.delay.saturating_sub(1) + (self.threshold - 1) * self.period) * 1000
    }

    fn manifest(&self) -> Value {
        let budget = flag(self.budget);
        let mut pod = pod(&self.name, &["--startup-timeout", &budget]);
        self.volume.mount(&mut pod);
        pod["spec"]["terminationGracePeriodSeconds"] = json!(2);
        let worker = &mut pod["spec"]["containers"][0];
        worker["startupProbe"] = probe("/startupz", self.period, 5, self.threshold);
        worker["startupProbe"]["initialDelaySeconds"] = json!(self.delay);
        pod
    }
}

/// What became of a first start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Started,
    Restarted,
}

impl Seen {
    fn of(pod: &Pod) -> Option<Self> {
        let container = container(pod)?;
        if container.restart_count > 0 || end(container).is_some() {
            assert_ne!(end(container), Some(69), "the test was late: the worker gave up before its queue was there");
            return Some(Seen::Restarted);
        }
        (container.started == Some(true)).then_some(Seen::Started)
    }
}

/// The exit code of the container that ended last.
fn end(container: &ContainerStatus) -> Option<i32> {
    let states = [&container.state, &container.last_state].into_iter().flatten();
    states.filter_map(|state| Some(state.terminated.as_ref()?.exit_code)).next()
}

#[test]
fn a_start_that_is_allowed_is_waited_for_and_one_that_is_cut_short_was_denied() {
    let (mut dice, seed) = Dice::of("startup-window-too-short");
    let here = Namespace::new("startup");
    let cases: Vec<Case> = (0..CASES).map(|number| Case::any(number, &mut dice)).collect();
    let manifests: Vec<Value> = cases.iter().map(Case::manifest).collect();
    let denied = denied(&manifests, &["startup-window-too-short"]);

    let pods = Pods::watch(&here);
    create(&here, &manifests);
    let_queues_appear(&cases);
    let ends: Vec<Seen> = cases.iter().map(|case| pods.when(&case.name, "the start of", Seen::of)).collect();
    here.kubectl("delete pods --all --wait=false").ok();

    let verdicts: Vec<bool> = cases.iter().map(|case| denied.contains(&case.name)).collect();
    let seen = || cases.iter().zip(ends.iter().copied()).zip(verdicts.iter().copied());
    for ((case, end), denied) in seen() {
        assert!(denied || end == Seen::Started, "allowed, but cut short: {}", row(case, end, denied).join(" | "));
    }
    let killed = ends.iter().filter(|end| **end == Seen::Restarted).count();
    let (allowed, lucky) = (cases.len() - denied.len(), denied.len() - killed);
    let sum = format!("{allowed} allowed, all started; {killed} denied and restarted, {lucky} denied and lucky.");
    assert!(killed > 0 && allowed > 0, "nothing is proven by this seed: {sum}");
    number(&sum);
    let rows = seen().map(|((case, end), denied)| row(case, end, denied)).collect();
    Table { rule: "startup-window-too-short", seed, sum, heads: &HEADS, rows }.keep();
}

/// Gives each worker its queue when its budget is nearly over, counted from when its process was seen first.
fn let_queues_appear(cases: &[Case]) {
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut due: HashMap<String, Instant> = HashMap::new();
    let mut waiting: Vec<&Case> = cases.iter().collect();
    while !waiting.is_empty() {
        assert!(Instant::now() < deadline, "not within two minutes: the start of {}", waiting[0].name);
        let processes = by_owner();
        waiting.retain(|case| {
            let budget = Duration::from_millis(case.budget);
            let is_there = processes.contains_key(&case.name);
            if is_there && !due.contains_key(&case.name) {
                due.insert(case.name.clone(), Instant::now() + budget - EARLY);
            }
            let is_due = due.get(&case.name).is_some_and(|due| *due <= Instant::now());
            if is_due {
                case.volume.appear();
            }
            !is_due
        });
        thread::sleep(Duration::from_millis(20));
    }
}

const HEADS: [&str; 7] = ["delay", "period", "threshold", "failing window", "budget", "verdict", "seen"];

fn row(case: &Case, end: Seen, denied: bool) -> Vec<String> {
    vec![
        seconds(case.delay * 1000),
        seconds(case.period * 1000),
        case.threshold.to_string(),
        seconds(case.window()),
        seconds(case.budget),
        if denied { "denied" } else { "allowed" }.to_owned(),
        if end == Seen::Started { "started" } else { "restarted" }.to_owned(),
    ]
}
