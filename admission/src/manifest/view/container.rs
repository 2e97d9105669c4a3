//! One container.

use super::{handler, probe};
use crate::manifest::{
    field::{Node, Result},
    quantity::{self, Unreadable},
};
use plimsoll_policy::workload::{Class, Container, ContainerPort, EnvVar, Hook, Probe, PullPolicy, RestartPolicy};
use serde_json::Value;
use std::collections::HashSet;

pub(super) const PULL_POLICIES: [(&str, PullPolicy); 3] =
    [("Always", PullPolicy::Always), ("IfNotPresent", PullPolicy::IfNotPresent), ("Never", PullPolicy::Never)];

/// The words are the same for a pod and for one of its containers.
pub(super) const RESTART_POLICIES: [(&str, RestartPolicy); 3] =
    [("Always", RestartPolicy::Always), ("OnFailure", RestartPolicy::OnFailure), ("Never", RestartPolicy::Never)];

pub(super) fn container(node: &Node<'_>, class: Class) -> Result<Container> {
    node.one_of("terminationMessagePolicy", &[("File", ()), ("FallbackToLogsOnError", ())])?;
    let (cpu_limit_millis, cpu_request_millis) = cpu(node)?;
    let [liveness, readiness, startup] = probes(node, class)?;
    let [post_start, pre_stop] = hooks(node, class)?;
    Ok(Container {
        pointer: node.pointer(),
        class,
        name: node.known_text("name")?,
        image: node.known_text("image")?,
        restart_policy: node.one_of("restartPolicy", &RESTART_POLICIES)?,
        has_restart_rules: !node.objects("restartPolicyRules")?.is_empty(),
        pull_policy: node.defaulted_one_of("imagePullPolicy", &PULL_POLICIES)?,
        command: node.strings("command")?,
        args: node.strings("args")?,
        env: env(node)?,
        has_env_from: !node.objects("envFrom")?.is_empty(),
        ports: ports(node)?,
        liveness,
        readiness,
        startup,
        post_start,
        pre_stop,
        cpu_limit_millis,
        cpu_request_millis,
        mounts: mounts(node)?,
        has_memory_request: requests(node, "memory")?,
    })
}

/// Only what runs as long as the pod does may have probes and hooks.
fn is_long_running(class: Class) -> bool {
    matches!(class, Class::Application | Class::Sidecar)
}

fn forbid<T>(node: &Node<'_>, name: &str, class: Class) -> Result<T> {
    let what = match class {
        Class::Init => "an init container without restartPolicy Always",
        _ => "an ephemeral container",
    };
    node.refuse(name, format!("{what} must not have `{name}`"))
}

fn probes(node: &Node<'_>, class: Class) -> Result<[Option<Probe>; 3]> {
    let read = |name| match node.object(name)? {
        None => Ok(None),
        Some(_) if !is_long_running(class) => forbid(node, name, class),
        Some(probe) => probe::probe(&probe, name).map(Some),
    };
    let read = |name| node.or_without(name, read(name));
    Ok([read("livenessProbe")?, read("readinessProbe")?, read("startupProbe")?])
}

fn hooks(node: &Node<'_>, class: Class) -> Result<[Option<Hook>; 2]> {
    let Some(lifecycle) = node.object("lifecycle")? else { return Ok([None, None]) };
    if !is_long_running(class) {
        node.check(forbid(node, "lifecycle", class))?;
        return Ok([None, None]);
    }
    let read = |name| match lifecycle.object(name)? {
        None => Ok(None),
        Some(hook) => Ok(Some(Hook { pointer: hook.pointer(), handler: handler::of_hook(&hook)? })),
    };
    let read = |name| lifecycle.or_without(name, read(name));
    Ok([read("postStart")?, read("preStop")?])
}

