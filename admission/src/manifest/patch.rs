//! Parts of an object, which kustomize merges into another. They are not objects, and nothing is wrong with them.

use super::{
    FieldError,
    defaults::defaults_selector,
    field::{Node, Result},
    kind::Kind,
};
use plimsoll_policy::Pointer;
use serde_json::{Map, Value};
use std::fmt;

/// What makes a document a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PatchMark {
    /// A kustomization lists its file in this field.
    Listed(&'static str),
    /// It has the field `$patch`.
    Directive,
    /// No container has an image.
    NoImages,
    /// It is a list of operations (RFC 6902).
    Operations,
}

impl fmt::Display for PatchMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatchMark::Listed(field) => write!(f, "listed under `{field}`"),
            PatchMark::Directive => f.write_str("it has `$patch`"),
            PatchMark::NoImages => f.write_str("no container with an image"),
            PatchMark::Operations => f.write_str("a list of operations"),
        }
    }
}

const DIRECTIVE: &str = "$patch";

/// RFC 6902: a list of operations.
pub(super) fn is_json_patch(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.get("op").is_some() && item.get("path").is_some())
}

/// What makes a patch of an object with pod templates at these pointers. A field of the wrong type never does.
pub(super) fn mark(root: &Map<String, Value>, kind: Kind<'_>, templates: &[Pointer]) -> Option<PatchMark> {
    let pods: Vec<Pod<'_>> = templates.iter().map(|template| Pod::at(root, template)).collect();
    if pods.iter().any(|pod| pod.has_directive) || root.contains_key(DIRECTIVE) {
        return Some(PatchMark::Directive);
    }
    let may_lack_images = matches!(kind, Kind::Custom(custom) if custom.nature.image);
    let lacks_images = !may_lack_images && pods.iter().all(Pod::lacks_images);
    lacks_images.then_some(PatchMark::NoImages)
}

/// What there is of a pod template.
struct Pod<'a> {
    containers: Containers<'a>,
    has_directive: bool,
}

enum Containers<'a> {
    /// There is nothing, or nothing that leads to them.
    Missing,
    There(&'a [Value]),
    /// Something on the way has the wrong type.
    Wrong,
}

impl<'a> Pod<'a> {
    fn at(root: &'a Map<String, Value>, template: &str) -> Self {
        let mut has_directive = false;
        let mut look = |value: &Value| has_directive |= value.get(DIRECTIVE).is_some();
        let containers = containers(root, template, &mut look);
        if let Containers::There(all) = &containers {
            all.iter().for_each(look);
        }
        Pod { containers, has_directive }
    }

    fn lacks_images(&self) -> bool {
        match self.containers {
            Containers::Missing => true,
            Containers::Wrong | Containers::There([]) => false,
            Containers::There(all) => all.iter().all(|container| container.is_object() && !has_image(container)),
        }
    }
}

/// Goes down to the containers and looks at each mapping on the way.
fn containers<'a>(root: &'a Map<String, Value>, template: &str, look: &mut impl FnMut(&Value)) -> Containers<'a> {
    let mut steps = Pointer::steps_of(template).chain(["spec".into(), "containers".into()]);
    let first = steps.next().unwrap_or_default();
    let Some(mut value) = root.get(&*first) else { return Containers::Missing };
    for step in steps {
        look(value);
        let inner = match value {
            Value::Object(fields) => fields.get(&*step),
            Value::Array(items) => match step.parse::<usize>() {
                Ok(index) => items.get(index),
                Err(_) => return Containers::Wrong,
            },
            Value::Null => None,
            _ => return Containers::Wrong,
        };
        match inner {
            Some(inner) => value = inner,
            None => return Containers::Missing,
        }
    }
    match value {
        Value::Array(all) => Containers::There(all),
        Value::Null => Containers::Missing,
        _ => Containers::Wrong,
    }
}

fn has_image(container: &Value) -> bool {
    container.get("image").is_some_and(|image| !image.is_null() && image.as_str() != Some(""))
}

/// The API server refuses a workload that does not say which pods are its own.
pub(super) fn require_selector(root: &Node<'_>, kind: Kind<'_>, api_version: &str) -> Result<()> {
    let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet];
    if !kinds.contains(&kind) || defaults_selector(kind, api_version) {
        return Ok(());
    }
    match root.object("spec")? {
        Some(spec) if !spec.has("selector") => {
            let name = root.text("kind")?.unwrap_or_default();
            spec.refuse("selector", format!("`selector` is missing: the API server refuses a {name} without it"))
        }
        _ => Ok(()),
    }
}

/// A Rollout may refer to a Deployment instead of holding a pod template.
pub(super) fn refers_to_another_workload(root: &Map<String, Value>) -> bool {
    root.get("spec").and_then(|spec| spec.get("workloadRef")).is_some_and(Value::is_object)
}

/// The error of an object that has no kind, or no API version.
pub(super) fn missing(field: &str) -> FieldError {
    FieldError { pointer: Pointer::ROOT.step(field), message: format!("`{field}` is missing") }
}
