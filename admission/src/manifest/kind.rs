//! Which kinds run pods, and where their pod template is.

/// A custom kind with a pod template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomKind {
    /// `argoproj.io`.
    pub group: String,
    /// `Rollout`.
    pub kind: String,
    /// JSON pointer of the pod template: `/spec/template`.
    pub pod_template: String,
    /// `rollouts`, as the API server's paths have it; guessed from the kind unless given.
    pub resource: Option<String>,
}

impl CustomKind {
    fn resource(&self) -> String {
        self.resource.clone().unwrap_or_else(|| plural(&self.kind))
    }
}

/// The kinds that are judged: Kubernetes' own, a few well-known custom ones, and those that the user configured.
#[derive(Debug, Clone)]
pub struct Kinds {
    custom: Vec<CustomKind>,
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
    /// A Knative `Service`, which may leave out names and ports of its containers.
    Knative,
    /// Any other kind with this pointer to its pod template.
    Custom(&'a str),
}

/// What an API version and a kind come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup<'a> {
    Judged(Kind<'a>),
    /// A list of objects.
    List,
    /// It runs no pods, as far as anybody knows.
    Other,
    /// A kind of Kubernetes' own in a group or version that does not have it; the ones that do.
    WrongVersion(&'static [&'static str]),
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

const KNATIVE: (&str, &str) = ("serving.knative.dev", "Service");
const WELL_KNOWN: [(&str, &str, &str); 2] =
    [("argoproj.io", "Rollout", "/spec/template"), ("apps.kruise.io", "CloneSet", "/spec/template")];

impl Default for Kinds {
    fn default() -> Self {
        let custom = |(group, kind, pod_template): (&str, &str, &str)| CustomKind {
            group: group.to_owned(),
            kind: kind.to_owned(),
            pod_template: pod_template.to_owned(),
            resource: None,
        };
        Self { custom: WELL_KNOWN.map(custom).into() }
    }
}

impl Kinds {
    /// Teaches custom kinds; a later one replaces an earlier one of the same group and kind.
    pub fn with(mut self, custom: impl IntoIterator<Item = CustomKind>) -> Self {
        for new in custom {
            self.custom.retain(|known| (&known.group, &known.kind) != (&new.group, &new.kind));
            self.custom.push(new);
        }
        self
    }

    /// Group and kind of everything that is judged.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let built_in = BUILT_IN.iter().map(|known| (group(known.versions[0]), known.name));
        let custom = self.custom.iter().map(|known| (known.group.as_str(), known.kind.as_str()));
        built_in.chain([KNATIVE]).chain(custom)
    }

    /// Group, kind and resource of everything that is judged.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str, String)> {
        self.iter().map(|(group, kind)| {
            let custom =
                self.custom.iter().find(|custom| (custom.group.as_str(), custom.kind.as_str()) == (group, kind));
            (group, kind, custom.map_or_else(|| plural(kind), CustomKind::resource))
        })
    }

    /// Whether it is none of Kubernetes' own, nor of Knative.
    pub fn is_custom(&self, group: &str, kind: &str) -> bool {
        self.custom.iter().any(|custom| custom.group == group && custom.kind == kind)
    }

    /// Whether an owner of that kind is judged itself.
    pub(super) fn judges(&self, api_version: &str, kind: &str) -> bool {
        matches!(self.look_up(api_version, kind), Lookup::Judged(_))
    }

    /// Whether something of that name is judged, in whatever group.
    pub(super) fn has_name(&self, kind: &str) -> bool {
        let name = kind.strip_suffix("List").filter(|item| !item.is_empty()).unwrap_or(kind);
        kind == "List" || self.iter().any(|(_, known)| known == name)
    }

    pub(super) fn look_up(&self, api_version: &str, kind: &str) -> Lookup<'_> {
        let group = group(api_version);
        if let Some(custom) = self.custom.iter().find(|custom| custom.group == group && custom.kind == kind) {
            return Lookup::Judged(Kind::Custom(&custom.pod_template));
        }
        if (group, kind) == KNATIVE {
            return Lookup::Judged(Kind::Knative);
        }
        if let Some(known) = BUILT_IN.iter().find(|known| known.name == kind) {
            return known.look_up(api_version, group);
        }
        match kind.strip_suffix("List") {
            Some("") if group.is_empty() => Lookup::List,
            Some(item) if !item.is_empty() && self.judges(api_version, item) => Lookup::List,
            _ => Lookup::Other,
        }
    }
}

