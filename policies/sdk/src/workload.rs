//! The workload as the API server would store it: one type for every kind that runs pods.
//!
//! Every field that the API server fills in has its effective value: no rule may depend on whether it was written,
//! because a webhook sees the defaults filled in. Durations and counts are as in the manifest: seconds and plain numbers.
//!
//! The view holds what rules read, and grows with them. Each field and variant has a number in the encoding
//! (`wit/request.cddl`), which is never used again for anything else; a field that a module does not know is skipped,
//! and one that the host does not send is the field's default.

use crate::Pointer;
pub use crate::{
    controller::{
        Controller, CronJob, DaemonSet, DaemonSetUpdate, Deployment, IntOrPercent, Job, ReplicaSet, Rollout,
        RolloutStrategy, StatefulSet, StatefulSetUpdate, Strategy,
    },
    selector::{Operator, Requirement, Selector},
};
use minicbor::{Decode, Decoder, Encode, decode};
use std::{collections::BTreeMap, fmt};

/// Labels or annotations.
pub type Map = BTreeMap<String, String>;

/// An object that runs pods.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Workload {
    /// `apps/v1`; a removed version is kept as written.
    #[n(0)]
    pub api_version: String,
    /// `Deployment`.
    #[n(1)]
    pub kind: String,
    /// `metadata.namespace`, if written.
    #[n(2)]
    pub namespace: Option<String>,
    /// `metadata.name`, or `metadata.generateName`.
    #[n(3)]
    pub name: String,
    /// The workload's own labels.
    #[n(4)]
    #[cbor(skip_if = "Map::is_empty")]
    pub labels: Map,
    /// The workload's own annotations.
    #[n(5)]
    #[cbor(skip_if = "Map::is_empty")]
    pub annotations: Map,
    /// What keeps the pods going, with the fields of that kind.
    #[n(6)]
    #[cbor(decode_with = "decode_controller")]
    pub controller: Controller,
    /// The pods.
    #[n(7)]
    pub pod: PodTemplate,
    /// JSON pointers of fields that are written and could not be read. The view has their defaults, which say nothing.
    #[n(8)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub unreadable: Vec<Pointer>,
}

/// The pod template, or the pod itself.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct PodTemplate {
    /// JSON pointer of the object that has the pod's `metadata` and `spec`: `/spec/template`; empty for a Pod.
    #[n(0)]
    pub pointer: Pointer,
    /// The pod's labels.
    #[n(1)]
    #[cbor(skip_if = "Map::is_empty")]
    pub labels: Map,
    /// The pod's annotations.
    #[n(2)]
    #[cbor(skip_if = "Map::is_empty")]
    pub annotations: Map,
    /// `terminationGracePeriodSeconds`.
    #[n(3)]
    pub grace_period_seconds: i64,
    /// `restartPolicy`.
    #[n(4)]
    pub restart_policy: RestartPolicy,
    /// `hostNetwork`.
    #[n(5)]
    #[cbor(skip_if = "is_false")]
    pub host_network: bool,
    /// `resources.limits.cpu` of the pod as a whole, in thousandths of a core.
    #[n(6)]
    pub cpu_limit_millis: Option<i64>,
    /// Names of the volumes that are persistent volume claims, with the claim's name.
    #[n(7)]
    #[cbor(skip_if = "Map::is_empty")]
    pub claims: Map,
    /// The volumes that are images.
    #[n(8)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub image_volumes: Vec<ImageVolume>,
    /// All containers: application containers first, then `initContainers`, then `ephemeralContainers`, each in the
    /// order of the manifest.
    #[n(9)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// Whether the pod as a whole requests CPU, or has a limit, which then is the request.
    #[n(10)]
    #[cbor(skip_if = "is_false")]
    pub has_cpu_request: bool,
    /// The same for memory.
    #[n(11)]
    #[cbor(skip_if = "is_false")]
    pub has_memory_request: bool,
    /// The nodes that it asks for: by `nodeSelector`, by node affinity, required or preferred, and by tolerations.
    #[n(12)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub nodes: Vec<NodeLabel>,
}

/// A label, or a taint, of nodes that a pod selects, prefers or tolerates.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NodeLabel {
    /// JSON pointer of the entry that names it.
    #[n(0)]
    pub pointer: Pointer,
    /// The label's or taint's key.
    #[n(1)]
    pub key: String,
    /// One value of it; none where any value will do.
    #[n(2)]
    pub value: Option<String>,
}

/// A volume whose content is an image.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ImageVolume {
    /// JSON pointer of its `image`: `/spec/volumes/0/image`.
    #[n(0)]
    pub pointer: Pointer,
    /// The volume's `name`.
    #[n(1)]
    pub name: String,
    /// `reference`, as written; empty where it is missing, which a pod template may leave to a later tool.
    #[n(2)]
    pub reference: String,
    /// `pullPolicy`, with the same default as that of a container.
    #[n(3)]
    pub pull_policy: PullPolicy,
}

