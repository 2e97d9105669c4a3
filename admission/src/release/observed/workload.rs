//! A Deployment, a StatefulSet or a DaemonSet.

use super::{Uid, count, digest, text};
use crate::release::name::{Kind, ObjectName};
use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment, DeploymentCondition, StatefulSet},
        core::v1::PodTemplateSpec,
    },
    apimachinery::pkg::{apis::meta::v1::ObjectMeta, util::intstr::IntOrString},
};
use std::time::Duration;

/// What keeps pods running.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Which one.
    pub name: ObjectName,
    /// `metadata.uid`.
    pub uid: Uid,
    /// Whether its controller has seen the newest spec.
    pub observed: bool,
    /// How many pods it wants; a DaemonSet one for each node that fits.
    pub desired: u32,
    /// What its controller counts.
    pub counts: Counts,
    /// How a new revision replaces the old one.
    pub strategy: Strategy,
    /// A Deployment that does not roll out: `spec.paused`.
    pub paused: bool,
    /// A StatefulSet that waits for each pod before it touches the next.
    pub ordered: bool,
    /// Stands for the pod template.
    pub template: u64,
    /// The hash that pods of the newest revision carry, where the workload itself names it: a StatefulSet.
    pub update_revision: Option<String>,
    /// Of `ProgressDeadlineExceeded`: the message.
    pub too_slow: Option<String>,
    /// How long a Deployment may take without progress.
    pub progress_deadline: Duration,
    /// Of `ReplicaFailure`: why a pod could not be created.
    pub refused: Option<String>,
}

/// What a controller counts in its status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of the newest revision.
    pub updated: u32,
    /// Available, of any revision.
    pub available: u32,
}

/// How a new revision replaces the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// New pods beside old ones; so many may be missing.
    Rolling {
        /// Resolved `maxUnavailable`.
        max_unavailable: u32,
    },
    /// All old pods end before the first new one begins.
    Recreate,
    /// Pods with a lower ordinal stay as they are.
    Partition(u32),
    /// An old pod stays until someone deletes it.
    OnDelete,
}

impl From<&Deployment> for Workload {
    fn from(from: &Deployment) -> Self {
        let (spec, status) = (from.spec.clone(), from.status.clone().unwrap_or_default());
        let desired = spec.replicas.map_or(1, |replicas| count(Some(replicas)));
        let conditions = status.conditions.unwrap_or_default();
        let message = |is: fn(&DeploymentCondition) -> bool| {
            conditions.iter().find(|condition| is(condition)).map(|condition| text(condition.message.as_ref()))
        };
        let strategy = spec.strategy.unwrap_or_default();
        let max_unavailable = strategy.rolling_update.and_then(|rolling| rolling.max_unavailable);
        Workload {
            observed: is_observed(&from.metadata, status.observed_generation),
            desired,
            counts: Counts { updated: count(status.updated_replicas), available: count(status.available_replicas) },
            strategy: match strategy.type_.as_deref() {
                Some("Recreate") => Strategy::Recreate,
                _ => Strategy::Rolling { max_unavailable: resolve(max_unavailable.as_ref(), desired) },
            },
            paused: spec.paused.unwrap_or_default(),
            too_slow: message(|found| {
                let reason = found.reason.as_deref();
                found.type_.as_deref() == Some("Progressing") && reason == Some("ProgressDeadlineExceeded")
            }),
            progress_deadline: Duration::from_secs(
                spec.progress_deadline_seconds.map_or(600, |time| count(Some(time)).into()),
            ),
            refused: message(|found| {
                found.type_.as_deref() == Some("ReplicaFailure") && found.status.as_deref() == Some("True")
            }),
            ..Workload::new(Kind::Deployment, &from.metadata, &spec.template)
        }
    }
}

impl From<&StatefulSet> for Workload {
    fn from(from: &StatefulSet) -> Self {
        let (spec, status) = (from.spec.clone(), from.status.clone().unwrap_or_default());
        let update = spec.update_strategy.unwrap_or_default();
        let partition = update.rolling_update.and_then(|rolling| rolling.partition);
        Workload {
            observed: is_observed(&from.metadata, status.observed_generation),
            desired: spec.replicas.map_or(1, |replicas| count(Some(replicas))),
            counts: Counts { updated: count(status.updated_replicas), available: count(status.available_replicas) },
            strategy: match update.type_.as_deref() {
                Some("OnDelete") => Strategy::OnDelete,
                _ => Strategy::Partition(count(partition)),
            },
            ordered: spec.pod_management_policy.as_deref() != Some("Parallel"),
            update_revision: status.update_revision,
            ..Workload::new(Kind::StatefulSet, &from.metadata, &spec.template)
        }
    }
}

impl From<&DaemonSet> for Workload {
    fn from(from: &DaemonSet) -> Self {
        let (spec, status) = (from.spec.clone(), from.status.clone().unwrap_or_default());
        let update = spec.update_strategy.unwrap_or_default();
        Workload {
            observed: is_observed(&from.metadata, status.observed_generation),
            desired: count(Some(status.desired_number_scheduled)),
            counts: Counts {
                updated: count(status.updated_number_scheduled),
                available: count(status.number_available),
            },
            strategy: match update.type_.as_deref() {
                Some("OnDelete") => Strategy::OnDelete,
                _ => Strategy::Rolling { max_unavailable: 1 },
            },
            ..Workload::new(Kind::DaemonSet, &from.metadata, &spec.template)
        }
    }
}

impl Workload {
    fn new(kind: Kind, metadata: &ObjectMeta, template: &PodTemplateSpec) -> Self {
        Workload {
            name: ObjectName { kind, namespace: text(metadata.namespace.as_ref()), name: text(metadata.name.as_ref()) },
            uid: text(metadata.uid.as_ref()),
            observed: false,
            desired: 0,
            counts: Counts::default(),
            strategy: Strategy::Recreate,
            paused: false,
            ordered: false,
            template: digest(template),
            update_revision: None,
            too_slow: None,
            progress_deadline: Duration::ZERO,
            refused: None,
        }
    }

    /// How many pods of the newest revision it will have in the end.
    pub fn wanted(&self) -> u32 {
        match self.strategy {
            Strategy::Partition(partition) => self.desired.saturating_sub(partition),
            _ => self.desired,
        }
    }

    /// Whether pods of an older revision may be removed before new ones are ready, which makes room.
    pub fn makes_room(&self) -> bool {
        self.strategy != Strategy::Rolling { max_unavailable: 0 }
    }
}

fn is_observed(metadata: &ObjectMeta, observed: Option<i64>) -> bool {
    observed.unwrap_or_default() >= metadata.generation.unwrap_or_default()
}

/// `maxUnavailable` of a Deployment: 25 % unless given, rounded down.
fn resolve(field: Option<&IntOrString>, desired: u32) -> u32 {
    let percent = |percent: u32| u64::from(desired).saturating_mul(percent.into()) / 100;
    match field {
        Some(IntOrString::Int(number)) => count(Some(*number)),
        Some(IntOrString::String(text)) => {
            let number = text.trim_end_matches('%').parse().unwrap_or(25);
            u32::try_from(percent(number)).unwrap_or(desired)
        }
        None => u32::try_from(percent(25)).unwrap_or(desired),
    }
}
