//! What is wrong with a pod, as its status tells it.

use super::{
    causes::Fault,
    observed::{Container, Ended, Phase, Pod, Role, State},
};
use k8s_openapi::jiff::Timestamp;

/// Something wrong with a pod now. It may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What.
    pub fault: Fault,
    /// Where; none where it is about the pod.
    pub container: Option<String>,
    /// What was seen.
    pub message: String,
    /// Restarts of the container.
    pub restarts: u32,
    /// Of a container that ended: when that run began.
    pub run: Option<Timestamp>,
}

/// Finds what is wrong with a pod. Nothing is wrong with one that ends, was evicted or is over: another one takes its place.
pub(super) fn troubles(pod: &Pod) -> Vec<Trouble> {
    if pod.ending || pod.is_over() {
        return Vec::new();
    }
    let unschedulable = pod.unschedulable.as_ref().map(|why| Trouble {
        fault: Fault::Unschedulable,
        container: None,
        message: format!("no node takes it: {why}"),
        restarts: 0,
        run: None,
    });
    let contained = pod.containers.iter().filter_map(|container| of_container(pod, container));
    unschedulable.into_iter().chain(contained).collect()
}

/// What the kubelet gives as the reason of a container that waits.
const REASONS: [(&str, Fault); 9] = [
    ("InvalidImageName", Fault::InvalidImageName),
    ("ErrImageNeverPull", Fault::ImageNeverPulled),
    ("ErrImagePull", Fault::ImageNotPulled),
    ("ImagePullBackOff", Fault::ImageNotPulled),
    ("ImageInspectError", Fault::ImageNotPulled),
    ("RegistryUnavailable", Fault::ImageNotPulled),
    ("SignatureValidationFailed", Fault::ImageNotPulled),
    ("CreateContainerConfigError", Fault::ContainerConfig),
    ("CreateContainerError", Fault::ContainerConfig),
];

fn of_container(pod: &Pod, container: &Container) -> Option<Trouble> {
    let trouble = |fault, message| {
        let (name, restarts) = (Some(container.name.clone()), container.restarts);
        Some(Trouble { fault, container: name, message, restarts, run: container.down().and_then(|down| down.started) })
    };
    if let State::Waiting { reason, message } = &container.state
        && let Some((_, fault)) = REASONS.iter().find(|(known, _)| known == reason)
    {
        let passes =
            *fault == Fault::ContainerConfig && message.contains("failed to sync") && message.contains("cache");
        let what = match fault {
            Fault::InvalidImageName => format!("`{}` is not the name of an image", container.image),
            Fault::ImageNeverPulled => format!("image `{}` is not on the node and must not be pulled", container.image),
            Fault::ImageNotPulled => format!("image `{}` cannot be pulled: {reason}: {message}", container.image),
            _ => format!("{reason}: {message}"),
        };
        return trouble(if passes { Fault::NodeTrouble } else { *fault }, what);
    }
    let down = container.down()?;
    let fault = of_end(pod, container, down)?;
    let often = match container.restarts {
        0 => String::new(),
        1 => ", restarted once".to_owned(),
        times => format!(", restarted {times} times"),
    };
    trouble(fault, format!("{}{often}", how(down)))
}

/// What it means that a container is down. None where it has done its work.
fn of_end(pod: &Pod, container: &Container, down: &Ended) -> Option<Fault> {
    let is_done = down.code == 0 && (container.role == Role::Init || !pod.always_restarts);
    if is_done || (pod.phase == Phase::Running && container.ready) {
        return None;
    }
    Some(match down {
        Ended { reason, .. } if reason == "OOMKilled" => Fault::OutOfMemory,
        Ended { code: 128, reason, .. } if reason == "ContainerCannotRun" => Fault::NodeTrouble,
        Ended { code: 78, .. } => Fault::BadConfiguration,
        Ended { code: 0, .. } => Fault::EndsByItself,
        _ => Fault::CrashLoop,
    })
}

/// `ended with exit code 1 (Error): last words`.
fn how(down: &Ended) -> String {
    let reason = if down.reason.is_empty() { String::new() } else { format!(" ({})", down.reason) };
    let words = if down.message.is_empty() { String::new() } else { format!(": {}", down.message.trim()) };
    format!("ended with exit code {}{reason}{words}", down.code)
}
