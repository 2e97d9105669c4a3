//! What an operator puts into the pods of a custom kind where the object does not say it: applied before the API
//! server's defaults. The object's author wrote none of it, so findings about it are not theirs.

use super::kind::{CustomKind, Timing};
use plimsoll_policy::Pointer;
use serde_json::{Map, Value, json};

mod knative;

/// Stands for an image that is not in the text: pinned, and of no registry, so that no rule about images has a say.
const NO_IMAGE: &str =
    "filled-in.invalid/image@sha256:0000000000000000000000000000000000000000000000000000000000000000";

type Fields = Map<String, Value>;

/// Pointers of what was filled in, and whether the object has Knative's field names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilledIn {
    pointers: Vec<Pointer>,
    knative: bool,
}

impl FilledIn {
    /// Whether a field, or what it is in, was filled in.
    pub fn has(&self, pointer: &str) -> bool {
        let is_at_or_below = |filled: &Pointer| {
            pointer.strip_prefix(filled.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.pointers.iter().any(is_at_or_below)
    }

    /// A pointer or a text with the names of the fields that the object really has: Knative calls the grace period
    /// `timeoutSeconds`.
    pub fn in_own_words(&self, text: &mut String) {
        if self.knative && text.contains(knative::GRACE) {
            *text = text.replace(knative::GRACE, knative::TIMEOUT);
        }
    }
}

/// Fills in what the operator of a kind does. `unknown` are pointers of images whose value is not in the text.
pub(super) fn fill(
    kind: Option<&CustomKind>,
    root: &mut Fields,
    templates: &[Pointer],
    unknown: &[Pointer],
) -> FilledIn {
    let mut filled = FilledIn { pointers: Vec::new(), knative: kind.is_some_and(|kind| kind.nature.knative) };
    for template in templates {
        let Some(spec) =
            at(root, template).and_then(|template| template.get_mut("spec")).and_then(Value::as_object_mut)
        else {
            continue;
        };
        let mut pod = Pod { pointer: format!("{template}/spec"), spec, filled: &mut filled };
        if let Some(kind) = kind {
            pod.of_kind(kind);
        }
        pod.unknown_images(unknown);
    }
    filled
}

/// Whether the pod template at a pointer has containers of its own.
pub(super) fn has_containers(root: &Fields, template: &str) -> bool {
    let mut steps = Pointer::steps_of(template).chain(["spec".into(), "containers".into()]);
    let first = steps.next().and_then(|step| root.get(&*step));
    let containers = first.and_then(|first| {
        steps.try_fold(first, |value, step| match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => value.get(&*step),
        })
    });
    // What has the wrong type is for the view to refuse.
    containers
        .is_some_and(|containers| !matches!(containers.as_array().map(Vec::len), Some(0)) && !containers.is_null())
}

/// The mapping at a pointer.
fn at<'a>(root: &'a mut Fields, pointer: &str) -> Option<&'a mut Fields> {
    match pointer.strip_prefix('/') {
        None => Some(root),
        Some(path) => {
            let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
            let first = first.replace("~1", "/").replace("~0", "~");
            root.get_mut(&first)?.pointer_mut(rest)?.as_object_mut()
        }
    }
}

struct Pod<'a> {
    pointer: String,
    spec: &'a mut Fields,
    filled: &'a mut FilledIn,
}

impl Pod<'_> {
    fn of_kind(&mut self, kind: &CustomKind) {
        if kind.nature.knative {
            knative::fill(self);
        }
        if let Some(grace) = kind.nature.grace
            && self.spec.get(knative::GRACE).is_none_or(Value::is_null)
        {
            self.spec.insert(knative::GRACE.to_owned(), grace.into());
        }
        if kind.nature.image {
            self.each_container(|container| is_unset(container, "image").then_some(("image", json!(NO_IMAGE))));
        }
        for (name, timing) in [("readinessProbe", kind.nature.readiness), ("livenessProbe", kind.nature.liveness)] {
            if let Some(timing) = timing {
                self.probe(name, &timing);
            }
        }
    }

    fn unknown_images(&mut self, unknown: &[Pointer]) {
        if unknown.is_empty() {
            return;
        }
        let unknown: std::collections::BTreeSet<&str> = unknown.iter().map(Pointer::as_str).collect();
        self.each_container_at(|pointer, _| {
            unknown.contains(format!("{pointer}/image").as_str()).then(|| ("image", json!(NO_IMAGE)))
        });
    }

    /// The operator gives it to its own container; the pod has it, whichever that is.
    fn probe(&mut self, name: &'static str, timing: &Timing) {
        let Some(Value::Array(containers)) = self.spec.get("containers") else { return };
        if containers.iter().any(|container| container.get(name).is_some_and(Value::is_object)) {
            return;
        }
        let probe = json!({
            "exec": { "command": [format!("the operator's {name}")] },
            "initialDelaySeconds": timing.delay,
            "periodSeconds": timing.period,
            "timeoutSeconds": timing.timeout,
            "failureThreshold": timing.failures,
        });
        let mut probe = Some(probe);
        self.each_container(|_| probe.take().map(|probe| (name, probe)));
    }

    /// Sets a field of each container of the application for which there is something to set.
    fn each_container(&mut self, mut new: impl FnMut(&Fields) -> Option<(&'static str, Value)>) {
        self.list("containers", |_, container| new(container));
    }

    fn each_container_at(&mut self, mut new: impl FnMut(&str, &Fields) -> Option<(&'static str, Value)>) {
        self.list("containers", &mut new);
        self.list("initContainers", &mut new);
    }

    fn list(&mut self, list: &str, mut new: impl FnMut(&str, &Fields) -> Option<(&'static str, Value)>) {
        let Some(Value::Array(containers)) = self.spec.get_mut(list) else { return };
        for (index, container) in containers.iter_mut().enumerate() {
            let Value::Object(container) = container else { continue };
            let pointer = format!("{}/{list}/{index}", self.pointer);
            if let Some((name, value)) = new(&pointer, container) {
                container.insert(name.to_owned(), value);
                self.filled.pointers.push(format!("{pointer}/{name}").into());
            }
        }
    }
}

fn is_unset(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_none_or(|value| value.is_null() || value.as_str() == Some(""))
}
