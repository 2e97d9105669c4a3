//! Where the pod templates of an object are: by the pointers of its kind, and by the shape of the object.

use plimsoll_policy::Pointer;
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// A JSON pointer in which `*` stands for each item of a list, or each value of a mapping. The empty one is for a kind
/// that is written like a Pod: its own `spec` has the containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplatePointer {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Each,
}

/// Why a text is not such a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a JSON pointer; write it like /spec/template, with `*` for each item of a list")]
pub struct PointerError;

impl FromStr for TemplatePointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(TemplatePointer { text: String::new(), steps: Vec::new() });
        }
        let path = text.strip_prefix('/').ok_or(PointerError)?;
        let step = |step: &str| match step {
            "*" => Ok(Step::Each),
            "" => Err(PointerError),
            _ if has_bad_escape(step) => Err(PointerError),
            _ => Ok(Step::Field(step.replace("~1", "/").replace("~0", "~"))),
        };
        Ok(TemplatePointer { text: text.to_owned(), steps: path.split('/').map(step).collect::<Result<_, _>>()? })
    }
}

fn has_bad_escape(step: &str) -> bool {
    step.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1']))
}

impl fmt::Display for TemplatePointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TemplatePointer {
    /// Pointers to every mapping of an object that this one leads to, in the order of the object.
    pub(in crate::manifest) fn find(&self, root: &Map<String, Value>) -> Vec<Pointer> {
        let mut found = Vec::new();
        match self.steps.split_first() {
            None => found.push(Pointer::ROOT),
            Some((Step::Field(name), rest)) => {
                if let Some(value) = root.get(name) {
                    descend(value, Pointer::ROOT.step(name), rest, &mut found);
                }
            }
            Some((Step::Each, rest)) => {
                for (name, value) in root {
                    descend(value, Pointer::ROOT.step(name), rest, &mut found);
                }
            }
        }
        found
    }

    /// Whether it leads to what [`by_shape`] found at this pointer.
    pub(in crate::manifest) fn covers(&self, shape: &str) -> bool {
        let mut found = Pointer::steps_of(shape);
        let same = |step: &Step| match (step, found.next()) {
            (Step::Each, Some(_)) => true,
            (Step::Field(name), Some(step)) => *name == step,
            (_, None) => false,
        };
        self.steps.iter().all(same) && found.next().is_none()
    }
}

fn descend(value: &Value, pointer: Pointer, steps: &[Step], found: &mut Vec<Pointer>) {
    match (steps.split_first(), value) {
        (None, Value::Object(_)) => found.push(pointer),
        (Some((Step::Field(name), rest)), Value::Object(fields)) => {
            if let Some(value) = fields.get(name) {
                descend(value, pointer.step(name), rest, found);
            }
        }
        (Some((Step::Each, rest)), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                descend(item, pointer.step(index), rest, found);
            }
        }
        (Some((Step::Each, rest)), Value::Object(fields)) => {
            for (name, value) in fields {
                descend(value, pointer.step(name), rest, found);
            }
        }
        _ => {}
    }
}

/// What looks like a pod template in an object, wherever it is: a mapping with `spec.containers`, of which each has a
/// name and an image. Pointers with `*` for the items of lists, each once. A single pass over the object.
pub(in crate::manifest) fn by_shape(root: &Map<String, Value>) -> BTreeSet<Pointer> {
    let mut found = BTreeSet::new();
    if holds_containers(root) {
        found.insert(Pointer::ROOT);
    }
    // What the API server and operators write is not a workload, and `metadata` may hold a copy of the object.
    for (name, value) in root.iter().filter(|(name, _)| !matches!(name.as_str(), "metadata" | "status")) {
        let mut pointer = Pointer::ROOT.step(name);
        search(value, &mut pointer, &mut found);
    }
    found
}

