//! An object with its defaults to the view that policies see. What the API server would refuse in a field of the view
//! is an error here; what the view does not carry is not looked at.

use super::{
    field::{Node, Result},
    kind::Kind,
};
use plimsoll_policy::{
    Workload,
    workload::{Controller, IntOrPercent, RestartPolicy},
};
use serde_json::Value;

mod container;
pub(super) mod controller;
mod handler;
mod nodes;
mod pod;
mod probe;

/// The view of an object of that kind with the pod template at a pointer.
pub(super) fn workload(root: &Node<'_>, kind: Kind<'_>, template: &str) -> Result<Workload> {
    let metadata = root.required_object("metadata")?;
    let name = match metadata.text("name")?.filter(|name| !name.is_empty()) {
        Some(name) => name,
        None => metadata.text("generateName")?.unwrap_or_default(),
    };
    if name.is_empty() {
        metadata.check(metadata.refuse("name", "`name` is missing"))?;
    }
    let controller = controller::controller(root, kind)?;
    let mut pod = pod::at(root, template)?;
    if matches!(kind, Kind::Custom(custom) if custom.nature.ends) && pod.restart_policy == RestartPolicy::Always {
        // Whatever restarts them, they end with the object, and its kind may say so elsewhere than in the template.
        pod.restart_policy = RestartPolicy::OnFailure;
    }
    root.check(restart_policy(root, &controller, &pod))?;
    Ok(Workload {
        api_version: root.required_text("apiVersion")?.to_owned(),
        kind: root.required_text("kind")?.to_owned(),
        namespace: metadata.text("namespace")?.filter(|namespace| !namespace.is_empty()).map(str::to_owned),
        name: name.to_owned(),
        labels: metadata.map("labels")?,
        annotations: metadata.map("annotations")?,
        controller,
        pod,
        unreadable: Vec::new(),
    })
}

/// The API server takes one half of the policies for Jobs, and the other for what runs for ever.
fn restart_policy(
    root: &Node<'_>,
    controller: &Controller,
    pod: &plimsoll_policy::workload::PodTemplate,
) -> Result<()> {
    let policy = pod.restart_policy;
    let (fits, wanted) = match controller {
        Controller::Pod | Controller::Custom | Controller::Rollout(_) => return Ok(()),
        Controller::Job(_) | Controller::CronJob(_) => (policy != RestartPolicy::Always, "`Never` or `OnFailure`"),
        _ => (policy == RestartPolicy::Always, "`Always`"),
    };
    if fits {
        return Ok(());
    }
    let default = if policy == RestartPolicy::Always { ", the default" } else { "" };
    let kind = root.required_text("kind")?;
    Err(super::FieldError {
        pointer: pod.spec("restartPolicy"),
        message: format!("`restartPolicy` of a {kind} must be {wanted}, and is `{policy:?}`{default}"),
    })
}

/// A count, or a percentage of the replicas.
pub(super) fn int_or_percent(node: &Node<'_>, name: &str) -> Result<Option<IntOrPercent>> {
    let Some(Value::String(text)) = node.get(name) else {
        return Ok(node.int(name, 0)?.map(IntOrPercent::Int));
    };
    let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse::<i32>().ok()) {
        Some(percent) => Ok(Some(IntOrPercent::Percent(percent.into()))),
        None => {
            let message = format!("must be a whole number or a percentage such as 25%, and is {text:?}");
            node.or_unknown(node.refuse(name, message))
        }
    }
}

fn defaulted_int_or_percent(node: &Node<'_>, name: &str) -> Result<Option<IntOrPercent>> {
    let default = |value: &Value| {
        let percent = value.as_str().and_then(|text| text.strip_suffix('%')?.parse().ok()).map(IntOrPercent::Percent);
        percent.or_else(|| value.as_i64().map(IntOrPercent::Int))
    };
    Ok(int_or_percent(node, name)?.or_else(|| node.instead(name, default)))
}