/// `restartPolicy` of a pod, or of one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(index_only)]
pub enum RestartPolicy {
    #[n(0)]
    Always,
    #[n(1)]
    OnFailure,
    #[n(2)]
    Never,
}

/// What a container is for the kubelet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Class {
    /// An entry of `containers`.
    #[n(0)]
    Application,
    /// A native sidecar: an init container with `restartPolicy: Always`.
    #[n(1)]
    Sidecar,
    /// Any other init container.
    #[n(2)]
    Init,
    /// An entry of `ephemeralContainers`.
    #[n(3)]
    Ephemeral,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Container {
    /// JSON pointer: `/spec/template/spec/containers/0`.
    #[n(0)]
    pub pointer: Pointer,
    /// What it is for the kubelet.
    #[n(1)]
    pub class: Class,
    /// `name`.
    #[n(2)]
    pub name: String,
    /// `image`, as written.
    #[n(3)]
    pub image: String,
    /// `restartPolicy` of its own; none where the pod's counts.
    #[n(4)]
    pub restart_policy: Option<RestartPolicy>,
    /// Whether `restartPolicyRules` restart it after some exit codes, whatever its policy.
    #[n(5)]
    #[cbor(skip_if = "is_false")]
    pub has_restart_rules: bool,
    /// `imagePullPolicy`.
    #[n(6)]
    pub pull_policy: PullPolicy,
    /// `command`: replaces the image's entrypoint.
    #[n(7)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// `args`: replaces the image's cmd.
    #[n(8)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// `env`, in order.
    #[n(9)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Whether there is `envFrom`, whose variables nobody knows here.
    #[n(10)]
    #[cbor(skip_if = "is_false")]
    pub has_env_from: bool,
    /// `ports`.
    #[n(11)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    /// `livenessProbe`.
    #[n(12)]
    pub liveness: Option<Probe>,
    /// `readinessProbe`.
    #[n(13)]
    pub readiness: Option<Probe>,
    /// `startupProbe`.
    #[n(14)]
    pub startup: Option<Probe>,
    /// `lifecycle.postStart`.
    #[n(15)]
    pub post_start: Option<Hook>,
    /// `lifecycle.preStop`.
    #[n(16)]
    pub pre_stop: Option<Hook>,
    /// `resources.limits.cpu` in thousandths of a core.
    #[n(17)]
    pub cpu_limit_millis: Option<i64>,
    /// `resources.requests.cpu` in thousandths of a core.
    #[n(18)]
    pub cpu_request_millis: Option<i64>,
    /// Names of the volumes that it mounts.
    #[n(19)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub mounts: Vec<String>,
    /// Whether it requests memory, or has a limit, which then is the request.
    #[n(20)]
    #[cbor(skip_if = "is_false")]
    pub has_memory_request: bool,
}

/// `imagePullPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(index_only)]
pub enum PullPolicy {
    #[n(0)]
    Always,
    #[n(1)]
    IfNotPresent,
    #[n(2)]
    Never,
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnvVar {
    /// `name`.
    #[n(0)]
    pub name: String,
    /// `value`; none with `valueFrom`, which nobody knows here.
    #[n(1)]
    pub value: Option<String>,
}

/// A declared port.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(map)]
pub struct ContainerPort {
    #[n(0)]
    pub name: Option<String>,
    #[n(1)]
    pub container_port: i64,
    #[n(2)]
    pub host_port: Option<i64>,
}

/// A probe.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(map)]
pub struct Probe {
    /// JSON pointer of the probe.
    #[n(0)]
    pub pointer: Pointer,
    #[n(1)]
    #[cbor(decode_with = "decode_handler")]
    pub handler: Handler,
    #[n(2)]
    pub initial_delay_seconds: i64,
    #[n(3)]
    pub period_seconds: i64,
    #[n(4)]
    pub timeout_seconds: i64,
    #[n(5)]
    pub success_threshold: i64,
    #[n(6)]
    pub failure_threshold: i64,
    /// The probe's own `terminationGracePeriodSeconds`.
    #[n(7)]
    pub grace_period_seconds: Option<i64>,
}

/// How a probe asks, or what a hook does.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Handler {
    /// `httpGet`.
    #[n(0)]
    Http(#[n(0)] HttpGet),
    /// `tcpSocket`.
    #[n(1)]
    Tcp {
        /// The port to connect to.
        #[n(0)]
        port: Port,
        /// Another host than the pod.
        #[n(1)]
        host: Option<String>,
    },
    /// `grpc` (probes only).
    #[n(2)]
    Grpc {
        /// The port to ask.
        #[n(0)]
        port: i64,
        /// The service named in the health check; empty is the server as a whole.
        #[n(1)]
        service: String,
    },
    /// `exec`.
    #[n(3)]
    Exec {
        /// The command, without a shell.
        #[n(0)]
        command: Vec<String>,
    },
    /// `sleep` (hooks only).
    #[n(4)]
    Sleep {
        /// How long.
        #[n(0)]
        seconds: i64,
    },
    /// One that this version of the SDK does not know.
    #[n(5)]
    Unknown,
}

/// `httpGet`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HttpGet {
    /// Defaults to `/`.
    #[n(0)]
    pub path: String,
    /// The port to ask.
    #[n(1)]
    pub port: Port,
    /// Another host than the pod.
    #[n(2)]
    pub host: Option<String>,
    /// HTTP or HTTPS.
    #[n(3)]
    pub scheme: String,
    /// Name and value.
    #[n(4)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Port {
    /// By number.
    #[n(0)]
    Number(#[n(0)] i64),
    /// By the name of a declared port.
    #[n(1)]
    Name(#[n(0)] String),
}

/// A lifecycle hook.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hook {
    /// JSON pointer of the hook.
    #[n(0)]
    pub pointer: Pointer,
    /// What it does.
    #[n(1)]
    #[cbor(decode_with = "decode_handler")]
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
            || self.pod.restart_policy != RestartPolicy::Always
    }

