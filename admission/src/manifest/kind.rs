//! Which kinds run pods, where their pod templates are, and which objects they make.

mod custom;
mod near;
mod rows;
mod templates;

pub use custom::CustomKind;
pub(super) use custom::Timing;
pub use templates::{PointerError, TemplatePointer};

pub(super) use templates::by_shape;

use super::api::Version;
use custom::plural;
use plimsoll_policy::Pointer;
use serde_json::{Map, Value};

/// The kinds that are judged: Kubernetes' own, well-known custom ones, and those that the user configured. Those of
/// Kubernetes are of one version of it.
#[derive(Debug, Clone)]
pub struct Kinds {
    custom: Vec<CustomKind>,
    kubernetes: Version,
}

/// A kind that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
    CronJob,
    Pod,
    PodTemplate,
    Custom(&'a CustomKind),
}

/// What an API version and a kind come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup<'a> {
    Judged(Kind<'a>),
    /// A list of objects, in this field.
    List(&'static str),
    /// A kind of Kubernetes itself, or of no API at all: it runs no pods.
    Other,
    /// A custom kind that nobody taught: it may have pod templates.
    Unknown,
    /// It is nearly a kind that is judged, and the API server has no such kind.
    Mistaken {
        /// Which of `apiVersion` and `kind` is wrong.
        field: &'static str,
        message: String,
    },
}

struct BuiltIn {
    name: &'static str,
    kind: Kind<'static>,
    /// Served first, then the removed ones.
    versions: &'static [&'static str],
}

const EXTENSIONS: &str = "extensions/v1beta1";

const BUILT_IN: [BuiltIn; 9] = [
    BuiltIn {
        name: "Deployment",
        kind: Kind::Deployment,
        versions: &["apps/v1", "apps/v1beta2", "apps/v1beta1", EXTENSIONS],
    },
    BuiltIn { name: "StatefulSet", kind: Kind::StatefulSet, versions: &["apps/v1", "apps/v1beta2", "apps/v1beta1"] },
    BuiltIn { name: "DaemonSet", kind: Kind::DaemonSet, versions: &["apps/v1", "apps/v1beta2", EXTENSIONS] },
    BuiltIn { name: "ReplicaSet", kind: Kind::ReplicaSet, versions: &["apps/v1", "apps/v1beta2", EXTENSIONS] },
    BuiltIn { name: "ReplicationController", kind: Kind::ReplicationController, versions: &["v1"] },
    BuiltIn { name: "Job", kind: Kind::Job, versions: &["batch/v1"] },
    BuiltIn { name: "CronJob", kind: Kind::CronJob, versions: &["batch/v1", "batch/v1beta1", "batch/v2alpha1"] },
    BuiltIn { name: "Pod", kind: Kind::Pod, versions: &["v1"] },
    BuiltIn { name: "PodTemplate", kind: Kind::PodTemplate, versions: &["v1"] },
];

/// Group and kind of an object.
type Name<'a> = (&'a str, &'a str);

/// What Kubernetes' own controllers make: owner and owned.
const MADE: [(Name<'static>, Name<'static>); 7] = [
    (("apps", "Deployment"), ("apps", "ReplicaSet")),
    (("apps", "ReplicaSet"), ("", "Pod")),
    (("apps", "StatefulSet"), ("", "Pod")),
    (("apps", "DaemonSet"), ("", "Pod")),
    (("", "ReplicationController"), ("", "Pod")),
    (("batch", "Job"), ("", "Pod")),
    (("batch", "CronJob"), ("batch", "Job")),
];

