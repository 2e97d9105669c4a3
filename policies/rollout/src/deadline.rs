//! Whether a rollout is called failed while its pods still start as they may.

use plimsoll_policy::{
    Duration, Finding, Findings, Level, Pointer, Rule, Workload,
    contract::{Contract, Key},
    workload::{Container, Controller},
};

pub(crate) const TOO_SHORT: Rule = Rule::new(
    "progress-deadline-too-short",
    Level::Deny,
    "a rollout is reported as failed before its pods have had the time that they are granted",
);

pub(crate) fn check(workload: &Workload, contract: &Contract, findings: &mut Findings<'_>) {
    let (deadline, min_ready) = match &workload.controller {
        Controller::Deployment(spec) if spec.replicas > 0 => (spec.progress_deadline_seconds, spec.min_ready_seconds),
        Controller::Rollout(spec) if spec.replicas > 0 => (spec.progress_deadline_seconds, spec.min_ready_seconds),
        _ => return,
    };
    let start = start_of(workload, contract);
    let migration = contract.migration_budget().map_or(Duration::ZERO, |budget| budget.value);
    let needed = start + Duration::seconds(min_ready) + migration;
    if Duration::seconds(deadline) >= needed {
        return;
    }
    let mut sum = format!("start {start} + minReadySeconds {min_ready}s");
    if migration > Duration::ZERO {
        sum += &format!(" + migration budget {migration}");
    }
    let message = format!("progressDeadlineSeconds {deadline}s is less than {needed} = {sum}");
    let pointer = Pointer::from("/spec/progressDeadlineSeconds");
    let seconds = needed.as_millis().div_ceil(1000);
    let help = format!("progressDeadlineSeconds: {seconds} or more");
    findings.push(Finding::new(&TOO_SHORT, &pointer, message).help(help).set(pointer, seconds));
}

/// What a pod is granted to start: its sidecars one after the other, then its applications at one time.
fn start_of(workload: &Workload, contract: &Contract) -> Duration {
    let sidecars: Duration = workload.pod.sidecars().map(|container| granted(container, contract)).sum();
    let applications = workload.pod.applications().map(|container| granted(container, contract)).max();
    sidecars + applications.unwrap_or_default()
}

/// What the startup probe guarantees, or what the contract declares where that is more.
fn granted(container: &Container, contract: &Contract) -> Duration {
    let window = container.startup.as_ref().map_or(0, |probe| {
        let looks = probe.failure_threshold.saturating_sub(1).max(0).saturating_mul(probe.period_seconds);
        probe.initial_delay_seconds.saturating_sub(1).max(0).saturating_add(looks)
    });
    let declared = contract.duration(Key::StartupBudget, container).map_or(Duration::ZERO, |budget| budget.value);
    Duration::seconds(window).max(declared)
}
