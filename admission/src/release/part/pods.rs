//! What a pod's troubles mean for the part that it belongs to.

use super::{
    super::{
        causes::{Cause, Fault, Patience},
        name::ObjectName,
        observed::{Pod, State},
        trouble::Trouble,
        world::SeenPod,
    },
    Judging, Prerequisites, Suspect,
};
use std::time::Duration;

/// What a pod does that is not ready without being in trouble is shown once that lasts; sooner where there is little time.
const STARTS: Duration = Duration::from_secs(10);

/// The troubles of a pod as what keeps its part.
pub(super) fn suspects(judging: &Judging<'_>, part: &ObjectName, seen: &SeenPod, after: Prerequisites) -> Vec<Suspect> {
    let now = judging.now;
    let mut suspects: Vec<Suspect> = seen
        .troubles
        .iter()
        .map(|(trouble, since)| {
            let cause = cause(part, &seen.pod, trouble);
            match trouble.fault.patience() {
                _ if is_explained(trouble, after) => Suspect::passing(cause),
                Patience::Restarts(times) if trouble.restarts >= times => Suspect::over(cause),
                _ => Suspect::since(cause, *since, now),
            }
        })
        .collect();
    let is_slow = seen.ready.is_none()
        && !seen.pod.ending
        && now.saturating_sub(seen.seen) >= STARTS.min(judging.wish.timeout / 2);
    if suspects.is_empty() && is_slow && after != Prerequisites::Open {
        suspects.extend(slow(part, &seen.pod).map(Suspect::passing));
    }
    suspects
}

/// Whether a run that ended is explained by a Job that was not complete when it began.
fn is_explained(trouble: &Trouble, after: Prerequisites) -> bool {
    let ends = [Fault::CrashLoop, Fault::EndsByItself, Fault::OutOfMemory, Fault::BadConfiguration];
    let began_before = match after {
        Prerequisites::None => false,
        Prerequisites::Open => true,
        Prerequisites::Complete { at, .. } => at.is_some_and(|at| trouble.run.is_none_or(|run| run <= at)),
    };
    ends.contains(&trouble.fault) && began_before
}

/// A trouble as a cause.
pub(super) fn cause(part: &ObjectName, pod: &Pod, trouble: &Trouble) -> Cause {
    let cause = Cause::of(trouble.fault, part, trouble.message.clone()).in_pod(pod);
    Cause { container: trouble.container.clone(), ..cause }
}

/// With how the containers of a pod that failed ended.
pub(super) fn with_end(cause: Cause, pod: &Pod) -> Cause {
    let failed = pod.containers.iter().find_map(|container| {
        let down = container.down().filter(|down| down.code != 0)?;
        Some((container, down))
    });
    let Some((container, down)) = failed else { return cause };
    let words = if down.message.is_empty() { String::new() } else { format!(": {}", down.message.trim()) };
    let message = format!("{}; container {} ended with exit code {}{words}", cause.message, container.name, down.code);
    Cause { message, container: Some(container.name.clone()), ..cause }
}

/// What a pod does that is neither ready nor in trouble.
fn slow(part: &ObjectName, pod: &Pod) -> Option<Cause> {
    let waiting = pod.containers.iter().find(|container| !container.ready && !is_done(container));
    let what = match waiting.map(|container| &container.state) {
        Some(State::Waiting { reason, .. }) if reason == "ContainerCreating" => match &pod.no_sandbox {
            Some(why) => {
                format!("stuck in ContainerCreating: PodReadyToStartContainers is False {why}").trim_end().to_owned()
            }
            None => "stuck in ContainerCreating".to_owned(),
        },
        Some(State::Waiting { reason, message }) => format!("waits: {reason} {message}").trim_end().to_owned(),
        Some(_) => "runs and is not ready".to_owned(),
        None => return None,
    };
    let cause = Cause::of(Fault::NotReady, part, what).in_pod(pod);
    Some(Cause { container: waiting.map(|container| container.name.clone()), ..cause })
}

fn is_done(container: &super::super::observed::Container) -> bool {
    matches!(&container.state, State::Ended(ended) if ended.code == 0)
}
