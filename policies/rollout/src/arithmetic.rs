//! Counts and percentages of pods, with Kubernetes' rounding.

use plimsoll_policy::workload::IntOrPercent;

/// Which way a percentage rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Down,
    Up,
}

/// A count as it is, or a percentage of `total`.
pub(crate) fn scaled(value: IntOrPercent, total: i64, rounding: Rounding) -> i64 {
    match value {
        IntOrPercent::Int(count) => count,
        IntOrPercent::Percent(percent) => {
            let hundredfold = total.saturating_mul(percent);
            let spare = if rounding == Rounding::Up { 99 } else { 0 };
            hundredfold.saturating_add(spare) / 100
        }
    }
}

/// How far a rolling update of a Deployment may go; an Argo Rollout's canary is bounded alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Most pods that are missing at one time; at most all.
    pub(crate) unavailable: i64,
    /// Most pods that there are beyond the replicas.
    pub(crate) surge: i64,
    /// Whether both came to 0, and Kubernetes made the first 1 so that anything can move.
    pub(crate) is_forced: bool,
}

impl Bounds {
    pub(crate) fn of(max_unavailable: IntOrPercent, max_surge: IntOrPercent, replicas: i64) -> Self {
        let unavailable = scaled(max_unavailable, replicas, Rounding::Down);
        let surge = scaled(max_surge, replicas, Rounding::Up);
        let is_forced = unavailable == 0 && surge == 0;
        let unavailable = if is_forced { 1 } else { unavailable };
        Bounds { unavailable: unavailable.min(replicas), surge, is_forced }
    }

    /// How many pods are available at the lowest point.
    pub(crate) fn lowest(self, replicas: i64) -> i64 {
        replicas - self.unavailable
    }
}

/// How many pods of a StatefulSet are available at the lowest point of an update. Those below the partition stay.
pub(crate) fn lowest_of_stateful_set(replicas: i64, partition: i64, max_unavailable: Option<IntOrPercent>) -> i64 {
    let most = max_unavailable.map_or(1, |value| scaled(value, replicas, Rounding::Down).max(1));
    let updated = replicas.saturating_sub(partition).max(0);
    replicas - most.min(updated)
}

/// As the manifest has it.
pub(crate) fn written(value: IntOrPercent) -> String {
    match value {
        IntOrPercent::Int(count) => count.to_string(),
        IntOrPercent::Percent(percent) => format!("{percent}%"),
    }
}

/// "1 replica", "3 replicas".
pub(crate) fn replicas(count: i64) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} replica{s}")
}
