//! How the pods of older revisions ended: a rollout is no success for work that was cut off.

use super::super::{
    verdict::Picture,
    world::{Departed, World},
};
use serde::Serialize;

/// How an old pod ended.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OldPod {
    /// Its name.
    pub pod: String,
    /// The part of the release that it belonged to.
    pub part: String,
    /// The longest that it was allowed to take.
    pub grace_seconds: u64,
    /// How long it took, as seen.
    pub took_seconds: u64,
    /// How its containers ended.
    pub containers: Vec<OldContainer>,
}

/// How a container of an old pod ended.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OldContainer {
    /// Its name.
    pub container: String,
    /// Its exit code.
    pub exit_code: i32,
    /// Whether it was killed because its grace period was over.
    pub was_cut_off: bool,
    /// Its termination message.
    pub last_words: String,
}

/// What the kubelet says of a container that it did not find: it may never have run, whatever its exit code.
const UNKNOWN: &str = "ContainerStatusUnknown";

/// SIGKILL.
const KILLED: i32 = 137;

pub(super) fn old_pods(picture: &Picture, world: &World) -> Vec<OldPod> {
    let workloads = picture.nodes.iter().filter_map(|node| world.workload(&node.name));
    let owners: Vec<_> = workloads
        .flat_map(|workload| {
            let sets = world.revisions(&workload.uid).map(|set| &set.uid);
            sets.chain([&workload.uid]).map(move |uid| (uid, workload.name.to_string()))
        })
        .collect();
    let part = |gone: &Departed| {
        let owner = gone.pod.owner.as_ref()?;
        owners.iter().find(|(uid, _)| *uid == owner).map(|(_, part)| part.clone())
    };
    let ours = world.departed().iter().filter_map(|gone| Some((gone, part(gone)?)));
    ours.map(|(gone, part)| old_pod(gone, part)).collect()
}

fn old_pod(gone: &Departed, part: String) -> OldPod {
    let known = gone.ends.iter().filter(|(_, end)| end.reason != UNKNOWN);
    let containers = known.map(|(container, end)| OldContainer {
        container: container.clone(),
        exit_code: end.code,
        was_cut_off: end.code == KILLED && end.reason != "OOMKilled",
        last_words: end.message.trim().to_owned(),
    });
    OldPod {
        pod: gone.pod.name.clone(),
        part,
        grace_seconds: gone.pod.grace.as_secs(),
        took_seconds: gone.took.as_secs(),
        containers: containers.collect(),
    }
}

impl OldPod {
    /// Whether there is something to say of it.
    pub(super) fn is_remarkable(&self) -> bool {
        self.containers.iter().any(OldContainer::is_remarkable)
    }
}

impl OldContainer {
    pub(super) fn is_remarkable(&self) -> bool {
        self.was_cut_off || !matches!(self.exit_code, 0 | 143) || !self.last_words.is_empty()
    }
}
