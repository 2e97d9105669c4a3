//! The pod template, or the pod itself.

use super::{container, nodes};
use crate::manifest::field::{FieldError, Node, Result};
use plimsoll_policy::{
    Pointer,
    workload::{Class, Container, Handler, ImageVolume, Map, PodTemplate, RestartPolicy},
};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeSet};

/// The pod template at a pointer.
pub(super) fn at(root: &Node<'_>, pointer: &str) -> Result<PodTemplate> {
    let steps: Vec<_> = Pointer::steps_of(pointer).collect();
    descend(root, &steps)
}

fn descend(node: &Node<'_>, steps: &[Cow<'_, str>]) -> Result<PodTemplate> {
    match steps {
        [] => pod_template(node),
        [list, index, rest @ ..] if node.get(list).is_some_and(Value::is_array) => {
            let item = index.parse().ok().map(|index| node.item(list, index)).transpose()?.flatten();
            match item {
                Some(item) => descend(&item, rest),
                None => node.refuse(list, format!("item {index} is missing")),
            }
        }
        [step, rest @ ..] => descend(&node.required_object(step)?, rest),
    }
}

fn pod_template(template: &Node<'_>) -> Result<PodTemplate> {
    let (labels, annotations) = match template.object("metadata")? {
        Some(metadata) => (metadata.map("labels")?, metadata.map("annotations")?),
        None => <(Map, Map)>::default(),
    };
    let spec = template.required_object("spec")?;
    let grace = spec.int_between(GRACE, 0, i64::MAX)?;
    let grace_period_seconds = spec.defaulted(GRACE, grace.or_else(|| spec.instead(GRACE, Value::as_i64)))?;
    let containers = containers(&spec)?;
    if let Some(grace) = grace {
        spec.check(sleeps_end_within(&containers, grace))?;
    }
    Ok(PodTemplate {
        pointer: template.pointer(),
        labels,
        annotations,
        grace_period_seconds,
        restart_policy: spec.defaulted_one_of("restartPolicy", &container::RESTART_POLICIES)?,
        host_network: spec.bool("hostNetwork")?,
        cpu_limit_millis: container::cpu(&spec)?.0,
        claims: claims(&spec)?,
        image_volumes: image_volumes(&spec)?,
        containers,
        has_cpu_request: container::requests(&spec, "cpu")?,
        has_memory_request: container::requests(&spec, "memory")?,
        nodes: nodes::labels(&spec)?,
    })
}

const GRACE: &str = "terminationGracePeriodSeconds";

fn containers(spec: &Node<'_>) -> Result<Vec<Container>> {
    let mut containers: Vec<Container> = Vec::new();
    let mut names = BTreeSet::new();
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for node in spec.containers(list, containers.len())? {
            let container = class(&node, list).and_then(|class| container::container(&node, class));
            let Some(container) = node.or_unknown(container)? else { continue };
            if !names.insert(container.name.clone()) {
                node.check(node.refuse("name", format!("the pod has a container `{}` already", container.name)))?;
            }
            containers.push(container);
        }
    }
    if !containers.iter().any(|container| container.class == Class::Application) && !spec.has_items("containers") {
        return spec.refuse("containers", "a pod has at least one container");
    }
    Ok(containers)
}

fn class(node: &Node<'_>, list: &str) -> Result<Class> {
    let restarts = node.one_of("restartPolicy", &container::RESTART_POLICIES)?;
    Ok(match (list, restarts) {
        ("containers", _) => Class::Application,
        ("initContainers", Some(RestartPolicy::Always)) => Class::Sidecar,
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
                pointer: hook.pointer.join("sleep/seconds"),
                message: format!("must not be longer than terminationGracePeriodSeconds ({grace}), and is {seconds}"),
            });
        }
    }
    Ok(())
}

fn claims(spec: &Node<'_>) -> Result<Map> {
    let claim = |volume: &Node<'_>| match volume.object("persistentVolumeClaim")? {
        None => Ok(None),
        Some(claim) => {
            Ok(Some((volume.required_text("name")?.to_owned(), claim.required_text("claimName")?.to_owned())))
        }
    };
    Ok(spec.each("volumes", claim)?.into_iter().flatten().collect())
}

fn image_volumes(spec: &Node<'_>) -> Result<Vec<ImageVolume>> {
    let image = |volume: &Node<'_>| {
        let Some(image) = volume.object("image")? else { return Ok(None) };
        let Some(pull_policy) = image.one_of("pullPolicy", &container::PULL_POLICIES)? else {
            return image.refuse("pullPolicy", "`pullPolicy` is missing");
        };
        Ok(Some(ImageVolume {
            pointer: image.pointer(),
            name: volume.required_text("name")?.to_owned(),
            reference: image.text("reference")?.unwrap_or_default().to_owned(),
            pull_policy,
        }))
    };
    Ok(spec.each("volumes", image)?.into_iter().flatten().collect())
}
