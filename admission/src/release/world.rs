//! All objects that were seen, and since when what is so: the memory that a verdict needs beside the newest state.
//!
//! Objects are known by their UID, so an object that was made anew under the same name is another one, and hearing of a
//! change twice changes nothing. Moments are of this program's clock, counted from its start.

use super::{
    bounds::{DEPARTED, EVENTS},
    causes::Fault,
    name::ObjectName,
    observed::{Ended, Event, Job, JobEnd, Object, Pod, Revision, Uid, Workload},
    record::{Record, Status},
    trouble::{Trouble, troubles},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Since the monitor began.
pub type Moment = Duration;

/// Within what time Helm applies everything.
const APPLIED: Duration = Duration::from_secs(30);

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct World {
    /// What Helm says; none where there is only a manifest, or no record yet.
    pub record: Option<Record>,
    /// Whether each kind was listed once: before that, what is not here may be there.
    pub is_listed: bool,
    /// Since when each hook runs; none while it has not begun. The Job of an earlier revision may still be there under the
    /// same name, and what it came to says nothing of this one.
    pub hooks: BTreeMap<ObjectName, Option<Moment>>,
    /// When Helm's record was first seen.
    recorded: Option<Moment>,
    workloads: BTreeMap<Uid, Workload>,
    revisions: BTreeMap<Uid, Revision>,
    jobs: BTreeMap<Uid, SeenJob>,
    pods: BTreeMap<Uid, SeenPod>,
    /// The pods that an object controls.
    owned: BTreeMap<Uid, BTreeSet<Uid>>,
    events: BTreeMap<Uid, SeenEvent>,
    departed: Vec<Departed>,
    /// Since when a workload or a revision has a fault that is a condition of it.
    since: BTreeMap<(Uid, Fault), Moment>,
    heard: u64,
}

/// A Job, and what is known of its time.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SeenJob {
    pub job: Job,
    /// When it was first seen.
    pub seen: Moment,
    /// When its end was seen.
    pub ended: Option<Moment>,
    /// Whether it was deleted since.
    pub is_gone: bool,
}

/// A pod, and what is known of its time.
#[derive(Debug, Clone)]
pub struct SeenPod {
    /// The newest state.
    pub pod: Pod,
    /// When it was first seen.
    pub seen: Moment,
    /// Since when it is ready without a restart.
    pub ready: Option<Moment>,
    /// Since when it ends.
    pub ending: Option<Moment>,
    /// What is wrong with it, and since when.
    pub troubles: Vec<(Trouble, Moment)>,
}

#[derive(Debug)]
struct SeenEvent {
    event: Event,
    /// Whether it was said since the watch began, and not before.
    is_new: bool,
    /// When it was first heard.
    since: Moment,
    /// Grows with each event that is heard.
    order: u64,
}

/// A pod that ended while it was watched.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Departed {
    pub pod: Pod,
    pub at: Moment,
    /// From the first sight of its end until it was gone.
    pub took: Duration,
    /// How each container ended.
    pub ends: Vec<(String, Ended)>,
}

impl World {
    /// Takes the newest state of an object.
    pub fn see(&mut self, object: Object, now: Moment) {
        match object {
            Object::Workload(workload) => {
                self.note(&workload.uid, Fault::NotCreated, workload.refused.is_some(), now);
                self.note(&workload.uid, Fault::Paused, workload.paused, now);
                self.workloads.insert(workload.uid.clone(), workload);
            }
            Object::Revision(revision) => {
                self.note(&revision.uid, Fault::NotCreated, revision.refused.is_some(), now);
                self.revisions.insert(revision.uid.clone(), revision);
            }
            Object::Job(job) => self.see_job(job, now),
            Object::Pod(pod) => self.see_pod(pod, now),
            Object::Event(event) => self.see_event(event, now),
        }
    }

    /// Takes the newest record of Helm, and which of its hooks have begun.
    pub fn see_record(&mut self, record: Record, hooks: impl Iterator<Item = ObjectName>, now: Moment) {
        self.hooks = match record.status {
            Status::Pending => hooks
                .map(|hook| {
                    let begun = self.hooks.get(&hook).copied().flatten();
                    let is_begun = record.hooks.contains_key(&hook);
                    let begun = begun.or(is_begun.then_some(now));
                    (hook, begun)
                })
                .collect(),
            _ => BTreeMap::new(),
        };
        self.record = Some(record);
        self.recorded.get_or_insert(now);
    }

    /// Whether Helm may not have applied this revision yet: then objects are still those of the one before. Helm does not say when
    /// it has, but it takes seconds once the hooks that come before are done.
    pub fn may_be_unapplied(&self, has_hooks_before: bool, now: Moment) -> bool {
        let is_new = self.recorded.is_some_and(|seen| now.saturating_sub(seen) < APPLIED);
        let is_upgrade = |record: &Record| record.status == Status::Pending && record.revision > 1;
        self.record.as_ref().is_some_and(is_upgrade) && (is_new || has_hooks_before)
    }

    /// Remembers since when a condition holds.
    fn note(&mut self, uid: &Uid, fault: Fault, holds: bool, now: Moment) {
        let key = (uid.clone(), fault);
        if holds {
            self.since.entry(key).or_insert(now);
        } else {
            self.since.remove(&key);
        }
    }

    /// Since when a workload or a revision has a fault that is a condition of it.
    pub fn since(&self, uid: &Uid, fault: Fault) -> Option<Moment> {
        self.since.get(&(uid.clone(), fault)).copied()
    }

