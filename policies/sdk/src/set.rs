//! All objects of one namespace of one input, as rules about a set see them: typed, and no more than those rules read.

use crate::{
    Pointer, Workload,
    selector::{Selector, has_all},
    workload::{IntOrPercent, Map, Port},
};
use minicbor::{Decode, Encode};

/// All objects of one namespace of one input: of one file, of standard input, of one rendered chart, of the files of one
/// folder. There are none at the webhook.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Set {
    /// None where the manifests leave it to the command line.
    #[n(0)]
    pub namespace: Option<String>,
    /// Those that have a view, in the order of the input; a finding names one by its index.
    #[n(1)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub objects: Vec<Member>,
    /// Kinds of the other objects of the input, in whatever namespace: `LimitRange`, `Alertmanager.monitoring.coreos.com`.
    #[n(2)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub other_kinds: Vec<String>,
    /// Whether more belongs to it than is here: something could not be read, or stands elsewhere. That something is missing
    /// says nothing then.
    #[n(3)]
    #[cbor(skip_if = "is_false")]
    pub incomplete: bool,
}

/// One object of a set: its name, and a view of it.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Member {
    /// `v1`, `apps/v1`.
    #[n(0)]
    pub api_version: String,
    /// `Service`, `Deployment`.
    #[n(1)]
    pub kind: String,
    /// `metadata.name`, or `metadata.generateName`.
    #[n(2)]
    pub name: String,
    /// What it runs, defaults applied.
    #[n(3)]
    pub workload: Option<Workload>,
    /// What it sends traffic to.
    #[n(4)]
    pub service: Option<Service>,
    /// What it scales.
    #[n(5)]
    pub autoscaler: Option<Autoscaler>,
    /// How many pods it keeps from being evicted.
    #[n(6)]
    pub budget: Option<DisruptionBudget>,
    /// What it asks of storage.
    #[n(7)]
    pub claim: Option<Claim>,
    /// Whether the text of the workload has `spec.replicas`. Only rules about a set may ask: they never see an object with
    /// the API server's defaults filled in.
    #[n(8)]
    #[cbor(skip_if = "is_false")]
    pub writes_replicas: bool,
}

/// `spec` of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Service {
    /// The labels that its pods have; empty for one whose endpoints are managed elsewhere.
    #[n(0)]
    #[cbor(skip_if = "Map::is_empty")]
    pub selector: Map,
    /// Whether it has no address of its own: `clusterIP: None`.
    #[n(1)]
    #[cbor(skip_if = "is_false")]
    pub headless: bool,
    /// Its ports.
    #[n(2)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub ports: Vec<ServicePort>,
}

/// One of the `ports` of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ServicePort {
    /// Its name, if it has one.
    #[n(0)]
    pub name: Option<String>,
    /// Its number.
    #[n(1)]
    pub port: i64,
    /// The port of the pods, if it is written.
    #[n(2)]
    pub target: Option<Port>,
}

/// `spec` of a HorizontalPodAutoscaler or of a KEDA ScaledObject.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Autoscaler {
    /// `apiVersion` of `scaleTargetRef`.
    #[n(0)]
    pub target_api_version: String,
    /// `kind` of `scaleTargetRef`.
    #[n(1)]
    pub target_kind: String,
    /// `name` of `scaleTargetRef`.
    #[n(2)]
    pub target_name: String,
    /// The fewest replicas, which may be 0.
    #[n(3)]
    pub min_replicas: i64,
    /// The most replicas.
    #[n(4)]
    pub max_replicas: i64,
    /// The metrics that are a percentage of what the pods request.
    #[n(5)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub utilization: Vec<Utilization>,
}

/// A metric that is a percentage of what the pods request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Utilization {
    /// Where the metric is, or where it belongs.
    #[n(0)]
    pub pointer: Pointer,
    /// `cpu` or `memory`.
    #[n(1)]
    pub resource: String,
    /// The one container that is measured; none where it is the whole pod.
    #[n(2)]
    pub container: Option<String>,
}

/// `spec` of a PodDisruptionBudget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DisruptionBudget {
    /// Its pods; none where it has no selector, or an empty one in `policy/v1beta1`: then it selects no pods.
    #[n(0)]
    pub selector: Option<Selector>,
    /// `minAvailable`, which rounds up.
    #[n(1)]
    pub min_available: Option<IntOrPercent>,
    /// `maxUnavailable`, which rounds up.
    #[n(2)]
    pub max_unavailable: Option<IntOrPercent>,
}

/// `spec` of a PersistentVolumeClaim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claim {
    /// `ReadWriteOnce` and so on.
    #[n(0)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub access_modes: Vec<String>,
}

impl Service {
    /// Where its selector is.
    pub fn selector_pointer() -> Pointer {
        Pointer::ROOT.join("spec/selector")
    }

    /// Whether it selects pods with these labels.
    pub fn selects(&self, labels: &Map) -> bool {
        !self.selector.is_empty() && has_all(labels, &self.selector)
    }
}

impl Autoscaler {
    /// Whether this is what it scales. The version of the group does not matter.
    pub fn scales(&self, workload: &Workload) -> bool {
        let group =
            |api_version: &str| api_version.split_once('/').map_or(String::new(), |(group, _)| group.to_owned());
        self.target_name == workload.name
            && self.target_kind == workload.kind
            && group(&self.target_api_version) == group(&workload.api_version)
    }
}

impl DisruptionBudget {
    /// Whether it protects pods with these labels.
    pub fn selects(&self, labels: &Map) -> bool {
        self.selector.as_ref().is_some_and(|selector| selector.selects(labels))
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
