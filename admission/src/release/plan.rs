//! What is released: the objects whose end is waited for, in the order in which they depend on each other.
//!
//! Jobs come first, and workloads whose init containers wait for them later: named in a command, an argument, an image or
//! a variable, by the annotation `plimsoll.dev/after`, or with `--after`. Objects of other kinds have no end to wait for.

use super::name::{Kind, ObjectName};
use serde_json::Value;

/// The objects of a release.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Those whose end is waited for; each behind what it waits for.
    pub parts: Vec<Part>,
    /// How many others there are.
    pub others: usize,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which one.
    pub name: ObjectName,
    /// When Helm runs it, if it is a hook.
    pub hook: Option<Hook>,
    /// Jobs that must be complete before it can start.
    pub waits_for: Vec<ObjectName>,
}

/// When Helm runs a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// Before everything else.
    Before,
    /// After everything else; with `--wait`, once all of it is ready.
    After,
}

/// What Helm does: which hooks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operation {
    Install,
    Upgrade,
    Rollback,
}

impl Operation {
    /// As in `pre-install`.
    fn name(self) -> &'static str {
        match self {
            Operation::Install => "install",
            Operation::Upgrade => "upgrade",
            Operation::Rollback => "rollback",
        }
    }
}

/// One object as it was written.
pub struct Written {
    /// The object.
    pub value: Value,
    /// The events of a hook, such as `pre-install`; none of an ordinary object.
    pub events: Vec<String>,
    /// Hooks of one event run by weight.
    pub weight: i64,
}

impl Plan {
    /// Plans what was written. Objects without a namespace are in `namespace`; every workload waits for the Jobs of `after`.
    pub fn new(written: &[Written], operation: Option<Operation>, namespace: &str, after: &[String]) -> Self {
        let mut rows: Vec<(i64, Part)> = Vec::new();
        let mut others = 0;
        let jobs = jobs(written, namespace);
        for object in written {
            let Some((name, hook)) = name(&object.value, namespace).zip(stage(object, operation)) else {
                others += 1;
                continue;
            };
            let waits_for = waits_for(&object.value, &name, &jobs, after);
            rows.push((object.weight, Part { name, hook, waits_for }));
        }
        let awaited: Vec<ObjectName> = rows.iter().flat_map(|(_, part)| part.waits_for.clone()).collect();
        rows.sort_by_key(|(weight, part)| (rank(part, &awaited), *weight, part.name.clone()));
        let mut parts: Vec<Part> = rows.into_iter().map(|(_, part)| part).collect();
        parts.dedup_by(|a, b| a.name == b.name);
        Plan { parts, others }
    }

    /// The namespaces of its parts.
    pub fn namespaces(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.parts.iter().map(|part| &*part.name.namespace).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Hooks that come before, then Jobs and hooks that something waits for, then the rest, then hooks that come after.
fn rank(part: &Part, awaited: &[ObjectName]) -> u8 {
    match (part.hook, part.name.kind) {
        (Some(Hook::Before), _) => 0,
        _ if awaited.contains(&part.name) => 1,
        (None, Kind::Job) => 1,
        (None, _) => 2,
        (Some(Hook::After), _) => 3,
    }
}

fn jobs(written: &[Written], namespace: &str) -> Vec<ObjectName> {
    written.iter().filter_map(|object| name(&object.value, namespace)).filter(|name| name.kind == Kind::Job).collect()
}

fn name(object: &Value, namespace: &str) -> Option<ObjectName> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    Some(ObjectName {
        kind: Kind::of(text("/apiVersion")?, text("/kind")?)?,
        namespace: text("/metadata/namespace").unwrap_or(namespace).to_owned(),
        name: text("/metadata/name")?.to_owned(),
    })
}

/// None where the object is a hook of another event: a test, or a part of a removal.
fn stage(object: &Written, operation: Option<Operation>) -> Option<Option<Hook>> {
    if object.events.is_empty() {
        return Some(None);
    }
    let operations = match operation {
        Some(operation) => vec![operation],
        None => vec![Operation::Install, Operation::Upgrade],
    };
    let is = |when: &str| {
        operations
            .iter()
            .any(|operation| object.events.iter().any(|event| *event == format!("{when}-{}", operation.name())))
    };
    match (is("pre"), is("post")) {
        (true, _) => Some(Some(Hook::Before)),
        (_, true) => Some(Some(Hook::After)),
        _ => None,
    }
}

const ANNOTATION: &str = "plimsoll.dev/after";

/// The Jobs that a workload's init containers wait for.
fn waits_for(object: &Value, name: &ObjectName, jobs: &[ObjectName], after: &[String]) -> Vec<ObjectName> {
    if !name.kind.is_workload() {
        return Vec::new();
    }
    let template = object.pointer("/spec/template").unwrap_or(&Value::Null);
    let annotations =
        [template, object].map(|at| at.pointer("/metadata/annotations").and_then(|all| all.get(ANNOTATION)));
    let annotated = annotations.into_iter().flatten().filter_map(Value::as_str).flat_map(|names| names.split(','));
    let told: Vec<&str> = annotated.map(str::trim).chain(after.iter().map(String::as_str)).collect();
    let mut words = Vec::new();
    for container in template.pointer("/spec/initContainers").and_then(Value::as_array).into_iter().flatten() {
        for field in ["image", "command", "args", "env"] {
            texts(&container[field], &mut words);
        }
    }
    let is_named = |job: &&ObjectName| {
        let is_near = job.namespace == name.namespace;
        is_near && (told.contains(&&*job.name) || words.iter().any(|text| has_word(text, &job.name)))
    };
    jobs.iter().filter(is_named).cloned().collect()
}

/// All texts in a value.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

/// Whether a text has a name as a whole word: `migrate-3`, and not as a part of `migrate-31`.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '.');
    let ends = |rest: Option<char>| rest.is_none_or(|character| !is_part(character));
    !name.is_empty()
        && text
            .match_indices(name)
            .any(|(at, _)| ends(text[..at].chars().next_back()) && ends(text[at + name.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(value: Value) -> Written {
        Written { value, events: Vec::new(), weight: 0 }
    }

    fn job(name: &str) -> Value {
        json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name } })
    }

