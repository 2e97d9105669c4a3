//! Tests through the front door of this module: texts and values in, views, problems and places out.

mod defaults;
mod places;
mod reading;
mod refusals;
mod scalars;
mod spans;
mod text;

use super::{FieldError, Kinds, Object, Skip, Triage, object::object_of_text};
use serde_json::{Value, json};

/// A Deployment with nothing that has a default.
fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "app" },
        "spec": {
            "selector": { "matchLabels": { "app": "app" } },
            "template": {
                "metadata": { "labels": { "app": "app" } },
                "spec": { "containers": [{ "name": "app", "image": "app:1.2.3" }] },
            },
        },
    })
}

fn of_kind(api_version: &str, kind: &str) -> Value {
    let mut value = deployment();
    value["apiVersion"] = json!(api_version);
    value["kind"] = json!(kind);
    value
}

/// A Pod with the spec of [`deployment`].
fn pod() -> Value {
    let pod = deployment()["spec"]["template"]["spec"].clone();
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "app" }, "spec": pod })
}

/// A Job, which needs a restart policy of its own.
fn job() -> Value {
    let mut value = of_kind("batch/v1", "Job");
    value["spec"]["template"]["spec"]["restartPolicy"] = json!("Never");
    value
}

/// Writes a field, and what leads to it.
fn set(value: &mut Value, pointer: &str, new: Value) {
    let target = pointer.split('/').skip(1).fold(value, |value, step| match step.parse::<usize>() {
        Ok(index) => &mut value[index],
        Err(_) => &mut value[step],
    });
    *target = new;
}

fn judge(value: Value) -> Result<Triage, Vec<FieldError>> {
    object_of_text(value, &Kinds::default(), &[])
}

fn judged(value: Value) -> Object {
    match judge(value) {
        Ok(Triage::Object(object)) => *object,
        other => panic!("not judged: {other:?}"),
    }
}

fn skipped(value: Value) -> Option<Skip> {
    match judge(value) {
        Ok(Triage::Skip(skip)) => Some(skip),
        _ => None,
    }
}
