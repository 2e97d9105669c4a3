//! What keeps the pods of a workload going, by kind: how many there are, and how a new version replaces an old one.

use crate::selector::Selector;
use minicbor::{Decode, Encode};

/// What keeps the pods going.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Controller {
    /// `apps/v1` Deployment, and the removed versions of it.
    #[n(0)]
    Deployment(#[n(0)] Deployment),
    /// `apps/v1` StatefulSet.
    #[n(1)]
    StatefulSet(#[n(0)] StatefulSet),
    /// `apps/v1` DaemonSet.
    #[n(2)]
    DaemonSet(#[n(0)] DaemonSet),
    /// ReplicaSet and ReplicationController.
    #[n(3)]
    ReplicaSet(#[n(0)] ReplicaSet),
    /// `batch/v1` Job.
    #[n(4)]
    Job(#[n(0)] Job),
    /// `batch/v1` CronJob.
    #[n(5)]
    CronJob(#[n(0)] CronJob),
    /// A bare Pod, or a PodTemplate.
    #[n(6)]
    Pod,
    /// A custom kind with a pod template.
    #[n(7)]
    Custom,
    /// `argoproj.io` Rollout.
    #[n(8)]
    Rollout(#[n(0)] Rollout),
}

/// `spec` of a Deployment.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(map)]
pub struct Deployment {
    #[n(0)]
    pub replicas: i64,
    #[n(1)]
    pub selector: Selector,
    #[n(2)]
    pub strategy: Strategy,
    #[n(3)]
    pub min_ready_seconds: i64,
    #[n(4)]
    pub progress_deadline_seconds: i64,
}

/// `spec.strategy` of a Deployment.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Strategy {
    /// All old pods go before the first new one comes.
    #[n(0)]
    Recreate,
    /// Old pods go as new ones come.
    #[n(1)]
    RollingUpdate {
        /// Defaults to 25 %; rounds down.
        #[n(0)]
        max_unavailable: IntOrPercent,
        /// Defaults to 25 %; rounds up.
        #[n(1)]
        max_surge: IntOrPercent,
    },
}

/// `spec` of a StatefulSet.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(map)]
pub struct StatefulSet {
    #[n(0)]
    pub replicas: i64,
    #[n(1)]
    pub selector: Selector,
    #[n(2)]
    pub update_strategy: StatefulSetUpdate,
    #[n(3)]
    pub min_ready_seconds: i64,
}

/// `spec.updateStrategy` of a StatefulSet.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub enum StatefulSetUpdate {
    #[n(0)]
    OnDelete,
    #[n(1)]
    RollingUpdate {
        #[n(0)]
        partition: i64,
        #[n(1)]
        max_unavailable: Option<IntOrPercent>,
    },
}

/// `spec` of a DaemonSet.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(map)]
pub struct DaemonSet {
    #[n(0)]
    pub selector: Selector,
    #[n(1)]
    pub update_strategy: DaemonSetUpdate,
    #[n(2)]
    pub min_ready_seconds: i64,
}

/// `spec.updateStrategy` of a DaemonSet.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub enum DaemonSetUpdate {
    #[n(0)]
    OnDelete,
    #[n(1)]
    RollingUpdate {
        #[n(0)]
        max_unavailable: IntOrPercent,
        #[n(1)]
        max_surge: IntOrPercent,
    },
}

/// `spec` of a ReplicaSet or ReplicationController.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(map)]
pub struct ReplicaSet {
    #[n(0)]
    pub replicas: i64,
    #[n(1)]
    pub selector: Selector,
    #[n(2)]
    pub min_ready_seconds: i64,
}

/// `spec` of an Argo Rollout.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the API")]
#[cbor(map)]
pub struct Rollout {
    #[n(0)]
    pub replicas: i64,
    #[n(1)]
    pub selector: Selector,
    #[n(2)]
    pub strategy: RolloutStrategy,
    #[n(3)]
    pub min_ready_seconds: i64,
    #[n(4)]
    pub progress_deadline_seconds: i64,
}

/// `spec.strategy` of an Argo Rollout.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum RolloutStrategy {
    /// All new pods are there before the first old one goes: `blueGreen`, and a canary whose traffic is routed.
    #[n(0)]
    Full,
    /// A canary without a router of traffic: the numbers of pods move, within bounds that round as a Deployment's do.
    #[n(1)]
    Canary {
        /// Defaults to 25 %.
        #[n(0)]
        max_unavailable: IntOrPercent,
        /// Defaults to 25 %.
        #[n(1)]
        max_surge: IntOrPercent,
    },
}

/// `spec` of a Job.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(map)]
pub struct Job {
    /// None with `backoffLimitPerIndex`.
    #[n(0)]
    pub backoff_limit: Option<i64>,
    /// None where only `parallelism` is set: any one success completes the Job.
    #[n(1)]
    pub completions: Option<i64>,
    #[n(2)]
    pub parallelism: i64,
    #[n(3)]
    pub active_deadline_seconds: Option<i64>,
    #[n(4)]
    pub ttl_seconds_after_finished: Option<i64>,
}

/// `spec` of a CronJob.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct CronJob {
    /// `spec.jobTemplate.spec`.
    #[n(0)]
    pub job: Job,
}

/// A count, or a percentage of the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum IntOrPercent {
    /// A count.
    #[n(0)]
    Int(#[n(0)] i64),
    /// A percentage: 25 for `25%`.
    #[n(1)]
    Percent(#[n(0)] i64),
}
