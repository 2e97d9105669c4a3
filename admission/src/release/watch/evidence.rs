//! What explains an end beside the cause itself: events, and the last lines of logs. Read once, when all is over.

use super::super::{
    bounds::{LOG_BYTES, LOG_LINES},
    causes::{Cause, Fault, PodName},
    observed::{Event, Uid},
    verdict::{End, Picture},
    world::World,
};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, api::LogParams};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// What explains an end.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Evidence {
    pub events: Vec<EventGroup>,
    pub logs: Vec<Log>,
    /// What could not be read.
    pub unread: Vec<String>,
}

/// Events of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct EventGroup {
    pub reason: String,
    pub count: u32,
    /// The longest one.
    pub message: String,
    pub is_warning: bool,
}

/// The end of a container's log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Log {
    pub pod: String,
    pub container: String,
    /// Whether it is of the run before this one.
    pub is_previous: bool,
    pub lines: Vec<String>,
}

/// For each log. The release is over, and somebody waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Groups of events that are shown.
const GROUPS: usize = 8;

/// What the kubelet says where there is no log yet.
const NOT_STARTED: &str = "is waiting to start";

/// With these there is no log.
const NEVER_RAN: [Fault; 5] = [
    Fault::InvalidImageName,
    Fault::ImageNeverPulled,
    Fault::ImageNotPulled,
    Fault::ContainerConfig,
    Fault::Unschedulable,
];

/// Gathers what explains the end of a release that did not end well.
pub(super) async fn gather(client: &Client, picture: &Picture, world: &World) -> Evidence {
    let mut evidence = Evidence::default();
    let Some(root) = picture.root.as_ref().filter(|_| picture.end != Some(End::Complete)) else { return evidence };
    let mut events: Vec<&Event> = about(root, world).iter().flat_map(|uid| world.events_of(uid)).collect();
    events.dedup_by(|a, b| a.uid == b.uid);
    evidence.events = grouped(&events);
    let place = root.pod.as_ref().zip(root.container.as_ref()).filter(|_| !NEVER_RAN.contains(&root.fault));
    if let Some((pod, container)) = place {
        for is_previous in [true, false] {
            match log(client, pod, container, is_previous).await {
                Ok(lines) if lines.is_empty() => {}
                Ok(lines) => {
                    let (pod, container) = (pod.name.clone(), container.clone());
                    evidence.logs.push(Log { pod, container, is_previous, lines });
                }
                // There may be no run before this one, and none now.
                Err(_) if is_previous => {}
                Err(why) if why.contains(NOT_STARTED) => {}
                Err(why) => {
                    evidence.unread.push(format!("the log of container {container} of pod {}: {why}", pod.name));
                }
            }
        }
        // One log is enough; the other one may well not be there.
        if !evidence.logs.is_empty() {
            evidence.unread.clear();
        }
    }
    evidence
}

/// The objects that events are about: the pod, and what made it.
fn about(root: &Cause, world: &World) -> Vec<Uid> {
    let pod = root.pod.iter().map(|pod| pod.uid.clone());
    let workload = world.workload(&root.object).map(|workload| workload.uid.clone());
    let revisions = workload.iter().flat_map(|uid| world.revisions(uid).map(|revision| revision.uid.clone()));
    let job = world.job(&root.object).map(|seen| seen.job.uid.clone());
    pod.chain(workload.clone()).chain(revisions).chain(job).collect()
}

/// Warnings, and kills: `Unhealthy` ×6 tells more than six lines, and `Killing` ×1 that it was one restart.
fn grouped(events: &[&Event]) -> Vec<EventGroup> {
    let mut order: Vec<EventGroup> = Vec::new();
    let mut places: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for event in events.iter().filter(|event| event.is_warning || event.reason == "Killing") {
        let place = *places.entry((&event.reason, event.is_warning)).or_insert_with(|| {
            let (reason, is_warning) = (event.reason.clone(), event.is_warning);
            order.push(EventGroup { reason, count: 0, message: String::new(), is_warning });
            order.len() - 1
        });
        order[place].count = order[place].count.saturating_add(event.count);
        // Later ones are often shorter: `Error: ErrImagePull`.
        if event.message.len() > order[place].message.len() {
            order[place].message.clone_from(&event.message);
        }
    }
    order.truncate(GROUPS);
    order
}

async fn log(client: &Client, pod: &PodName, container: &str, previous: bool) -> Result<Vec<String>, String> {
    let api = Api::<Pod>::namespaced(client.clone(), &pod.namespace);
    let params = LogParams {
        container: Some(container.to_owned()),
        previous,
        tail_lines: Some(LOG_LINES.into()),
        limit_bytes: Some(LOG_BYTES.into()),
        ..LogParams::default()
    };
    match tokio::time::timeout(PATIENCE, api.logs(&pod.name, &params)).await {
        Ok(Ok(text)) => Ok(text.lines().map(str::to_owned).collect()),
        Ok(Err(kube::Error::Api(status))) => Err(status.message),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
