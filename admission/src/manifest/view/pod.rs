//! The pod template, or the pod itself.

use super::container;
use crate::manifest::{
    field::{FieldError, Node, Result, steps},
    kind::Kind,
};
use plimsoll_policy::workload::{Class, Container, Handler, Map, PodTemplate, RestartPolicy};
use std::collections::BTreeSet;

/// Goes down to where the kind has its pod template.
pub(super) fn at(root: &Node<'_>, kind: Kind<'_>) -> Result<PodTemplate> {
    let steps: Vec<String> = steps(kind.pod_template()).collect();
    descend(root, &steps)
}

fn descend(node: &Node<'_>, steps: &[String]) -> Result<PodTemplate> {
    match steps.split_first() {
        None => pod_template(node),
        Some((step, rest)) => descend(&node.required_object(step)?, rest),
    }
}

fn pod_template(template: &Node<'_>) -> Result<PodTemplate> {
    let (labels, annotations) = match template.object("metadata")? {
        Some(metadata) => (metadata.map("labels")?, metadata.map("annotations")?),
        None => <(Map, Map)>::default(),
    };
    let spec = template.required_object("spec")?;
    let grace_period_seconds = spec
        .defaulted("terminationGracePeriodSeconds", spec.int_between("terminationGracePeriodSeconds", 0, i64::MAX)?)?;
    let policies =
        [("Always", RestartPolicy::Always), ("OnFailure", RestartPolicy::OnFailure), ("Never", RestartPolicy::Never)];
    let containers = containers(&spec)?;
    sleeps_end_within(&containers, *grace_period_seconds)?;
    Ok(PodTemplate {
        pointer: template.pointer(),
        labels,
        annotations,
        grace_period_seconds,
        restart_policy: spec.defaulted_one_of("restartPolicy", &policies)?,
        host_network: spec.bool("hostNetwork")?,
        claims: claims(&spec)?,
        containers,
    })
}

fn containers(spec: &Node<'_>) -> Result<Vec<Container>> {
    let mut containers = Vec::new();
    let mut names = BTreeSet::new();
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for node in spec.objects(list)? {
            let container = container::container(&node, class(&node, list)?)?;
            if !names.insert(container.name.clone()) {
                return node.refuse("name", format!("the pod has a container `{}` already", container.name));
            }
            containers.push(container);
        }
    }
    if !containers.iter().any(|container| container.class == Class::Application) {
        return spec.refuse("containers", "a pod has at least one container");
    }
    Ok(containers)
}

fn class(container: &Node<'_>, list: &str) -> Result<Class> {
    let restarts = container.one_of("restartPolicy", &[("Always", true), ("OnFailure", false), ("Never", false)])?;
    Ok(match (list, restarts) {
        ("containers", _) => Class::Application,
        ("initContainers", Some(true)) => Class::Sidecar,
        ("initContainers", _) => Class::Init,
        _ => Class::Ephemeral,
    })
}

/// The API server refuses a sleep that the grace period cuts off.
fn sleeps_end_within(containers: &[Container], grace: i64) -> Result<()> {
    for hook in containers.iter().filter_map(|container| container.pre_stop.as_ref()) {
        if let Handler::Sleep { seconds } = hook.handler
            && seconds > grace
        {
            return Err(FieldError {
                pointer: format!("{}/sleep/seconds", hook.pointer),
                message: format!("must not be longer than terminationGracePeriodSeconds ({grace}), and is {seconds}"),
            });
        }
    }
    Ok(())
}

fn claims(spec: &Node<'_>) -> Result<Map> {
    let mut claims = Map::new();
    for volume in spec.objects("volumes")? {
        if let Some(claim) = volume.object("persistentVolumeClaim")? {
            claims.insert(volume.required_text("name")?.to_owned(), claim.required_text("claimName")?.to_owned());
        }
    }
    Ok(claims)
}
