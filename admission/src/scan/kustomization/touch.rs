//! What may change the image of a container: an entry under `images`, a patch, a replacement, a transformer.

use super::file::parse;
use plimsoll_policy::{Workload, workload::Container};
use serde_json::Value;
use std::collections::BTreeSet;

/// One thing of a kustomization that may change an image.
#[derive(Debug, Clone)]
pub(super) enum Touch {
    /// An entry under `images` for this name.
    Image(String),
    /// A patch or a replacement.
    Patch { field: &'static str, target: Target, patch: Patch },
    /// Something that may change anything, in this field.
    Anything(&'static str),
}

/// Which objects a patch is for. What it does not say matches everything; so does what is a pattern.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    kind: Option<String>,
    name: Option<String>,
    pub(super) is_given: bool,
}

/// What a patch changes.
#[derive(Debug, Clone)]
pub(super) enum Patch {
    /// Paths of operations that change something.
    Operations(Vec<String>),
    /// The images of containers with these names.
    Images(BTreeSet<String>),
    /// It does not parse, deletes or replaces.
    Unknown,
}

impl Touch {
    /// The field of the kustomization that may change the image of a container.
    pub(super) fn field(&self, workload: &Workload, container: &Container) -> Option<&'static str> {
        match self {
            Touch::Image(name) => (image_name(&container.image) == name).then_some("images"),
            Touch::Patch { field, target, patch } => {
                (target.matches(workload) && patch.may_change_image(container)).then_some(field)
            }
            Touch::Anything(field) => Some(field),
        }
    }
}

/// The image without tag and digest, as kustomize and Skaffold compare it.
pub(super) fn image_name(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    name[last..].find(':').map_or(name, |colon| &name[..last + colon])
}

impl Target {
    /// Of a `target` or `select`.
    pub(super) fn of(value: Option<&Value>) -> Self {
        let text = |field: &str| value?.get(field)?.as_str().filter(|text| is_plain(text)).map(str::to_owned);
        Target { kind: text("kind"), name: text("name"), is_given: value.is_some() }
    }

    /// Of the object that a strategic merge patch is a part of.
    pub(super) fn of_patch(text: &str) -> Self {
        let Some(value) = parse(text) else { return Target::default() };
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Target { kind: text("/kind"), name: text("/metadata/name"), is_given: false }
    }

    /// Kustomize compares the name that the object has after its prefixes and suffixes, and the one before.
    fn matches(&self, workload: &Workload) -> bool {
        let is_kind = self.kind.as_ref().is_none_or(|kind| *kind == workload.kind);
        is_kind && self.name.as_ref().is_none_or(|name| name.contains(&workload.name))
    }
}

/// Not a regular expression.
fn is_plain(text: &str) -> bool {
    text.chars().all(|char| char.is_ascii_alphanumeric() || char == '-')
}

impl Patch {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Array(operations) => {
                let changes = operations.iter().filter(|operation| operation.get("op") != Some(&"test".into()));
                let paths = changes.map(|operation| operation.get("path").and_then(Value::as_str).unwrap_or_default());
                Patch::Operations(paths.map(str::to_owned).collect())
            }
            Value::Object(_) => {
                let mut containers = BTreeSet::new();
                if images(value, &mut containers) { Patch::Images(containers) } else { Patch::Unknown }
            }
            _ => Patch::Unknown,
        }
    }

    fn may_change_image(&self, container: &Container) -> bool {
        match self {
            Patch::Unknown => true,
            Patch::Images(containers) => containers.contains(&container.name),
            Patch::Operations(paths) => {
                let image = format!("{}/image", container.pointer);
                paths.iter().any(|path| leads_to(path, &image))
            }
        }
    }
}

/// Whether a path is that of a field or of something that it is in.
fn leads_to(path: &str, field: &str) -> bool {
    field.strip_prefix(path.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Collects the names of the containers whose image a patch has; false where it deletes or replaces.
fn images(value: &Value, containers: &mut BTreeSet<String>) -> bool {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("$patch") {
                return false;
            }
            if let (Some(Value::String(name)), true) = (fields.get("name"), fields.contains_key("image")) {
                containers.insert(name.clone());
            }
            fields.values().all(|value| images(value, containers))
        }
        Value::Array(items) => items.iter().all(|item| images(item, containers)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_image_has_a_name_without_tag_and_digest() {
        for (image, name) in [
            ("nginx", "nginx"),
            ("nginx:1.27", "nginx"),
            ("host:5000/app", "host:5000/app"),
            ("host:5000/app:v1@sha256:00", "host:5000/app"),
        ] {
            assert_eq!(image_name(image), name);
        }
    }

    #[test]
    fn a_path_leads_to_what_it_holds() {
        let image = "/spec/template/spec/containers/0/image";
        for (path, expected) in [
            ("/spec/template/spec/containers/0/image", true),
            ("/spec/template/spec/containers/0", true),
            ("/spec/template", true),
            ("", true),
            ("/spec/template/spec/containers/1/image", false),
            ("/spec/template/spec/containers/-", false),
            ("/spec/temp", false),
            ("/spec/replicas", false),
        ] {
            assert_eq!(leads_to(path, image), expected, "{path}");
        }
    }

    #[test]
    fn a_patch_names_the_containers_whose_images_it_has() {
        let patch =
            |containers: Value| Patch::of(&json!({ "spec": { "template": { "spec": { "containers": containers } } } }));
        let names = |patch: Patch| match patch {
            Patch::Images(names) => names.into_iter().collect::<Vec<_>>(),
            other => vec![format!("{other:?}")],
        };
        assert_eq!(names(patch(json!([{ "name": "a", "image": "a:1" }, { "name": "b", "env": [] }]))), ["a"]);
        assert_eq!(names(patch(json!([{ "name": "a", "$patch": "delete" }]))), ["Unknown"]);
    }
}