/// Kubernetes' own kinds that an operator may make.
const OWN: &[Name<'static>] = &[
    ("", "Pod"),
    ("", "ReplicationController"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("batch", "CronJob"),
    ("batch", "Job"),
];

/// Where OpenShift keeps the objects of a `Template`.
const TEMPLATE: (&str, &str) = ("template.openshift.io", "Template");

impl Default for Kinds {
    fn default() -> Self {
        Self { custom: rows::known().collect(), kubernetes: Version::default() }
    }
}

impl Kinds {
    /// Teaches custom kinds.
    pub fn with(mut self, custom: impl IntoIterator<Item = CustomKind>) -> Self {
        self.custom.extend(custom);
        self
    }

    /// The same for a version of Kubernetes.
    pub fn on(self, kubernetes: Version) -> Self {
        Self { kubernetes, ..self }
    }

    /// The version of Kubernetes that objects are for.
    pub fn kubernetes(&self) -> Version {
        self.kubernetes
    }

    /// Whether a kind is known without any configuration.
    pub fn knows(group: &str, kind: &str) -> bool {
        let own = BUILT_IN.iter().any(|known| known.name == kind && known.has_group(group));
        own || rows::ROWS.iter().any(|row| (row.group, row.kind) == (group, kind))
    }

    /// Group and kind of everything that is judged.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let built_in = BUILT_IN.iter().map(|known| (group(known.versions[0]), known.name));
        built_in.chain(self.custom.iter().map(|known| (known.group.as_str(), known.kind.as_str())))
    }

    /// Group, kind and resource of everything that is judged.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str, String)> {
        let built_in = BUILT_IN.iter().map(|known| (group(known.versions[0]), known.name, plural(known.name)));
        built_in.chain(self.custom.iter().map(|known| (known.group.as_str(), known.kind.as_str(), known.resource())))
    }

    /// Whether somebody configured it: it is neither Kubernetes' own nor one of the well-known kinds.
    pub fn is_configured(&self, group: &str, kind: &str) -> bool {
        !Self::knows(group, kind) && self.custom(group, kind).is_some()
    }

    /// The built-in custom kinds with the places that they were checked against: group, kind, pointers, source.
    pub fn well_known() -> impl Iterator<Item = (&'static str, &'static str, &'static [&'static str], &'static str)> {
        rows::ROWS.iter().map(|row| (row.group, row.kind, row.templates, row.source))
    }

    /// Whether an object is one that a controller of that kind makes out of an object that is judged itself.
    pub(super) fn makes(&self, owner: (&str, &str), owned: (&str, &str)) -> bool {
        let (owner, owned) = ((group(owner.0), owner.1), (group(owned.0), owned.1));
        let old_name = |(group, kind)| if group == "extensions" { ("apps", kind) } else { (group, kind) };
        let (owner, owned) = (old_name(owner), old_name(owned));
        let custom = self.custom(owner.0, owner.1);
        MADE.contains(&(owner, owned))
            || rows::BETWEEN.contains(&(owner, owned))
            || custom.is_some_and(|kind| kind.nature.makes.contains(&owned))
    }

    /// Whether an API version is one of Kubernetes' own workloads.
    pub(super) fn has_version(&self, api_version: &str) -> bool {
        BUILT_IN.iter().any(|known| known.versions.contains(&api_version))
    }

    /// Whether a document of that kind takes a parse, in whatever group it is: it is judged, or nearly.
    pub(super) fn has_name(&self, kind: &str) -> bool {
        let name = kind.strip_suffix("List").filter(|item| !item.is_empty()).unwrap_or(kind);
        let is_known = kind == "List" || kind == TEMPLATE.1 || self.iter().any(|(_, known)| known == name);
        is_known || near::is_near(kind, self.iter().map(|(_, known)| known)).is_some()
    }

    pub(super) fn look_up(&self, api_version: &str, kind: &str) -> Lookup<'_> {
        let group = group_of(api_version, kind);
        if let Some(kind) = self.judged(api_version, kind) {
            return Lookup::Judged(kind);
        }
        if (group, kind) == TEMPLATE {
            return Lookup::List("objects");
        }
        match kind.strip_suffix("List") {
            Some("") if group.is_empty() => return Lookup::List("items"),
            Some(item) if self.judged(api_version, item).is_some() => return Lookup::List("items"),
            _ => {}
        }
        match near::mistake(api_version, kind, self) {
            Some(mistaken) => mistaken,
            None if near::is_of_kubernetes(group) => Lookup::Other,
            None => Lookup::Unknown,
        }
    }

    fn judged(&self, api_version: &str, kind: &str) -> Option<Kind<'_>> {
        let custom = self.custom(group_of(api_version, kind), kind).map(Kind::Custom);
        custom.or_else(|| {
            let known = BUILT_IN.iter().find(|known| known.name == kind && known.versions.contains(&api_version))?;
            Some(known.kind)
        })
    }

    fn custom(&self, group: &str, kind: &str) -> Option<&CustomKind> {
        self.custom.iter().find(|custom| custom.is(group, kind))
    }
}

impl Kind<'_> {
    /// JSON pointers of the mappings that have a pod's `metadata` and `spec`. Those of Kubernetes' own kinds must be
    /// there; a custom kind may have none.
    pub(super) fn pod_templates(&self, root: &Map<String, Value>) -> Vec<Pointer> {
        match self {
            Kind::Pod => vec![Pointer::ROOT],
            Kind::PodTemplate => vec!["/template".into()],
            Kind::CronJob => vec!["/spec/jobTemplate/spec/template".into()],
            Kind::Custom(custom) => {
                let found = custom.pod_templates.iter().flat_map(|pointer| pointer.find(root));
                let mut all: Vec<Pointer> = found.collect();
                let mut seen = std::collections::BTreeSet::new();
                all.retain(|pointer| seen.insert(pointer.clone()));
                all
            }
            _ => vec!["/spec/template".into()],
        }
    }
}

impl BuiltIn {
    fn has_group(&self, wanted: &str) -> bool {
        self.versions.iter().any(|version| group(version) == wanted)
    }
}

/// The group of `apps/v1`; empty for `v1`.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// As [`group`], and for the kinds of OpenShift 3, which had none of their own.
fn group_of<'a>(api_version: &'a str, kind: &str) -> &'a str {
    match (api_version, kind) {
        ("v1", "DeploymentConfig") => "apps.openshift.io",
        ("v1", "Template") => TEMPLATE.0,
        _ => group(api_version),
    }
}

#[cfg(test)]
mod tests;