fn env(node: &Node<'_>) -> Result<Vec<EnvVar>> {
    let variable = |node: &Node<'_>| {
        let name = node.required_text("name")?.to_owned();
        let value = node.text("value")?;
        let from_elsewhere = node.object("valueFrom")?.is_some();
        if from_elsewhere && value.is_some_and(|value| !value.is_empty()) {
            return node.refuse("valueFrom", format!("`{name}` has both `value` and `valueFrom`: keep one of the two"));
        }
        let is_unknown = from_elsewhere || (value.is_none() && node.has("value"));
        let value = (!is_unknown).then(|| value.unwrap_or_default().to_owned());
        Ok(EnvVar { name, value })
    };
    let variables = node.objects("env")?;
    if variables.len() <= MANY_VARIABLES {
        return node.each_of("env", &variables, variable);
    }
    node.each_of("env", &last_of_each_name(&variables), variable)
}

/// With more variables than that, those that a later one of the same name replaces are not counted.
const MANY_VARIABLES: usize = 1000;

/// In order.
fn last_of_each_name<'a>(variables: &[Node<'a>]) -> Vec<Node<'a>> {
    let mut seen = HashSet::new();
    let name = |variable: &Node<'a>| variable.get("name").and_then(Value::as_str);
    let is_last = |variable: &&Node<'a>| name(variable).is_none_or(|name| seen.insert(name));
    let mut last: Vec<_> = variables.iter().rev().filter(is_last).copied().collect();
    last.reverse();
    last
}

fn ports(node: &Node<'_>) -> Result<Vec<ContainerPort>> {
    let port = |node: &Node<'_>| {
        let name = node.text("name")?.filter(|name| !name.is_empty());
        if let Some(name) = name {
            handler::check_port_name(node, "name", name)?;
        }
        node.one_of("protocol", &[("TCP", ()), ("UDP", ()), ("SCTP", ())])?;
        let Some(container_port) = node.int_between("containerPort", 1, handler::MOST_PORT)? else {
            return node.refuse("containerPort", "`containerPort` is missing");
        };
        let host_port = node.int_between("hostPort", 0, handler::MOST_PORT)?.filter(|port| *port > 0);
        Ok(ContainerPort { name: name.map(str::to_owned), container_port, host_port })
    };
    node.each("ports", port)
}

/// Limit and request of a container, or of a pod as a whole.
pub(super) fn cpu(node: &Node<'_>) -> Result<(Option<i64>, Option<i64>)> {
    let Some(resources) = node.object("resources")? else { return Ok((None, None)) };
    let read = |list| match resources.object(list)? {
        None => Ok(None),
        Some(quantities) => Ok(quantities.or_unknown(quantity(&quantities, "cpu"))?.flatten()),
    };
    let (limit, request) = (read("limits")?, read("requests")?);
    if limit.zip(request).is_some_and(|(limit, request)| request > limit) {
        let message = "the cpu request must not be greater than the cpu limit";
        resources.check(resources.refuse("requests", message))?;
    }
    Ok((limit, request))
}

/// Whether a container, or a pod as a whole, requests a resource: a limit without a request is the request too.
pub(super) fn requests(node: &Node<'_>, resource: &str) -> Result<bool> {
    let Some(resources) = node.object("resources")? else { return Ok(false) };
    let has = |list| Ok(resources.object(list)?.is_some_and(|quantities| quantities.has(resource)));
    Ok(has("requests")? || has("limits")?)
}

fn quantity(node: &Node<'_>, name: &str) -> Result<Option<i64>> {
    let Some(value) = node.get(name) else { return Ok(None) };
    match quantity::thousandths(value) {
        Ok(millis) if millis >= 0 => Ok(Some(millis)),
        Ok(_) => node.refuse(name, "must not be negative"),
        Err(Unreadable::TooLarge) => node.refuse(name, format!("{value} is more than any machine has: not judged")),
        Err(Unreadable::NoQuantity) => {
            node.refuse(name, format!("must be a quantity such as 500m or 0.5, and is {value}"))
        }
    }
}

fn mounts(node: &Node<'_>) -> Result<Vec<String>> {
    node.each("volumeMounts", |mount| Ok(mount.required_text("name")?.to_owned()))
}
