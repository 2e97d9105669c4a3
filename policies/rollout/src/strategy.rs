//! Whether the strategy of an update keeps enough pods, or one too many.

use crate::arithmetic::{Bounds, Rounding, lowest_of_stateful_set, replicas, scaled, written};
use plimsoll_policy::{
    Finding, Findings, Level, Pointer, Rule, Workload,
    contract::{Contract, Declared},
    workload::{
        Controller, DaemonSetUpdate, Deployment, IntOrPercent, RolloutStrategy, StatefulSet, StatefulSetUpdate,
        Strategy,
    },
};

/// One replica: off, or a warning in strict; several: a refusal.
pub(crate) const RECREATE: Rule =
    Rule::new("recreate-strategy", Level::Off, "an update stops all pods before it starts the first new one")
        .strict(Level::Warn)
        .escalated(Level::Deny, Level::Deny);
pub(crate) const SURGING: Rule =
    Rule::new("surging-singleton", Level::Deny, "an update runs two pods of what may run only once");
pub(crate) const NONE_AVAILABLE: Rule =
    Rule::new("none-available", Level::Deny, "an update may take all pods away at one time");
pub(crate) const ON_DELETE: Rule =
    Rule::new("on-delete-strategy", Level::Warn, "an update never finishes by itself: pods must be deleted by hand");

pub(crate) fn check(workload: &Workload, contract: &Contract, findings: &mut Findings<'_>) {
    let singleton = contract.scale().filter(|scale| scale.value == "singleton");
    match &workload.controller {
        Controller::Deployment(spec) => match spec.strategy {
            Strategy::Recreate => findings.extend(recreate(workload, spec, singleton.is_some())),
            Strategy::RollingUpdate { max_unavailable, max_surge } => {
                findings.extend(surging(spec.replicas, singleton, "strategy/type", "strategy: {type: Recreate}"));
                findings.extend(none_available("strategy/rollingUpdate", spec.replicas, (max_unavailable, max_surge)));
            }
        },
        Controller::Rollout(spec) => {
            let instead = "a Deployment with strategy: {type: Recreate}";
            findings.extend(surging(spec.replicas, singleton, "strategy", instead));
            if let RolloutStrategy::Canary { max_unavailable, max_surge } = spec.strategy {
                findings.extend(none_available("strategy/canary", spec.replicas, (max_unavailable, max_surge)));
            }
        }
        Controller::StatefulSet(spec) => findings.extend(stateful_set(spec)),
        Controller::DaemonSet(spec) => findings.extend(daemon_set(&spec.update_strategy)),
        _ => {}
    }
}

fn spec(field: &str) -> Pointer {
    Pointer::ROOT.join("spec").join(field)
}

fn recreate(workload: &Workload, spec: &Deployment, is_singleton: bool) -> Option<Finding> {
    let pointer = self::spec("strategy/type");
    let help = "strategy: {type: RollingUpdate}; or, if two versions must never run at one time, say so with \
                `plimsoll.dev/scale: singleton` in the pod template's annotations and run one replica";
    match spec.replicas {
        ..1 => None,
        _ if is_singleton => None,
        1 if !workload.pod.claims.is_empty() => None,
        1 => {
            let message = "Recreate stops the only pod before its successor starts: each update is an outage";
            Some(Finding::new(&RECREATE, pointer, message).help(help))
        }
        count => {
            let message =
                format!("Recreate stops all {count} pods before the first new one starts: each update is an outage");
            Some(Finding::new(&RECREATE, pointer, message).help(help).escalated())
        }
    }
}

fn surging(count: i64, singleton: Option<Declared<&str>>, field: &str, instead: &str) -> Option<Finding> {
    let scale = singleton.filter(|_| count > 0)?;
    let message = format!(
        "{} is `singleton`, and a rolling update starts the new pod while the old one still stops",
        scale.annotation
    );
    let finding = Finding::new(&SURGING, spec(field), message);
    Some(finding.related(scale.pointer, "declared here").help(format!("{instead}; or a StatefulSet, which waits")))
}

/// Of a Deployment, or of the canary of an Argo Rollout.
fn none_available(
    field: &str,
    count: i64,
    (max_unavailable, max_surge): (IntOrPercent, IntOrPercent),
) -> Option<Finding> {
    let bounds = Bounds::of(max_unavailable, max_surge, count);
    if count < 1 || bounds.lowest(count) > 0 {
        return None;
    }
    let of = format!("maxUnavailable {} of {}", written(max_unavailable), replicas(count));
    let message = match bounds.is_forced {
        true => format!(
            "{of} rounds down to 0, which with maxSurge {} counts as 1: an update leaves no pod available",
            written(max_surge)
        ),
        false => format!("{of}: an update may leave no pod available"),
    };
    let update = spec(field);
    let surge = if bounds.surge == 0 { "1".to_owned() } else { written(max_surge) };
    let finding = Finding::new(&NONE_AVAILABLE, update.join("maxUnavailable"), message)
        .help(format!("maxUnavailable: 0 and maxSurge: {surge}"));
    // An edit cannot add to an object that is not there, and the numbers come from one that is.
    let finding = if bounds.surge == 0 { finding.set(update.join("maxSurge"), 1) } else { finding };
    Some(finding.set(update.join("maxUnavailable"), 0).unsafe_fix())
}

/// A StatefulSet of one replica replaces its pod in place: no number changes that.
fn stateful_set(set: &StatefulSet) -> Option<Finding> {
    let StatefulSetUpdate::RollingUpdate { partition, max_unavailable } = set.update_strategy else {
        return on_delete(set.replicas > 0);
    };
    let value = max_unavailable.filter(|_| set.replicas > 1)?;
    if lowest_of_stateful_set(set.replicas, partition, max_unavailable) > 0 {
        return None;
    }
    let message = format!(
        "maxUnavailable {} of {}: an update may leave no pod available (Kubernetes reads the field from 1.37 on, and \
         updates one pod at a time before)",
        written(value),
        replicas(set.replicas)
    );
    let pointer = spec("updateStrategy/rollingUpdate/maxUnavailable");
    let finding = Finding::new(&NONE_AVAILABLE, &pointer, message).help("maxUnavailable: 1");
    Some(finding.set(pointer, 1).unsafe_fix())
}

/// How many nodes there are only the cluster knows; all of them are all.
fn daemon_set(update: &DaemonSetUpdate) -> Option<Finding> {
    let DaemonSetUpdate::RollingUpdate { max_unavailable, .. } = *update else { return on_delete(true) };
    let nodes = 100;
    let is_percent = matches!(max_unavailable, IntOrPercent::Percent(_));
    if !is_percent || scaled(max_unavailable, nodes, Rounding::Up) < nodes {
        return None;
    }
    let message =
        format!("maxUnavailable {} of the nodes: an update may leave no pod available", written(max_unavailable));
    let pointer = spec("updateStrategy/rollingUpdate/maxUnavailable");
    Some(Finding::new(&NONE_AVAILABLE, pointer, message).help("maxUnavailable: 10%, or 1"))
}

fn on_delete(has_pods: bool) -> Option<Finding> {
    let message = "OnDelete changes a pod only when it is deleted: an update finishes when a person has deleted each";
    let finding = Finding::new(&ON_DELETE, spec("updateStrategy/type"), message);
    has_pods.then(|| finding.help("updateStrategy: {type: RollingUpdate}"))
}