    fn waiting(args: &[&str]) -> Value {
        let init = json!([{ "name": "wait", "image": "kubectl:1", "args": args }]);
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
            "spec": { "template": { "spec": { "initContainers": init } } },
        })
    }

    fn shown(plan: &Plan) -> Vec<String> {
        let part = |part: &Part| {
            let names: Vec<&str> = part.waits_for.iter().map(|job| &*job.name).collect();
            format!("{} <- {}", part.name, names.join(" "))
        };
        plan.parts.iter().map(part).collect()
    }

    #[test]
    fn a_workload_comes_after_the_job_that_its_init_container_names() {
        let written = [plain(waiting(&["wait", "job/migrate-3", "--for=condition=complete"])), plain(job("migrate-3"))];
        let plan = Plan::new(&written, None, "shop", &[]);
        assert_eq!(shown(&plan), ["Job shop/migrate-3 <- ", "Deployment shop/web <- migrate-3"]);
    }

    #[test]
    fn a_part_of_a_longer_name_is_not_that_name() {
        let written = [plain(waiting(&["job/migrate-31", "x-migrate-3"])), plain(job("migrate-3"))];
        assert_eq!(
            shown(&Plan::new(&written, None, "shop", &[])),
            ["Job shop/migrate-3 <- ", "Deployment shop/web <- "]
        );
    }

    #[test]
    fn the_annotation_and_the_flag_name_jobs_too() {
        let mut web = waiting(&[]);
        web["spec"]["template"]["metadata"]["annotations"] = json!({ "plimsoll.dev/after": "one, three" });
        let written = [plain(web), plain(job("one")), plain(job("two")), plain(job("three"))];
        let plan = Plan::new(&written, None, "shop", &["two".to_owned()]);
        assert_eq!(shown(&plan).last().unwrap(), "Deployment shop/web <- one two three");
    }

    #[test]
    fn hooks_of_the_operation_have_their_place_and_others_are_left_out() {
        let hook =
            |name: &str, event: &str, weight| Written { value: job(name), events: vec![event.to_owned()], weight };
        let written = [
            hook("late", "post-upgrade", 0),
            plain(waiting(&[])),
            hook("second", "pre-upgrade", 5),
            hook("first", "pre-upgrade", -5),
            hook("install", "pre-install", 0),
            hook("test", "test", 0),
            plain(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "x" } })),
        ];
        let plan = Plan::new(&written, Some(Operation::Upgrade), "shop", &[]);
        let names: Vec<&str> = plan.parts.iter().map(|part| &*part.name.name).collect();
        assert_eq!((names, plan.others), (vec!["first", "second", "web", "late"], 3));
    }
}
