//! `liveness-kills-stalls`: random probes, and a process that says nothing for a time that is known.

use super::{
    Dice, create, denied, flag,
    page::Table,
    pod, probe,
    process::{Stopped, by_owner},
    seconds,
    volume::Volume,
};
use crate::support::{Namespace, Pods, container, number};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};

const CASES: u64 = 20;

/// A kubelet that has decided to kill does so, and tells of it, within this: the two seconds of grace, and its looks at
/// containers, one a second.
const REPORT: Duration = Duration::from_secs(10);

struct Case {
    name: String,
    period: u64,
    timeout: u64,
    threshold: u64,
    /// In milliseconds.
    stall: u64,
    volume: Volume,
}

impl Case {
    /// Half a second and more below the silent window; or from there on, through the period in which chance decides.
    fn any(number: u64, dice: &mut Dice) -> Self {
        // A second of timeout would be lost where the machine has other things to do.
        let (period, timeout, threshold) = (dice.pick(1..=4), dice.pick(2..=4), dice.pick(1..=4));
        let window = (threshold - 1) * period.max(timeout) + timeout;
        let stall = match number % 2 {
            0 => window * 1000 - dice.pick(1..=3) * 500,
            _ => window * 1000 + dice.pick(0..=2 * period + 3) * 500,
        };
        let name = format!("stall-{number:02}");
        Case { name, period, timeout, threshold, stall, volume: Volume::new() }
    }

    fn manifest(&self) -> Value {
        // The worker may not find its own loops stalled: it is to be silent, not to answer with failure.
        let mut pod = pod(&self.name, &["--liveness-stall", "10m", "--startup-timeout", "2m"]);
        self.volume.mount(&mut pod);
        pod["metadata"]["annotations"]["plimsoll.dev/liveness-stall"] = json!(flag(self.stall));
        pod["spec"]["terminationGracePeriodSeconds"] = json!(2);
        let worker = &mut pod["spec"]["containers"][0];
        worker["startupProbe"] = probe("/startupz", 1, 5, 120);
        worker["livenessProbe"] = probe("/livez", self.period, self.timeout, self.threshold);
        pod
    }
}

#[test]
fn a_stall_that_is_allowed_is_survived_and_who_is_restarted_for_one_was_denied() {
    let (mut dice, seed) = Dice::of("liveness-kills-stalls");
    let here = Namespace::new("liveness");
    let cases: Vec<Case> = (0..CASES).map(|number| Case::any(number, &mut dice)).collect();
    let manifests: Vec<Value> = cases.iter().map(Case::manifest).collect();
    let denied = denied(&manifests, &["liveness-kills-stalls"]);

    let pods = Pods::watch(&here);
    create(&here, &manifests);
    all_at_once(&cases, &pods);
    stall(&cases);
    let until = Instant::now() + REPORT;
    let was_restarted = |case: &Case| {
        let left = until.saturating_duration_since(Instant::now());
        pods.within(left, &case.name, restarted).is_ok()
    };
    let restarted: Vec<bool> = cases.iter().map(was_restarted).collect();
    here.kubectl("delete pods --all --wait=false").ok();

    let verdicts: Vec<bool> = cases.iter().map(|case| denied.contains(&case.name)).collect();
    let seen = || cases.iter().zip(restarted.iter().copied()).zip(verdicts.iter().copied());
    for ((case, restarted), denied) in seen() {
        assert!(denied || !restarted, "allowed, but restarted: {}", row(case, restarted, denied).join(" | "));
    }
    let killed = restarted.iter().filter(|restarted| **restarted).count();
    let (allowed, lucky) = (cases.len() - denied.len(), denied.len() - killed);
    let sum = format!("{allowed} allowed, none restarted; {killed} denied and restarted, {lucky} denied and lucky.");
    assert!(killed > 0 && allowed > 0, "nothing is proven by this seed: {sum}");
    number(&sum);
    let rows = seen().map(|((case, restarted), denied)| row(case, restarted, denied)).collect();
    Table { rule: "liveness-kills-stalls", seed, sum, heads: &HEADS, rows }.keep();
}

/// Liveness is asked after the start, so all wait with their start for the last one: the making of containers would stall
/// those that are there already.
fn all_at_once(cases: &[Case], pods: &Pods) {
    let is_running = |pod: &Pod| container(pod)?.state.as_ref()?.running.as_ref().map(drop);
    let has_started = |pod: &Pod| (container(pod)?.started == Some(true)).then_some(());
    cases.iter().for_each(|case| pods.when(&case.name, "running", is_running));
    cases.iter().for_each(|case| case.volume.appear());
    cases.iter().for_each(|case| pods.when(&case.name, "the start of", has_started));
}

/// Stops all processes at once, and lets each go on when its time is over.
fn stall(cases: &[Case]) {
    let processes = by_owner();
    let mut ends: Vec<_> = cases
        .iter()
        .map(|case| {
            let process = processes.get(&case.name);
            let stopped = Stopped::new(*process.unwrap_or_else(|| panic!("{} ended before its stall", case.name)));
            (Instant::now() + Duration::from_millis(case.stall), stopped)
        })
        .collect();
    ends.sort_by_key(|(end, _)| *end);
    for (end, stopped) in ends {
        thread::sleep(end.saturating_duration_since(Instant::now()));
        drop(stopped);
    }
}

fn restarted(pod: &Pod) -> Option<()> {
    let container = container(pod)?;
    let has_ended = container.state.as_ref().is_some_and(|state| state.terminated.is_some());
    (container.restart_count > 0 || has_ended).then_some(())
}

const HEADS: [&str; 7] = ["period", "timeout", "threshold", "silent window", "stall", "verdict", "seen"];

fn row(case: &Case, restarted: bool, denied: bool) -> Vec<String> {
    let Case { period, timeout, threshold, stall, .. } = case;
    vec![
        seconds(period * 1000),
        seconds(timeout * 1000),
        threshold.to_string(),
        seconds(((threshold - 1) * period.max(timeout) + timeout) * 1000),
        seconds(*stall),
        if denied { "denied" } else { "allowed" }.to_owned(),
        if restarted { "restarted" } else { "lived on" }.to_owned(),
    ]
}
