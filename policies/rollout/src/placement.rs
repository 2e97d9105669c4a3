//! New pods that find no node beside the old ones.

use crate::{arithmetic::Bounds, pods::Pods};
use plimsoll_policy::{
    Finding, Findings, Level, Pointer, Rule, Workload,
    workload::{Controller, DaemonSetUpdate, IntOrPercent, RolloutStrategy, Strategy},
};
use std::collections::BTreeMap;

pub(crate) const CANNOT_PLACE: Rule = Rule::new(
    "rollout-cannot-place",
    Level::Warn,
    "a new pod needs what only the old one can give up, and waits for it",
);

/// Access modes with which a volume is on one node at a time.
const ONE_NODE: [&str; 2] = ["ReadWriteOnce", "ReadWriteOncePod"];

/// A port of the node is taken by one pod.
pub(crate) fn check(workload: &Workload, findings: &mut Findings<'_>) {
    if !keeps_all(workload) {
        return;
    }
    let ports = |container: &plimsoll_policy::workload::Container| {
        let port = container.ports.iter().position(|port| port.host_port.is_some())?;
        Some((container.field("ports").step(port).join("hostPort"), container.ports[port].host_port?))
    };
    let Some((pointer, port)) = workload.pod.long_running().find_map(ports) else { return };
    let message = match &workload.controller {
        Controller::DaemonSet(_) => format!(
            "hostPort {port} is taken by the old pod of the node, and maxSurge starts the new one before that stops: \
             the update hangs"
        ),
        _ => format!(
            "hostPort {port} is taken on each node that has an old pod, and no old pod goes before a new one is \
             available: the update hangs where there is no free node"
        ),
    };
    let help = "maxUnavailable: 1 and maxSurge: 0, so that an old pod goes first";
    findings.push(Finding::new(&CANNOT_PLACE, pointer, message).help(help));
}

/// A volume that one node has at a time.
pub(crate) fn check_set(pods: &Pods<'_>, findings: &mut Findings<'_>) {
    let of_one_node = pods.members().filter_map(|(index, member)| {
        let claim = member.claim.as_ref()?;
        let is_one_node = claim.access_modes.iter().all(|mode| ONE_NODE.contains(&mode.as_str()));
        (is_one_node && !claim.access_modes.is_empty()).then_some((member.name.as_str(), index))
    });
    let claims: BTreeMap<&str, u32> = of_one_node.collect();
    for (object, workload) in &pods.all {
        let is_single = workload.scale().is_some_and(|(_, replicas)| replicas == 1);
        let mounted = workload.pod.claims.values().find_map(|claim| Some((claim, *claims.get(claim.as_str())?)));
        let Some((name, claim)) = mounted.filter(|_| is_single && keeps_all(workload)) else { continue };
        let message = format!(
            "the claim `{name}` is on one node at a time, and the old pod goes only when the new one is available: the \
             update hangs where the new pod gets another node"
        );
        let finding = Finding::new(&CANNOT_PLACE, Pointer::from("/spec/strategy"), message)
            .object(*object)
            .related_to(claim, "/spec/accessModes", "the claim")
            .help("strategy: {type: Recreate}; or a StatefulSet");
        findings.push(finding);
    }
}

/// Whether an update starts a new pod, and stops no old one before the new one is available.
fn keeps_all(workload: &Workload) -> bool {
    let surges = |replicas: i64, max_unavailable: IntOrPercent, max_surge: IntOrPercent| {
        let bounds = Bounds::of(max_unavailable, max_surge, replicas);
        replicas > 0 && bounds.unavailable == 0 && bounds.surge > 0
    };
    match &workload.controller {
        Controller::Deployment(spec) => match spec.strategy {
            Strategy::RollingUpdate { max_unavailable, max_surge } => surges(spec.replicas, max_unavailable, max_surge),
            Strategy::Recreate => false,
        },
        Controller::Rollout(spec) => match spec.strategy {
            RolloutStrategy::Canary { max_unavailable, max_surge } => surges(spec.replicas, max_unavailable, max_surge),
            RolloutStrategy::Full => spec.replicas > 0,
        },
        Controller::DaemonSet(spec) => matches!(
            spec.update_strategy,
            DaemonSetUpdate::RollingUpdate { max_surge: IntOrPercent::Int(1..) | IntOrPercent::Percent(1..), .. }
        ),
        _ => false,
    }
}
