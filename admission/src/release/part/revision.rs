//! Which pods of a workload are of its newest revision.

use super::super::{
    name::Kind,
    observed::{Revision, Strategy, Workload},
    world::{SeenPod, World},
};

/// The pods of a workload. Pods that are over and stay, such as evicted ones, are neither: others have taken their place.
pub(super) struct Pods<'a> {
    /// Of the newest revision, and not ending.
    pub(super) new: Vec<&'a SeenPod>,
    /// Of older revisions, or ending.
    pub(super) old: Vec<&'a SeenPod>,
    /// The newest revision, of a Deployment.
    pub(super) replica_set: Option<&'a Revision>,
}

/// The pods of a workload by revision; none while the newest revision is not known.
pub(super) fn pods<'a>(world: &'a World, workload: &'a Workload) -> Option<Pods<'a>> {
    if !workload.observed {
        return None;
    }
    match workload.name.kind {
        Kind::Deployment => of_deployment(world, workload),
        Kind::DaemonSet => {
            let of_template = world.revisions(&workload.uid).filter(|revision| revision.template == workload.template);
            let newest = of_template.max_by_key(|revision| revision.number)?;
            Some(by_hash(world, workload, &newest.hash))
        }
        _ => Some(by_hash(world, workload, workload.update_revision.as_deref()?)),
    }
}

/// As the Deployment's controller chooses: the oldest ReplicaSet with the template of the Deployment.
fn of_deployment<'a>(world: &'a World, workload: &'a Workload) -> Option<Pods<'a>> {
    let of_template = world.revisions(&workload.uid).filter(|revision| revision.template == workload.template);
    let current = of_template.min_by_key(|revision| (revision.created, &revision.uid))?;
    let all = world
        .revisions(&workload.uid)
        .flat_map(|revision| world.pods_of(&revision.uid).map(move |seen| (seen, revision.uid == current.uid)));
    Some(Pods { replica_set: Some(current), ..Pods::split(all) })
}

fn by_hash<'a>(world: &'a World, workload: &'a Workload, hash: &str) -> Pods<'a> {
    let stays = |seen: &SeenPod| match workload.strategy {
        Strategy::Partition(partition) => seen.pod.ordinal().is_some_and(|ordinal| ordinal < partition),
        _ => false,
    };
    let all = world.pods_of(&workload.uid).map(|seen| (seen, seen.pod.revision == hash));
    Pods::split(all.filter(|(seen, is_new)| *is_new || !stays(seen) || seen.pod.ending))
}

impl<'a> Pods<'a> {
    fn split(all: impl Iterator<Item = (&'a SeenPod, bool)>) -> Self {
        let live = all.filter(|(seen, _)| !seen.pod.is_over() || seen.pod.ending);
        let (new, old): (Vec<_>, Vec<_>) = live.partition(|(seen, is_new)| *is_new && !seen.pod.ending);
        let only = |pods: Vec<(&'a SeenPod, bool)>| pods.into_iter().map(|(seen, _)| seen).collect();
        Pods { new: only(new), old: only(old), replica_set: None }
    }
}