    /// Whether it is a Pod by itself: no controller replaces it, and no rollout waits for it.
    pub fn is_bare_pod(&self) -> bool {
        matches!(self.controller, Controller::Pod) && self.kind == "Pod"
    }

    /// The selector and the number of the pods that it keeps; none for what has none of its own.
    pub fn scale(&self) -> Option<(&Selector, i64)> {
        match &self.controller {
            Controller::Deployment(spec) => Some((&spec.selector, spec.replicas)),
            Controller::StatefulSet(spec) => Some((&spec.selector, spec.replicas)),
            Controller::ReplicaSet(spec) => Some((&spec.selector, spec.replicas)),
            Controller::Rollout(spec) => Some((&spec.selector, spec.replicas)),
            _ => None,
        }
    }

    /// Whether it is one of Knative's kinds. Its controller fills in and resolves what it then gives to Kubernetes.
    pub fn is_knative(&self) -> bool {
        self.api_version.starts_with("serving.knative.dev/")
    }

    /// Whether a field could not be read, or something in it or around it: what the view has there is a default.
    pub fn is_unreadable(&self, field: &Pointer) -> bool {
        self.unreadable.iter().any(|unreadable| unreadable.is_within(field) || field.is_within(unreadable))
    }

    /// Whether it is a Helm test: all its hooks are test hooks, so it runs only when a person types `helm test`.
    pub fn is_helm_test(&self) -> bool {
        let is_test = |hook: &str| matches!(hook.trim(), "test" | "test-success");
        self.annotations.get("helm.sh/hook").is_some_and(|hooks| hooks.to_ascii_lowercase().split(',').all(is_test))
    }
}

impl PodTemplate {
    /// JSON pointer of a field of the pod's `spec`.
    pub fn spec(&self, field: &str) -> Pointer {
        self.pointer.join("spec").join(field)
    }

    /// JSON pointer of an annotation of the pod.
    pub fn annotation(&self, key: &str) -> Pointer {
        self.pointer.join("metadata/annotations").step(key)
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
    pub fn field(&self, field: &str) -> Pointer {
        self.pointer.join(field)
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
    pub fn field(&self, field: &str) -> Pointer {
        self.pointer.join(field)
    }
}

impl Probe {
    /// JSON pointer of one of its fields.
    pub fn field(&self, field: &str) -> Pointer {
        self.pointer.join(field)
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

/// A kind of controller that was added after this module was built is a custom one for it.
fn decode_controller<'b, C>(d: &mut Decoder<'b>, context: &mut C) -> Result<Controller, decode::Error> {
    or_unknown(d, context, Controller::Custom)
}

/// The same for a handler.
fn decode_handler<'b, C>(d: &mut Decoder<'b>, context: &mut C) -> Result<Handler, decode::Error> {
    or_unknown(d, context, Handler::Unknown)
}

fn or_unknown<'b, C, T: Decode<'b, C>>(d: &mut Decoder<'b>, context: &mut C, unknown: T) -> Result<T, decode::Error> {
    let start = d.position();
    match T::decode(d, context) {
        Err(error) if error.is_unknown_variant() => {
            d.set_position(start);
            d.skip().map(|()| unknown)
        }
        decoded => decoded,
    }
}
