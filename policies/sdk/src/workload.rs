//! The workload as the API server would store it: one type for every kind that runs pods.
//!
//! Every field that the API server fills in is a [`Defaulted`]: its effective value, and whether it was written.
//! No rule may depend on "written", because a webhook sees the defaults filled in; it only moves the location of a
//! finding. Durations and counts are as in the manifest: seconds and plain numbers.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, ops::Deref};

/// Labels or annotations.
pub type Map = BTreeMap<String, String>;

/// A value that the API server fills in where the manifest leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defaulted<T> {
    /// The effective value.
    pub value: T,
    /// Whether the manifest has it.
    pub written: bool,
}

impl<T> Deref for Defaulted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// An object that runs pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// `apps/v1`; a removed version is kept as written.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// `metadata.namespace`, if written.
    pub namespace: Option<String>,
    /// `metadata.name`, or `metadata.generateName`.
    pub name: String,
    /// The workload's own labels.
    pub labels: Map,
    /// The workload's own annotations.
    pub annotations: Map,
    /// What keeps the pods going, with the fields of that kind.
    pub controller: Controller,
    /// The pods.
    pub pod: PodTemplate,
}

/// What keeps the pods going.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Controller {
    /// `apps/v1` Deployment, and the removed versions of it.
    Deployment(Deployment),
    /// `apps/v1` StatefulSet.
    StatefulSet(StatefulSet),
    /// `apps/v1` DaemonSet.
    DaemonSet(DaemonSet),
    /// ReplicaSet and ReplicationController.
    ReplicaSet(ReplicaSet),
    /// `batch/v1` Job.
    Job(Job),
    /// `batch/v1` CronJob.
    CronJob(CronJob),
    /// A bare Pod, or a PodTemplate.
    Pod,
    /// A custom kind with a pod template.
    Custom,
}

/// `spec` of a Deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub struct Deployment {
    pub replicas: Defaulted<i64>,
    pub selector: Selector,
    pub strategy: Strategy,
    pub min_ready_seconds: Defaulted<i64>,
    pub progress_deadline_seconds: Defaulted<i64>,
    pub revision_history_limit: Defaulted<i64>,
}

/// `spec.strategy` of a Deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Strategy {
    /// All old pods go before the first new one comes.
    Recreate,
    /// Old pods go as new ones come.
    RollingUpdate {
        /// Defaults to 25 %; rounds down.
        max_unavailable: Defaulted<IntOrPercent>,
        /// Defaults to 25 %; rounds up.
        max_surge: Defaulted<IntOrPercent>,
    },
}

/// `spec` of a StatefulSet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub struct StatefulSet {
    pub replicas: Defaulted<i64>,
    pub selector: Selector,
    pub update_strategy: StatefulSetUpdate,
    pub pod_management_policy: Defaulted<PodManagement>,
    pub min_ready_seconds: Defaulted<i64>,
    pub revision_history_limit: Defaulted<i64>,
}

/// `spec.updateStrategy` of a StatefulSet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub enum StatefulSetUpdate {
    OnDelete,
    RollingUpdate { partition: Defaulted<i64>, max_unavailable: Option<IntOrPercent> },
}

/// `spec.podManagementPolicy` of a StatefulSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub enum PodManagement {
    OrderedReady,
    Parallel,
}

/// `spec` of a DaemonSet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub struct DaemonSet {
    pub selector: Selector,
    pub update_strategy: DaemonSetUpdate,
    pub min_ready_seconds: Defaulted<i64>,
    pub revision_history_limit: Defaulted<i64>,
}

/// `spec.updateStrategy` of a DaemonSet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub enum DaemonSetUpdate {
    OnDelete,
    RollingUpdate { max_unavailable: Defaulted<IntOrPercent>, max_surge: Defaulted<IntOrPercent> },
}

/// `spec` of a ReplicaSet or ReplicationController.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub struct ReplicaSet {
    pub replicas: Defaulted<i64>,
    pub selector: Selector,
    pub min_ready_seconds: Defaulted<i64>,
}

/// `spec` of a Job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub struct Job {
    /// None with `backoffLimitPerIndex`.
    pub backoff_limit: Option<Defaulted<i64>>,
    /// None where only `parallelism` is set: any one success completes the Job.
    pub completions: Option<Defaulted<i64>>,
    pub parallelism: Defaulted<i64>,
    pub active_deadline_seconds: Option<i64>,
    pub ttl_seconds_after_finished: Option<i64>,
}

/// `spec` of a CronJob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub struct CronJob {
    pub concurrency_policy: Defaulted<String>,
    pub successful_jobs_history_limit: Defaulted<i64>,
    pub failed_jobs_history_limit: Defaulted<i64>,
    /// `spec.jobTemplate.spec`.
    pub job: Job,
}

