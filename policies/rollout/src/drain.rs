//! Whether pods go on serving until their Services have forgotten them, and only pods that have a Service.

use crate::{Rollout, pods::Pods};
use plimsoll_policy::{
    Finding, Findings, Level, Member, Pointer, Rule, Service, Workload,
    contract::{Contract, Key},
    workload::{Controller, Hook, Port, Strategy},
};

/// With a role: a refusal in strict.
pub(crate) const NONE: Rule =
    Rule::new("no-drain-delay", Level::Warn, "pods that get requests stop as soon as they are told to")
        .escalated(Level::Warn, Level::Deny);
pub(crate) const NEEDLESS: Rule =
    Rule::new("needless-drain-delay", Level::Warn, "a worker that gets no requests waits before it stops");

const HELP: &str = "lifecycle: {preStop: {sleep: {seconds: 5}}}; or, where the application goes on serving by itself, \
                    `plimsoll.dev/drain-delay: 5s`";

/// What the contract calls a web application gets requests, whatever else the input holds.
pub(crate) fn check(workload: &Workload, contract: &Contract, findings: &mut Findings<'_>) {
    let Some(role) = role(workload, contract, "web") else { return };
    if !is_replaced(workload) || is_drained(workload, contract) {
        return;
    }
    let message = format!(
        "{role} is `web`, and neither a preStop hook nor a drain delay keeps the pod serving until \
                           its Services have forgotten it"
    );
    findings.push(Finding::new(&NONE, place(workload), message).help(HELP).escalated());
}

pub(crate) fn check_set(pods: &Pods<'_>, settings: &Rollout, findings: &mut Findings<'_>) {
    let mut is_selected = vec![false; pods.set.objects.len()];
    // Several Services may select one workload, and the first may be headless.
    let mut is_told = is_selected.clone();
    for (index, Member { name, service, .. }) in pods.members() {
        let Some(service) = service else { continue };
        for (selected, workload) in pods.of_service(service) {
            is_selected[selected as usize] = true;
            if sends_requests(name, service, settings) && !std::mem::replace(&mut is_told[selected as usize], true) {
                findings.extend(undrained(selected, workload, (index, name)));
            }
        }
    }
    if pods.set.incomplete {
        return;
    }
    for (index, workload) in &pods.all {
        if !is_selected[*index as usize] {
            findings.extend(needless(*index, workload));
        }
    }
}

/// A headless Service hands out addresses, and what a metrics port loses is a sample.
fn sends_requests(name: &str, service: &Service, settings: &Rollout) -> bool {
    let is_metrics = |name: &Option<String>| name.as_deref().is_some_and(|name| settings.is_metrics(name));
    let of_target = |target: &Option<Port>| matches!(target, Some(Port::Name(name)) if settings.is_metrics(name));
    let gets_none = service.headless || settings.is_metrics(name);
    !gets_none && service.ports.iter().any(|port| !is_metrics(&port.name) && !of_target(&port.target))
}

fn undrained(object: u32, workload: &Workload, (service, name): (u32, &str)) -> Option<Finding> {
    let contract = Contract::of(workload);
    // Said already, of the workload by itself.
    if role(workload, &contract, "web").is_some() || !is_replaced(workload) || is_drained(workload, &contract) {
        return None;
    }
    let message = format!(
        "the Service `{name}` sends requests here, and neither a preStop hook nor a drain delay keeps \
                           the pod serving until the Service has forgotten it"
    );
    let finding = Finding::new(&NONE, place(workload), message).object(object).help(HELP).related_to(
        service,
        Service::selector_pointer(),
        "selects these pods",
    );
    let has_role = role(workload, &contract, "worker").is_some();
    Some(if has_role { finding.escalated() } else { finding })
}

fn needless(object: u32, workload: &Workload) -> Option<Finding> {
    let contract = Contract::of(workload);
    let role = role(workload, &contract, "worker")?;
    let waits = |hook: &&Hook| hook.only_waits();
    let hook = workload.pod.applications().filter_map(|container| container.pre_stop.as_ref()).find(waits)?;
    let message = format!(
        "{role} is `worker` and no Service selects it: nothing has to be forgotten, and the preStop \
                           sleep is taken from the time it has to finish its work"
    );
    let finding = Finding::new(&NEEDLESS, &hook.pointer, message).object(object);
    Some(finding.help("remove the preStop hook").remove(&hook.pointer).unsafe_fix())
}

/// The annotation that gives an application this role.
fn role(workload: &Workload, contract: &Contract, wanted: &str) -> Option<String> {
    let roles = workload.pod.applications().filter_map(|container| contract.role(container));
    roles.into_iter().find(|role| role.value == wanted).map(|role| role.annotation)
}

/// Whether another pod takes over while one stops: only then is there anywhere for requests to go.
fn is_replaced(workload: &Workload) -> bool {
    match &workload.controller {
        Controller::Deployment(spec) => match spec.strategy {
            Strategy::Recreate => spec.replicas > 1,
            Strategy::RollingUpdate { .. } => spec.replicas > 0,
        },
        Controller::Rollout(spec) => spec.replicas > 0,
        Controller::StatefulSet(spec) => spec.replicas > 1,
        Controller::ReplicaSet(spec) => spec.replicas > 1,
        Controller::DaemonSet(_) => true,
        _ => false,
    }
}

fn is_drained(workload: &Workload, contract: &Contract) -> bool {
    workload
        .pod
        .applications()
        .any(|container| container.pre_stop.is_some() || contract.duration(Key::DrainDelay, container).is_some())
}

/// Where a hook belongs.
fn place(workload: &Workload) -> Pointer {
    let first = workload.pod.working().next().or_else(|| workload.pod.applications().next());
    first.map_or_else(|| workload.pod.spec("containers"), |container| container.field("lifecycle/preStop"))
}