impl Kind<'_> {
    /// JSON pointer of the object that has the pod's `metadata` and `spec`.
    pub(super) fn pod_template(&self) -> &str {
        match self {
            Kind::Pod => "",
            Kind::PodTemplate => "/template",
            Kind::CronJob => "/spec/jobTemplate/spec/template",
            Kind::Custom(pointer) => pointer,
            _ => "/spec/template",
        }
    }
}

impl BuiltIn {
    fn look_up(&self, api_version: &str, group: &str) -> Lookup<'static> {
        if self.versions.contains(&api_version) {
            return Lookup::Judged(self.kind);
        }
        // Only Kubernetes' own groups may do without a dot, so this one is a slip and not a custom kind.
        let own = !group.contains('.');
        if own { Lookup::WrongVersion(self.versions) } else { Lookup::Other }
    }
}

/// As Kubernetes guesses the resource of a kind, and as generators of custom kinds name it.
fn plural(kind: &str) -> String {
    let name = kind.to_lowercase();
    match name.char_indices().next_back() {
        Some((_, 's' | 'x')) => format!("{name}es"),
        Some((last, 'y')) => format!("{}ies", &name[..last]),
        _ => format!("{name}s"),
    }
}

/// The group of `apps/v1`; empty for `v1`.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_and_kind_decide_together() {
        let kinds = Kinds::default();
        let judged = |version, kind| matches!(kinds.look_up(version, kind), Lookup::Judged(_));
        assert!(judged("apps/v1", "Deployment"));
        assert!(judged("extensions/v1beta1", "Deployment"));
        assert!(judged("batch/v2alpha1", "CronJob"));
        assert!(judged("argoproj.io/v1alpha1", "Rollout"));
        assert!(judged("serving.knative.dev/v1", "Service"));
        assert_eq!(kinds.look_up("v1", "Service"), Lookup::Other);
        assert_eq!(kinds.look_up("batch.volcano.sh/v1alpha1", "Job"), Lookup::Other);
        assert_eq!(kinds.look_up("example.com/v1", "Rollout"), Lookup::Other);
        assert_eq!(kinds.look_up("app/v1", "Pod"), Lookup::WrongVersion(&["v1"]));
    }

    #[test]
    fn a_list_is_opened_where_it_can_hold_a_workload() {
        let kinds = Kinds::default();
        for (version, kind) in [("v1", "List"), ("apps/v1", "DeploymentList"), ("v1", "PodList")] {
            assert_eq!(kinds.look_up(version, kind), Lookup::List, "{version} {kind}");
        }
        assert_eq!(kinds.look_up("v1", "ConfigMapList"), Lookup::Other);
        assert_eq!(kinds.look_up("example.com/v1", "List"), Lookup::Other);
    }

    #[test]
    fn a_configured_kind_replaces_a_well_known_one() {
        let custom = CustomKind {
            group: "argoproj.io".into(),
            kind: "Rollout".into(),
            pod_template: "/spec/pod".into(),
            resource: None,
        };
        let kinds = Kinds::default().with([custom]);
        assert_eq!(kinds.look_up("argoproj.io/v1", "Rollout"), Lookup::Judged(Kind::Custom("/spec/pod")));
        assert_eq!(kinds.iter().filter(|known| *known == ("argoproj.io", "Rollout")).count(), 1);
    }
}