fn search(value: &Value, pointer: &mut Pointer, found: &mut BTreeSet<Pointer>) {
    let length = pointer.len();
    match value {
        Value::Object(fields) => {
            if holds_containers(fields) {
                found.insert(pointer.clone());
            }
            for (name, value) in fields.iter().filter(|(name, _)| name.len() <= LONGEST_NAME) {
                pointer.push(name);
                search(value, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            pointer.push("*");
            for item in items {
                search(item, pointer, found);
            }
            pointer.truncate(length);
        }
        _ => {}
    }
}

/// Keys are no longer, so that a pointer is short however often it is copied.
const LONGEST_NAME: usize = 253;

fn holds_containers(template: &Map<String, Value>) -> bool {
    template.get("spec").and_then(|spec| spec.get("containers")).is_some_and(are_containers)
}

fn are_containers(value: &Value) -> bool {
    let is_text = |container: &Value, field: &str| container.get(field).is_some_and(Value::is_string);
    let containers = value.as_array().map(Vec::as_slice).unwrap_or_default();
    !containers.is_empty()
        && containers.iter().all(|container| is_text(container, "name") && is_text(container, "image"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn root(value: &Value) -> Map<String, Value> {
        value.as_object().expect("a mapping").clone()
    }

    #[test]
    fn a_star_stands_for_each_item_and_each_value() {
        let object = root(&json!({ "spec": {
            "template": {},
            "tasks": [{ "template": {} }, { "name": "none" }, { "template": {} }, "text"],
            "replicaSpecs": { "Master": { "template": {} }, "a/b": { "template": {} } },
            "list": [[{}]],
            "text": "x",
        } }));
        for (pointer, expected) in [
            ("/spec/template", ["/spec/template"].as_slice()),
            ("/spec/tasks/*/template", &["/spec/tasks/0/template", "/spec/tasks/2/template"]),
            (
                "/spec/replicaSpecs/*/template",
                &["/spec/replicaSpecs/Master/template", "/spec/replicaSpecs/a~1b/template"],
            ),
            ("/spec/replicaSpecs/a~1b/template", &["/spec/replicaSpecs/a~1b/template"]),
            ("/spec/list/*/*", &["/spec/list/0/0"]),
            ("", &[""]),
            ("/spec/text", &[]),
            ("/spec/missing/*/template", &[]),
        ] {
            assert_eq!(pointer.parse::<TemplatePointer>().expect("a pointer").find(&object), expected, "{pointer}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_pointer() {
        for text in ["spec", "spec/template", "/", "/spec//template", "/spec/", "/a~2", "/a~"] {
            assert_eq!(text.parse::<TemplatePointer>(), Err(PointerError), "{text:?}");
        }
    }

    #[test]
    fn finds_pod_templates_by_their_shape() {
        let pod = json!({ "spec": { "containers": [{ "name": "a", "image": "a:1" }] } });
        let object = root(&json!({
            "metadata": { "copy": pod },
            "spec": {
                "template": pod,
                "groups": [{ "template": pod }, { "template": pod }],
                "nameless": { "spec": { "containers": [{ "image": "a:1" }] } },
                "empty": { "spec": { "containers": [] } },
            },
            "status": { "seen": pod },
        }));
        assert_eq!(by_shape(&object).into_iter().collect::<Vec<_>>(), ["/spec/groups/*/template", "/spec/template"]);
        for (pointer, covered) in [
            ("/spec/template", [false, true]),
            ("/spec/groups/*/template", [true, false]),
            ("/spec/*/*/template", [true, false]),
            ("/spec/groups", [false, false]),
        ] {
            let pointer: TemplatePointer = pointer.parse().expect("a pointer");
            let found = ["/spec/groups/*/template", "/spec/template"].map(|shape| pointer.covers(shape));
            assert_eq!(found, covered, "{pointer}");
        }
        assert_eq!(by_shape(&root(&pod)).into_iter().collect::<Vec<_>>(), [""]);
    }
}