/// A label selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    /// All of these must match.
    pub match_labels: Map,
    /// Whether there are `matchExpressions` as well, which this view does not carry.
    pub has_expressions: bool,
}

/// A count, or a percentage of the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntOrPercent {
    /// A count.
    Int(i64),
    /// A percentage: 25 for `25%`.
    Percent(i64),
}

/// The pod template, or the pod itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodTemplate {
    /// JSON pointer of the object that has the pod's `metadata` and `spec`: `/spec/template`; empty for a Pod.
    pub pointer: String,
    /// The pod's labels.
    pub labels: Map,
    /// The pod's annotations.
    pub annotations: Map,
    /// `terminationGracePeriodSeconds`.
    pub grace_period_seconds: Defaulted<i64>,
    /// `restartPolicy`.
    pub restart_policy: Defaulted<RestartPolicy>,
    /// `hostNetwork`.
    pub host_network: bool,
    /// `resources.limits.cpu` of the pod as a whole, in thousandths of a core.
    pub cpu_limit_millis: Option<i64>,
    /// Names of the volumes that are persistent volume claims, with the claim's name.
    pub claims: Map,
    /// The volumes that are images.
    pub image_volumes: Vec<ImageVolume>,
    /// All containers: application containers first, then `initContainers`, then `ephemeralContainers`, each in the
    /// order of the manifest.
    pub containers: Vec<Container>,
}

/// A volume whose content is an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageVolume {
    /// JSON pointer of its `image`: `/spec/volumes/0/image`.
    pub pointer: String,
    /// The volume's `name`.
    pub name: String,
    /// `reference`, as written; empty where it is missing, which a pod template may leave to a later tool.
    pub reference: String,
    /// `pullPolicy`, with the same default as that of a container.
    pub pull_policy: PullPolicy,
}

/// `restartPolicy` of a pod, or of one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

/// What a container is for the kubelet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// An entry of `containers`.
    Application,
    /// A native sidecar: an init container with `restartPolicy: Always`.
    Sidecar,
    /// Any other init container.
    Init,
    /// An entry of `ephemeralContainers`.
    Ephemeral,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// JSON pointer: `/spec/template/spec/containers/0`.
    pub pointer: String,
    /// What it is for the kubelet.
    pub class: Class,
    /// `name`.
    pub name: String,
    /// `image`, as written.
    pub image: String,
    /// `restartPolicy` of its own; none where the pod's counts.
    pub restart_policy: Option<RestartPolicy>,
    /// Whether `restartPolicyRules` restart it after some exit codes, whatever its policy.
    pub has_restart_rules: bool,
    /// `imagePullPolicy`.
    pub pull_policy: Defaulted<PullPolicy>,
    /// `command`: replaces the image's entrypoint.
    pub command: Vec<String>,
    /// `args`: replaces the image's cmd.
    pub args: Vec<String>,
    /// `env`, in order.
    pub env: Vec<EnvVar>,
    /// Whether there is `envFrom`, whose variables nobody knows here.
    pub has_env_from: bool,
    /// `ports`.
    pub ports: Vec<ContainerPort>,
    /// `livenessProbe`.
    pub liveness: Option<Probe>,
    /// `readinessProbe`.
    pub readiness: Option<Probe>,
    /// `startupProbe`.
    pub startup: Option<Probe>,
    /// `lifecycle.postStart`.
    pub post_start: Option<Hook>,
    /// `lifecycle.preStop`.
    pub pre_stop: Option<Hook>,
    /// `resources.limits.cpu` in thousandths of a core.
    pub cpu_limit_millis: Option<i64>,
    /// `resources.requests.cpu` in thousandths of a core.
    pub cpu_request_millis: Option<i64>,
    /// `terminationMessagePolicy`.
    pub termination_message_policy: Defaulted<String>,
    /// Names of the volumes that it mounts.
    pub mounts: Vec<String>,
}

/// `imagePullPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub enum PullPolicy {
    Always,
    IfNotPresent,
    Never,
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    /// `name`.
    pub name: String,
    /// `value`; none with `valueFrom`, which nobody knows here.
    pub value: Option<String>,
}

/// A declared port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub struct ContainerPort {
    pub name: Option<String>,
    pub container_port: i64,
    pub host_port: Option<i64>,
    /// TCP, UDP or SCTP.
    pub protocol: Defaulted<String>,
}

/// A probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
pub struct Probe {
    /// JSON pointer of the probe.
    pub pointer: String,
    pub handler: Handler,
    pub initial_delay_seconds: Defaulted<i64>,
    pub period_seconds: Defaulted<i64>,
    pub timeout_seconds: Defaulted<i64>,
    pub success_threshold: Defaulted<i64>,
    pub failure_threshold: Defaulted<i64>,
    /// The probe's own `terminationGracePeriodSeconds`.
    pub grace_period_seconds: Option<i64>,
}

