//! What Knative's own webhook fills in where Kubernetes would refuse: names and ports of containers, a readiness
//! probe, and what a probe asks. The grace period is the revision's request timeout.

use super::{Fields, Pod, is_unset};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const GRACE: &str = "terminationGracePeriodSeconds";
pub(super) const TIMEOUT: &str = "timeoutSeconds";

const PORT: i64 = 8080;
const REQUEST_TIMEOUT_SECONDS: i64 = 300;
const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];

pub(super) fn fill(pod: &mut Pod<'_>) {
    let timeout = match pod.spec.get(TIMEOUT) {
        Some(timeout) if !timeout.is_null() && timeout.as_i64() != Some(0) => timeout.clone(),
        _ => REQUEST_TIMEOUT_SECONDS.into(),
    };
    pod.spec.insert(GRACE.to_owned(), timeout);
    names(pod.spec);
    readiness(pod);
    each(pod.spec, "containers", |container| {
        let port = container.get("ports").and_then(|ports| ports.pointer("/0/containerPort")).cloned();
        let port = port.unwrap_or(PORT.into());
        for name in PROBES {
            if let Some(Value::Object(probe)) = container.get_mut(name) {
                handler(probe, &port);
            }
        }
    });
}

/// `user-container`; of several, `user-container-0` and so on for those without a name.
fn names(spec: &mut Fields) {
    let lists = ["containers", "initContainers"].map(|list| spec.get(list).and_then(Value::as_array));
    let taken: BTreeSet<String> = lists
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|container| Some(container.get("name")?.as_str()?.to_owned()))
        .collect();
    for (list, base) in [("containers", "user-container"), ("initContainers", "init-container")] {
        let is_alone = spec.get(list).and_then(Value::as_array).is_none_or(|containers| containers.len() == 1);
        let mut numbered = (0..).map(|number| format!("{base}-{number}")).filter(|name| !taken.contains(name));
        each(spec, list, |container| {
            if is_unset(container, "name") {
                let plain = (is_alone && !taken.contains(base)).then(|| base.to_owned());
                container.insert("name".to_owned(), plain.or_else(|| numbered.next()).unwrap_or_default().into());
            }
        });
    }
}

/// The container that serves, which is the only one or the one with a port, is asked whether its port is open.
fn readiness(pod: &mut Pod<'_>) {
    let is_alone = pod.spec.get("containers").and_then(Value::as_array).is_some_and(|all| all.len() == 1);
    pod.each_container(|container| {
        let serves = is_alone || container.get("ports").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        let is_asked = container.get("readinessProbe").is_some_and(Value::is_object);
        (serves && !is_asked).then(|| ("readinessProbe", json!({ "tcpSocket": {} })))
    });
}

fn handler(probe: &mut Fields, port: &Value) {
    if !HANDLERS.iter().any(|handler| probe.get(*handler).is_some_and(Value::is_object)) {
        probe.insert("tcpSocket".to_owned(), json!({}));
    }
    for name in ["httpGet", "tcpSocket", "grpc"] {
        if let Some(Value::Object(handler)) = probe.get_mut(name)
            && handler.get("port").is_none_or(|port| port.is_null() || port.as_i64() == Some(0))
        {
            handler.insert("port".to_owned(), port.clone());
        }
    }
}

fn each(spec: &mut Fields, list: &str, mut fill: impl FnMut(&mut Fields)) {
    let Some(Value::Array(containers)) = spec.get_mut(list) else { return };
    containers.iter_mut().filter_map(Value::as_object_mut).for_each(&mut fill);
}
