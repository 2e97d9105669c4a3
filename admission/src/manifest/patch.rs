//! Parts of an object, which kustomize merges into another. They are no objects, and nothing is wrong with them.

use super::{
    FieldError,
    defaults::defaults_selector,
    field::{Node, Result},
    kind::Kind,
};
use plimsoll_policy::Pointer;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Whether an object of that kind lacks what only a patch can lack. A field of the wrong type is an error, and never
/// makes a patch.
pub(super) fn is_patch(root: &Map<String, Value>, kind: Kind<'_>, api_version: &str) -> Result<bool> {
    let root = Node::root(root);
    let steps: Vec<_> = Pointer::steps_of(kind.pod_template()).collect();
    if root.has(DIRECTIVE) || lacks_selector(&root, kind, api_version)? {
        return Ok(true);
    }
    is_patch_below(&root, &steps, needs_selector(kind, api_version))
}

const DIRECTIVE: &str = "$patch";

/// RFC 6902: a list of operations.
pub(super) fn is_json_patch(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.get("op").is_some() && item.get("path").is_some())
}

fn needs_selector(kind: Kind<'_>, api_version: &str) -> bool {
    let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet];
    kinds.contains(&kind) && !defaults_selector(kind, api_version)
}

fn lacks_selector(root: &Node<'_>, kind: Kind<'_>, api_version: &str) -> Result<bool> {
    if !needs_selector(kind, api_version) {
        return Ok(false);
    }
    let Some(spec) = root.object("spec")? else { return Ok(true) };
    Ok(spec.object("selector")?.is_none())
}

fn is_patch_below(node: &Node<'_>, steps: &[Cow<'_, str>], has_selector: bool) -> Result<bool> {
    if node.has(DIRECTIVE) {
        return Ok(true);
    }
    match steps.split_first() {
        None => match node.object("spec")? {
            None => Ok(true),
            Some(spec) => lacks_images(&spec, has_selector),
        },
        Some((step, rest)) => match node.object(step)? {
            None => Ok(true),
            Some(inner) => is_patch_below(&inner, rest, has_selector),
        },
    }
}

/// With a selector it is a whole object, unless no container has an image at all: then the image was forgotten.
fn lacks_images(spec: &Node<'_>, has_selector: bool) -> Result<bool> {
    if !spec.has("containers") || spec.has(DIRECTIVE) {
        return Ok(true);
    }
    let containers = spec.objects("containers")?;
    if containers.is_empty() {
        return spec.refuse("containers", "a pod has at least one container");
    }
    if containers.iter().any(|container| container.has(DIRECTIVE)) {
        return Ok(true);
    }
    let with_image = containers.iter().filter(|container| has_image(container)).count();
    Ok(with_image == 0 || (with_image < containers.len() && !has_selector))
}

fn has_image(container: &Node<'_>) -> bool {
    container.get("image").is_some_and(|image| image.as_str() != Some(""))
}

/// A Rollout may refer to a Deployment instead of holding a pod template.
pub(super) fn refers_to_another_workload(root: &Map<String, Value>) -> bool {
    root.get("spec").and_then(|spec| spec.get("workloadRef")).is_some_and(Value::is_object)
}

/// The error of an object that has no kind, or no API version.
pub(super) fn missing(field: &str) -> FieldError {
    FieldError { pointer: Pointer::ROOT.step(field), message: format!("`{field}` is missing") }
}
