//! The end for people: what happened, why, what else waits for it, and what to do.

use super::{super::verdict::End, Ending, OldPod};
use crate::printable::printable;
use std::io::{self, Write};

/// Old pods that are told of.
const OLD_PODS: usize = 10;

/// Writes it.
pub(super) fn write(ending: &Ending<'_>, out: &mut dyn Write) -> io::Result<()> {
    let revision = ending.revision.map(|revision| format!(" revision {revision}")).unwrap_or_default();
    let seconds = ending.elapsed.as_secs();
    let (name, summary) = (printable(ending.release), printable(&ending.summary));
    writeln!(out, "{name}{revision}: {summary} (after {seconds} s)")?;
    if ending.end == End::NothingToWatch {
        return writeln!(out, "  what to do: {}", nothing(ending));
    }
    if let Some(cause) = ending.cause {
        let pod = cause.pod.as_ref().map(|pod| format!("pod {}", pod.name));
        let container = cause.container.as_ref().map(|container| format!("container {container}"));
        let place: Vec<String> = [container, pod].into_iter().flatten().collect();
        let place = if place.is_empty() { String::new() } else { format!("{}: ", place.join(" of ")) };
        writeln!(out, "  cause: {}", printable(&format!("{place}{}", cause.message)))?;
        for node in &ending.blocked {
            writeln!(out, "  blocked by it: {}", printable(&node.name.to_string()))?;
        }
        evidence(ending, out)?;
        writeln!(out, "  what to do: {}", cause.advice)?;
    }
    for other in &ending.others {
        writeln!(
            out,
            "  also: {}",
            printable(&format!("{}: {}: {}", other.object, other.fault.code(), other.message))
        )?;
    }
    old_pods(&ending.old_pods, out)
}

fn nothing(ending: &Ending<'_>) -> String {
    match ending.parts {
        [] if ending.revision.is_some() || ending.is_manifest => {
            "it has no Deployment, StatefulSet, DaemonSet, Job or Pod; there is nothing to wait for".to_owned()
        }
        [] => format!(
            "there is no release `{}` in namespace {}: check both names, and run this after `helm upgrade --install`",
            printable(ending.release),
            printable(ending.namespace)
        ),
        _ => "nothing of the manifest is in the cluster: apply it first, or check the namespace".to_owned(),
    }
}

fn evidence(ending: &Ending<'_>, out: &mut dyn Write) -> io::Result<()> {
    let events = &ending.evidence.events;
    if !events.is_empty() {
        writeln!(out, "  events:")?;
    }
    for event in events {
        let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
        writeln!(out, "    {}{times}: {}", printable(&event.reason), printable(&event.message))?;
    }
    for log in &ending.evidence.logs {
        let run = if log.is_previous { ", before it was restarted" } else { "" };
        writeln!(out, "  last lines of container {} of pod {}{run}:", printable(&log.container), printable(&log.pod))?;
        for line in &log.lines {
            writeln!(out, "    | {}", printable(line))?;
        }
    }
    for unread in &ending.evidence.unread {
        writeln!(out, "  not read: {}", printable(unread))?;
    }
    Ok(())
}

fn old_pods(pods: &[OldPod], out: &mut dyn Write) -> io::Result<()> {
    let remarkable: Vec<&OldPod> = pods.iter().filter(|pod| pod.is_remarkable()).collect();
    for pod in remarkable.iter().take(OLD_PODS) {
        for container in pod.containers.iter().filter(|container| container.is_remarkable()) {
            let words = match &*container.last_words {
                "" => String::new(),
                words => format!("; its last words: {words}"),
            };
            let name = format!("old pod {} of {}: container {}", pod.pod, pod.part, container.container);
            let end = if container.was_cut_off {
                let grace = pod.grace_seconds;
                format!(
                    "was killed (137): its grace period of {grace} s was too short; raise terminationGracePeriodSeconds"
                )
            } else {
                format!("ended with exit code {}", container.exit_code)
            };
            writeln!(out, "  {}", printable(&format!("{name} {end}{words}")))?;
        }
    }
    if remarkable.len() > OLD_PODS {
        writeln!(out, "  and {} more old pods", remarkable.len() - OLD_PODS)?;
    }
    Ok(())
}