    /// An object is gone.
    pub fn lose(&mut self, uid: &Uid, now: Moment) {
        self.workloads.remove(uid);
        self.revisions.remove(uid);
        // What a Job came to is known, whoever deletes it.
        if let Some(job) = self.jobs.get_mut(uid) {
            job.is_gone = true;
        }
        let Some(seen) = self.pods.remove(uid) else { return };
        if let Some(pods) = seen.pod.owner.as_ref().and_then(|owner| self.owned.get_mut(owner)) {
            pods.remove(uid);
        }
        if let Some(ending) = seen.ending
            && self.departed.len() < DEPARTED
        {
            let down =
                |container: &super::observed::Container| Some((container.name.clone(), container.down()?.clone()));
            let ends = seen.pod.containers.iter().filter_map(down).collect();
            self.departed.push(Departed { pod: seen.pod, at: now, took: now.saturating_sub(ending), ends });
        }
    }

    fn see_job(&mut self, job: Job, now: Moment) {
        let before = self.jobs.get(&job.uid);
        let ended = job.end.as_ref().map(|_| before.and_then(|before| before.ended).unwrap_or(now));
        let seen = before.map_or(now, |before| before.seen);
        self.jobs.insert(job.uid.clone(), SeenJob { job, seen, ended, is_gone: false });
    }

    fn see_pod(&mut self, mut pod: Pod, now: Moment) {
        let before = self.pods.get(&pod.uid);
        // The API server sets the grace period to 0 when the kubelet is done. The first one tells how long it had.
        if let Some(first) = before.filter(|before| before.ending.is_some()) {
            pod.grace = first.pod.grace;
        }
        let since = |trouble: &Trouble| {
            let same =
                |(known, _): &&(Trouble, Moment)| known.fault == trouble.fault && known.container == trouble.container;
            before.and_then(|seen| seen.troubles.iter().find(same)).map_or(now, |(_, since)| *since)
        };
        let troubles = troubles(&pod).into_iter().map(|trouble| (since(&trouble), trouble));
        let troubles = troubles.map(|(since, trouble)| (trouble, since)).collect();
        let steady = before.filter(|seen| seen.pod.restarts() == pod.restarts()).and_then(|seen| seen.ready);
        let ready = (pod.ready && !pod.ending).then(|| steady.unwrap_or(now));
        let ending = pod.ending.then(|| before.and_then(|seen| seen.ending).unwrap_or(now));
        let seen = before.map_or(now, |before| before.seen);
        if let Some(owner) = &pod.owner {
            self.owned.entry(owner.clone()).or_default().insert(pod.uid.clone());
        }
        self.pods.insert(pod.uid.clone(), SeenPod { pod, seen, ready, ending, troubles });
    }

    fn see_event(&mut self, event: Event, now: Moment) {
        let known = self.events.get(&event.uid);
        if known.is_some_and(|seen| seen.event.count >= event.count) || (known.is_none() && self.events.len() >= EVENTS)
        {
            return;
        }
        self.heard += 1;
        let since = known.map_or(now, |seen| seen.since);
        self.events.insert(event.uid.clone(), SeenEvent { event, is_new: self.is_listed, since, order: self.heard });
    }

    /// The workload of a name.
    pub fn workload(&self, name: &ObjectName) -> Option<&Workload> {
        self.workloads.values().find(|workload| workload.name == *name)
    }

    /// The Job of a name: one that is there, else the last that was.
    pub fn job(&self, name: &ObjectName) -> Option<&SeenJob> {
        let hook = self.hooks.get(name);
        let counts = |seen: &SeenJob| match hook {
            Some(Some(begun)) => seen.seen >= *begun,
            Some(None) => false,
            None => true,
        };
        let of_name = self.jobs.values().filter(|seen| seen.job.name == *name && counts(seen));
        of_name.max_by_key(|seen| (!seen.is_gone, seen.job.created))
    }

    /// The bare Pod of a name.
    pub fn pod(&self, name: &ObjectName) -> Option<&SeenPod> {
        self.pods.values().find(|seen| seen.pod.namespace == name.namespace && seen.pod.name == name.name)
    }

    /// The revisions of a workload.
    pub fn revisions<'a>(&'a self, owner: &'a Uid) -> impl Iterator<Item = &'a Revision> {
        self.revisions.values().filter(move |revision| revision.owner.as_ref() == Some(owner))
    }

    /// The pods that an object controls.
    pub fn pods_of<'a>(&'a self, owner: &Uid) -> impl Iterator<Item = &'a SeenPod> {
        self.owned.get(owner).into_iter().flatten().filter_map(|uid| self.pods.get(uid))
    }

    /// Pods that ended while they were watched.
    pub fn departed(&self) -> &[Departed] {
        &self.departed
    }

    /// Why the last try of an object to make a pod was refused, and since when, if that was the last that was said of it.
    pub fn refusal(&self, owner: &Uid) -> Option<(&str, Moment)> {
        let creations = ["FailedCreate", "SuccessfulCreate"];
        let of_owner = self.events.values().filter(|seen| seen.event.about == *owner);
        let last = of_owner.filter(|seen| creations.contains(&&*seen.event.reason)).max_by_key(|seen| seen.order)?;
        (last.is_new && last.event.reason == "FailedCreate").then_some((&*last.event.message, last.since))
    }

    /// What was said of an object, in the order in which it was heard.
    pub fn events_of(&self, about: &Uid) -> Vec<&Event> {
        let mut of_object: Vec<_> = self.events.values().filter(|seen| seen.event.about == *about).collect();
        of_object.sort_by_key(|seen| seen.order);
        of_object.into_iter().map(|seen| &seen.event).collect()
    }
}

impl SeenJob {
    /// When it was complete, by the clock of the cluster; none where that is not known.
    pub fn completed_at(&self) -> Option<k8s_openapi::jiff::Timestamp> {
        match self.job.end {
            Some(JobEnd::Complete { at }) => at,
            _ => None,
        }
    }
}