/// How a probe asks, or what a hook does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Handler {
    /// `httpGet`.
    Http(HttpGet),
    /// `tcpSocket`.
    Tcp {
        /// The port to connect to.
        port: Port,
        /// Another host than the pod.
        host: Option<String>,
    },
    /// `grpc` (probes only).
    Grpc {
        /// The port to ask.
        port: i64,
        /// The service named in the health check; empty is the server as a whole.
        service: String,
    },
    /// `exec`.
    Exec {
        /// The command, without a shell.
        command: Vec<String>,
    },
    /// `sleep` (hooks only).
    Sleep {
        /// How long.
        seconds: i64,
    },
}

/// `httpGet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpGet {
    /// Defaults to `/`.
    pub path: Defaulted<String>,
    /// The port to ask.
    pub port: Port,
    /// Another host than the pod.
    pub host: Option<String>,
    /// HTTP or HTTPS.
    pub scheme: Defaulted<String>,
    /// Name and value.
    pub headers: Vec<(String, String)>,
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Port {
    /// By number.
    Number(i64),
    /// By the name of a declared port.
    Name(String),
}

/// A lifecycle hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// JSON pointer of the hook.
    pub pointer: String,
    /// What it does.
    pub handler: Handler,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Port::Number(number) => write!(f, "{number}"),
            Port::Name(name) => write!(f, "{name}"),
        }
    }
}

impl Workload {
    /// Whether its pods are meant to end: Job, CronJob, and a pod with restartPolicy Never or OnFailure.
    pub fn runs_to_completion(&self) -> bool {
        matches!(self.controller, Controller::Job(_) | Controller::CronJob(_))
            || *self.pod.restart_policy != RestartPolicy::Always
    }

    /// Whether it is a Pod by itself: no controller replaces it, and no rollout waits for it.
    pub fn is_bare_pod(&self) -> bool {
        matches!(self.controller, Controller::Pod) && self.kind == "Pod"
    }

    /// Whether it is one of Knative's kinds. Its controller fills in and resolves what it then gives to Kubernetes.
    pub fn is_knative(&self) -> bool {
        self.api_version.starts_with("serving.knative.dev/")
    }

    /// Whether it is a Helm test: all its hooks are test hooks, so it runs only when a person types `helm test`.
    pub fn is_helm_test(&self) -> bool {
        let is_test = |hook: &str| matches!(hook.trim(), "test" | "test-success");
        self.annotations.get("helm.sh/hook").is_some_and(|hooks| hooks.to_ascii_lowercase().split(',').all(is_test))
    }
}

impl PodTemplate {
    /// JSON pointer of a field of the pod's `spec`.
    pub fn spec(&self, field: &str) -> String {
        format!("{}/spec/{field}", self.pointer)
    }

    /// JSON pointer of an annotation of the pod.
    pub fn annotation(&self, key: &str) -> String {
        format!("{}/metadata/annotations/{}", self.pointer, crate::escape(key))
    }

    /// The entries of `containers`.
    pub fn applications(&self) -> impl DoubleEndedIterator<Item = &Container> {
        self.of(Class::Application)
    }

    /// The native sidecars, in the order in which they start.
    pub fn sidecars(&self) -> impl DoubleEndedIterator<Item = &Container> {
        self.of(Class::Sidecar)
    }

    /// Application containers and native sidecars: what runs as long as the pod does.
    pub fn long_running(&self) -> impl Iterator<Item = &Container> {
        self.applications().chain(self.sidecars())
    }

    fn of(&self, class: Class) -> impl DoubleEndedIterator<Item = &Container> {
        self.containers.iter().filter(move |container| container.class == class)
    }
}

impl Container {
    /// JSON pointer of one of its fields.
    pub fn field(&self, field: &str) -> String {
        format!("{}/{field}", self.pointer)
    }

    /// The number behind a port's number or name, if this container declares the name.
    pub fn port_number(&self, port: &Port) -> Option<i64> {
        match port {
            Port::Number(number) => Some(*number),
            Port::Name(name) => {
                let declared = self.ports.iter().find(|declared| declared.name.as_ref() == Some(name))?;
                Some(declared.container_port)
            }
        }
    }

    /// The variable of that name; the last one wins, as in the kubelet.
    pub fn env(&self, name: &str) -> Option<&EnvVar> {
        self.env.iter().rev().find(|variable| variable.name == name)
    }

    /// Command and args in one: what runs, as far as the manifest says.
    pub fn argv(&self) -> impl Iterator<Item = &str> {
        self.command.iter().chain(&self.args).map(String::as_str)
    }
}

impl ImageVolume {
    /// JSON pointer of one of its fields.
    pub fn field(&self, field: &str) -> String {
        format!("{}/{field}", self.pointer)
    }
}

impl Probe {
    /// JSON pointer of one of its fields.
    pub fn field(&self, field: &str) -> String {
        format!("{}/{field}", self.pointer)
    }
}
