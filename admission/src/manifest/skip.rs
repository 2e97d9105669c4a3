//! Why an object is not judged.

use super::PatchMark;
use plimsoll_policy::Pointer;
use std::fmt;

/// Why an object, or a part of one, is not judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// Its kind runs no pods.
    OtherKind,
    /// No Kubernetes object: the values of a chart, a pipeline, a compose file.
    NoKind,
    /// Part of an object, to be merged into another.
    KustomizePatch(PatchMark),
    /// It is judged at its controller owner, or at the workload that it refers to.
    Owned,
    /// It is being deleted.
    BeingDeleted,
    /// A custom kind that nobody taught, with pod templates.
    UnknownKind {
        /// Its API group.
        group: String,
        /// Its kind.
        kind: String,
        /// Pointers to them, with `*` for each item of a list.
        templates: Vec<Pointer>,
    },
    /// Pod templates of a custom kind that none of its pointers leads to.
    NotCovered {
        /// Its API group.
        group: String,
        /// Its kind.
        kind: String,
        /// Pointers to them, with `*` for each item of a list.
        templates: Vec<Pointer>,
    },
    /// There is nothing at the pointers of its custom kind.
    NoPodTemplate {
        /// Its API group.
        group: String,
        /// Its kind.
        kind: String,
        /// The pointers.
        pointers: Vec<String>,
    },
    /// An image that a parameter of an OpenShift `Template` gives, which has no value there.
    ImageParameter,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Skip::OtherKind => f.write_str("not a workload"),
            Skip::NoKind => f.write_str("not a Kubernetes object"),
            Skip::KustomizePatch(mark) => write!(f, "kustomize patch ({mark})"),
            Skip::Owned => f.write_str("judged at its owner"),
            Skip::BeingDeleted => f.write_str("being deleted"),
            Skip::UnknownKind { group, kind, .. } => write!(f, "custom kind with a pod template: {group}/{kind}"),
            Skip::NotCovered { group, kind, templates } => {
                write!(f, "pod template outside of the pointers of {group}/{kind}: {}", shown(templates))
            }
            Skip::NoPodTemplate { group, kind, pointers } => {
                write!(f, "{group}/{kind} without a pod template at {}", shown(pointers))
            }
            Skip::ImageParameter => f.write_str("image from a template parameter without a value"),
        }
    }
}

impl Skip {
    /// What to write into the configuration so that it is judged.
    pub fn advice(&self) -> Option<String> {
        let (Skip::UnknownKind { group, kind, templates } | Skip::NotCovered { group, kind, templates }) = self else {
            return None;
        };
        let pointer = match templates.as_slice() {
            [only] => quoted(only),
            several => format!("[{}]", several.iter().map(|pointer| quoted(pointer)).collect::<Vec<_>>().join(", ")),
        };
        Some(format!("workloads: [{{ group: {group}, kind: {kind}, podTemplate: {pointer} }}]"))
    }
}

fn shown(pointers: &[impl fmt::Display]) -> String {
    pointers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// As YAML: a pointer may be empty, and have characters that flow style reads otherwise.
fn quoted(pointer: &str) -> String {
    let is_plain = pointer.chars().all(|char| char.is_ascii_alphanumeric() || "/*~._-".contains(char));
    if is_plain && !pointer.is_empty() { pointer.to_owned() } else { format!("{pointer:?}") }
}
