//! A custom kind: where its pod templates are, and what its operator makes of them.

use super::templates::TemplatePointer;

/// A custom kind with pod templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomKind {
    /// `argoproj.io`.
    pub group: String,
    /// `Rollout`.
    pub kind: String,
    /// Where its pod templates are; at least one.
    pub pod_templates: Vec<TemplatePointer>,
    /// `rollouts`, as the API server's paths have it; guessed from the kind unless given.
    pub resource: Option<String>,
    /// What only a built-in row tells; the default for one that was configured.
    pub(in crate::manifest) nature: Nature,
}

/// What an operator makes of a custom kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) struct Nature {
    /// Group and kind of the objects that it owns as a controller.
    pub(super) makes: &'static [(&'static str, &'static str)],
    /// Whether its pods run to completion.
    pub(in crate::manifest) ends: bool,
    /// Whether Knative's own defaults and field names hold.
    pub(in crate::manifest) knative: bool,
    /// Whether the operator fills in the image of a container that has none.
    pub(in crate::manifest) image: bool,
    /// The readiness probe that the operator gives a pod without one.
    pub(in crate::manifest) readiness: Option<Timing>,
    /// The liveness probe that the operator gives a pod without one.
    pub(in crate::manifest) liveness: Option<Timing>,
    /// The grace period where none is written.
    pub(in crate::manifest) grace: Option<i64>,
}

/// Fields of a probe, in seconds and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) struct Timing {
    pub(in crate::manifest) delay: i64,
    pub(in crate::manifest) period: i64,
    pub(in crate::manifest) timeout: i64,
    pub(in crate::manifest) failures: i64,
}

/// Nothing is known of the operator of a configured kind: whatever Kubernetes itself judges, it may have made.
impl Default for Nature {
    fn default() -> Self {
        Nature {
            makes: super::OWN,
            ends: false,
            knative: false,
            image: false,
            readiness: None,
            liveness: None,
            grace: None,
        }
    }
}

impl CustomKind {
    /// One that was configured.
    pub fn new(group: String, kind: String, pod_templates: Vec<TemplatePointer>, resource: Option<String>) -> Self {
        CustomKind { group, kind, pod_templates, resource, nature: Nature::default() }
    }

    /// The resource, guessed where it is not given.
    pub(super) fn resource(&self) -> String {
        self.resource.clone().unwrap_or_else(|| plural(&self.kind))
    }

    pub(in crate::manifest) fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

/// As Kubernetes guesses the resource of a kind, and as generators of custom kinds name it.
pub(super) fn plural(kind: &str) -> String {
    let name = kind.to_lowercase();
    match name.char_indices().next_back() {
        Some((_, 's' | 'x')) => format!("{name}es"),
        Some((_, 'h')) if name.ends_with("ch") || name.ends_with("sh") => format!("{name}es"),
        Some((last, 'y')) => format!("{}ies", &name[..last]),
        _ => format!("{name}s"),
    }
}
