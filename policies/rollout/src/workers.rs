//! Two workers that scale together because they share a pod.

use plimsoll_policy::{Finding, Findings, Level, Rule, Workload, contract::Contract};

pub(crate) const TWO: Rule =
    Rule::new("two-workers-in-one-pod", Level::Warn, "two workers in one pod scale, restart and roll over together");

pub(crate) fn check(workload: &Workload, contract: &Contract, findings: &mut Findings<'_>) {
    let is_worker = |container| contract.role(container).is_some_and(|role| role.value == "worker");
    let mut workers = workload.pod.working().filter(|container| is_worker(container));
    let (Some(first), Some(second)) = (workers.next(), workers.next()) else { return };
    let message =
        format!("`{}` and `{}` are both workers, and scale, restart and roll over together", first.name, second.name);
    let help = "one Deployment for each; a container that only helps the worker belongs to initContainers, with \
                restartPolicy: Always";
    let finding = Finding::new(&TWO, second.pointer.clone(), message).container(second).help(help);
    findings.push(finding.related(first.pointer.clone(), "the other worker"));
}
