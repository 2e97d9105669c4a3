//! A small model of the controllers, with random interleavings, failed attempts, crashes and evictions, and watches that lag
//! behind each other. Whatever happens: never Complete while a new pod is not ready or an old one is left, never Failed or
//! Stuck while success is still possible, and there is always an end.

use super::build::*;
use crate::release::{
    name::Kind,
    verdict::{End, Picture},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// A crash that follows so many restarts is a loop, whatever comes next.
const LOOP: u32 = 3;

#[derive(Debug, Clone)]
struct Setting {
    kind: Kind,
    replicas: u32,
    /// Attempts that fail, and whether the Job fails in the end; none where there is no Job.
    job: Option<(u32, bool)>,
    /// How often the pods crash, one after another, before they run.
    crashes: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Life {
    Created,
    Crashed,
    Ready,
    Ending,
    Gone,
}

#[derive(Debug, Clone)]
struct ModelPod {
    name: String,
    is_new: bool,
    ordinal: u32,
    crashes: u32,
    restarts: u32,
    life: Life,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Action {
    Observe,
    FailAttempt,
    EndJob,
    Create(u32),
    Start(usize),
    Crash(usize),
    Delete(usize),
    Vanish(usize),
    Evict(usize),
    Count,
    Hear(usize),
}

/// What is so, and what is still on its way to the monitor: one queue for each kind.
struct Model {
    setting: Setting,
    story: Story,
    is_observed: bool,
    failed: u32,
    job_ended: bool,
    pods: Vec<ModelPod>,
    /// What the statuses last said: updated, available, available of the new revision.
    counted: (u32, u32, u32),
    evictions: u32,
    queues: [VecDeque<Result<Value, String>>; 4],
}

const WORKLOADS: usize = 0;
const REVISIONS: usize = 1;
const JOBS: usize = 2;
const PODS: usize = 3;

impl Model {
    fn new(setting: Setting) -> Self {
        let workload = format!("{} web", setting.kind.name());
        let story = match setting.job {
            Some(_) => Story::of(&["Job migrate", &workload]),
            None => Story::of(&[&workload]),
        };
        let old = (0..setting.replicas).map(|ordinal| ModelPod {
            name: format!("old-{ordinal}"),
            is_new: false,
            ordinal,
            crashes: 0,
            restarts: 0,
            life: Life::Ready,
        });
        let pods = old.collect();
        let mut model = Model {
            setting,
            story,
            is_observed: false,
            failed: 0,
            job_ended: false,
            pods,
            counted: (0, 0, 0),
            evictions: 2,
            queues: Default::default(),
        };
        model.tell_workload();
        model.tell_revision("1");
        (0..model.pods.len()).for_each(|pod| model.tell_pod(pod));
        if model.setting.job.is_some() {
            model.queues[JOBS].push_back(Ok(job("", 0)));
        }
        model.hear_all();
        model
    }

    fn live(&self, is_new: bool) -> impl Iterator<Item = &ModelPod> {
        self.pods.iter().filter(move |pod| pod.is_new == is_new && pod.life != Life::Gone)
    }

    fn count(&self, is_new: bool, life: Life) -> u32 {
        self.live(is_new).filter(|pod| pod.life == life).count() as u32
    }

    fn is_doomed(&self) -> bool {
        self.setting.job.is_some_and(|(_, fails)| fails) || self.live(true).any(|pod| pod.crashes > LOOP)
    }

    /// What can happen next.
    fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut may = |is_so: bool, action| {
            if is_so {
                actions.push(action);
            }
        };
        may(!self.is_observed, Action::Observe);
        if let Some((attempts, _)) = self.setting.job.filter(|_| !self.job_ended) {
            may(self.failed < attempts, Action::FailAttempt);
            may(self.failed == attempts, Action::EndJob);
        }
        let has_migrated = match self.setting.job {
            Some((_, fails)) => self.job_ended && !fails,
            None => true,
        };
        for (at, pod) in self.pods.iter().enumerate() {
            let runs = pod.is_new && has_migrated;
            let will_crash = pod.restarts < pod.crashes;
            may(runs && pod.life == Life::Created && !will_crash, Action::Start(at));
            may(runs && pod.life == Life::Created && will_crash, Action::Crash(at));
            may(pod.life == Life::Crashed, Action::Start(at));
            may(pod.life == Life::Ending, Action::Vanish(at));
            may(pod.is_new && pod.life == Life::Ready && self.evictions > 0, Action::Evict(at));
            may(self.may_delete(pod), Action::Delete(at));
        }
        if let Some(ordinal) = self.is_observed.then(|| self.missing()).flatten() {
            may(true, Action::Create(ordinal));
        }
        may(self.counted != self.counts(), Action::Count);
        for (at, queue) in self.queues.iter().enumerate() {
            may(!queue.is_empty(), Action::Hear(at));
        }
        actions
    }

    /// The place of the next new pod, if one may be made now.
    fn missing(&self) -> Option<u32> {
        let has = |ordinal: &u32| self.live(true).any(|pod| pod.ordinal == *ordinal && pod.life != Life::Ending);
        let free = |ordinal: &u32| !self.pods.iter().any(|pod| pod.ordinal == *ordinal && pod.life != Life::Gone);
        let mut ordinals = 0..self.setting.replicas;
        match self.setting.kind {
            // One more than it wants.
            Kind::Deployment => {
                let all = self.pods.iter().filter(|pod| !matches!(pod.life, Life::Gone | Life::Ending)).count() as u32;
                ordinals.find(|ordinal| !has(ordinal)).filter(|_| all <= self.setting.replicas)
            }
            _ => ordinals.find(free),
        }
    }

    fn may_delete(&self, pod: &ModelPod) -> bool {
        if pod.is_new || !self.is_observed || pod.life != Life::Ready {
            return false;
        }
        let ready = self.count(true, Life::Ready) + self.count(false, Life::Ready);
        match self.setting.kind {
            Kind::Deployment => ready > self.setting.replicas,
            Kind::DaemonSet => ready >= self.setting.replicas,
            // From the last to the first, each once all are ready.
            _ => ready >= self.setting.replicas && self.live(false).all(|other| other.ordinal <= pod.ordinal),
        }
    }

    /// What the controllers count.
    fn counts(&self) -> (u32, u32, u32) {
        if !self.is_observed {
            return (0, self.count(false, Life::Ready), 0);
        }
        let updated = self.live(true).filter(|pod| pod.life != Life::Ending).count() as u32;
        let new = self.count(true, Life::Ready);
        (updated, new + self.count(false, Life::Ready), new)
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Observe => {
                self.is_observed = true;
                self.tell_revision("2");
                self.tell_workload();
            }
            Action::FailAttempt => {
                self.failed += 1;
                self.queues[JOBS].push_back(Ok(job("", self.failed)));
            }
            Action::EndJob => {
                self.job_ended = true;
                let fails = self.setting.job.is_some_and(|(_, fails)| fails);
                self.queues[JOBS].push_back(Ok(job(if fails { "Failed" } else { "Complete" }, self.failed)));
            }
            Action::Create(ordinal) => {
                let crashes = self.setting.crashes.pop().unwrap_or_default();
                let name = format!("new-{}-{ordinal}", self.pods.len());
                self.pods.push(ModelPod { name, is_new: true, ordinal, crashes, restarts: 0, life: Life::Created });
                self.tell_pod(self.pods.len() - 1);
            }
            Action::Start(at) if self.pods[at].life == Life::Crashed => {
                self.pods[at].restarts += 1;
                self.pods[at].life = Life::Created;
                self.tell_pod(at);
            }
            Action::Start(at) => self.live_on(at, Life::Ready),
            Action::Crash(at) => self.live_on(at, Life::Crashed),
            Action::Delete(at) => self.live_on(at, Life::Ending),
            Action::Vanish(at) => self.live_on(at, Life::Gone),
            Action::Evict(at) => {
                self.evictions -= 1;
                self.live_on(at, Life::Ending);
                // Nobody can know of it before hearing of it.
                self.hear_all();
            }
            Action::Count => {
                self.counted = self.counts();
                self.tell_workload();
                self.tell_revision("2");
            }
            Action::Hear(queue) => self.hear(queue),
        }
    }

    fn live_on(&mut self, at: usize, life: Life) {
        self.pods[at].life = life;
        self.tell_pod(at);
    }

    fn tell_workload(&mut self) {
        let (updated, available, _) = self.counted;
        let mut object = match self.setting.kind {
            Kind::Deployment => deployment(self.setting.replicas, updated, available),
            Kind::DaemonSet => daemon_set(self.setting.replicas, updated, available),
            _ => stateful_set(self.setting.replicas, updated, available),
        };
        if !self.is_observed {
            object["status"]["observedGeneration"] = 1.into();
        }
        self.queues[WORKLOADS].push_back(Ok(object));
    }

    fn tell_revision(&mut self, image: &str) {
        let available = self.count(image == "2", Life::Ready);
        let object = match self.setting.kind {
            Kind::Deployment => replica_set(image, available),
            _ => controller_revision(image, image.parse().unwrap()),
        };
        self.queues[REVISIONS].push_back(Ok(object));
    }

    fn tell_pod(&mut self, at: usize) {
        let ModelPod { name, is_new, restarts, life, .. } = &self.pods[at];
        let hash = if *is_new { "2" } else { "1" };
        let fresh = match self.setting.kind {
            Kind::Deployment => pod(name, &format!("rs{hash}")),
            _ => pod_at(name, hash),
        };
        let mut object = match life {
            Life::Created => fresh,
            Life::Crashed => crashed(fresh, *restarts, 1, "Error"),
            Life::Ready => ready(fresh),
            Life::Ending => ending(ready(fresh)),
            Life::Gone => {
                self.queues[PODS].push_back(Err(name.clone()));
                return;
            }
        };
        object["status"]["containerStatuses"][0]["restartCount"] = json!(restarts);
        self.queues[PODS].push_back(Ok(object));
    }

    fn hear(&mut self, queue: usize) {
        match self.queues[queue].pop_front() {
            Some(Ok(object)) => {
                self.story.see(&object);
                // A watch that was cut says things twice.
                self.story.see(&object);
            }
            Some(Err(uid)) => self.story.lose(&uid),
            None => {}
        }
    }

    fn hear_all(&mut self) {
        for queue in 0..self.queues.len() {
            while !self.queues[queue].is_empty() {
                self.hear(queue);
            }
        }
    }

    fn check(&self, picture: &Picture) -> Result<(), TestCaseError> {
        match picture.end {
            Some(End::Complete) => {
                prop_assert_eq!(self.count(true, Life::Ready), self.setting.replicas, "ready");
                prop_assert_eq!(self.live(false).count(), 0, "old pods");
                prop_assert!(self.setting.job.is_none() || self.job_ended, "job");
            }
            Some(End::Failed | End::Stuck) => {
                prop_assert!(self.is_doomed(), "success was possible: {:?}", picture.root);
            }
            Some(other) => prop_assert!(other == End::TimedOut, "{other:?}"),
            None => {}
        }
        Ok(())
    }
}

fn setting() -> impl Strategy<Value = Setting> {
    let kind = prop_oneof![Just(Kind::Deployment), Just(Kind::StatefulSet), Just(Kind::DaemonSet)];
    let job = proptest::option::of((0u32..4, prop::bool::weighted(0.2)));
    let crashes = prop::collection::vec(prop_oneof![4 => Just(0u32), 2 => 1u32..=LOOP, 1 => Just(LOOP + 1)], 0..8);
    (kind, 1u32..4, job, crashes).prop_map(|(kind, replicas, job, crashes)| Setting { kind, replicas, job, crashes })
}

proptest! {
    #[test]
    fn the_verdict_is_true_and_comes(setting in setting(), choices in prop::collection::vec(any::<u16>(), 0..150)) {
        let mut model = Model::new(setting);
        // Chance first, then the first thing that can happen, until nothing can.
        let chance = choices.into_iter().map(Some).chain(std::iter::repeat_n(None, 500));
        for choice in chance {
            let actions = model.actions();
            let Some(last) = actions.len().checked_sub(1) else { break };
            let at = choice.map_or(last, |choice| usize::from(choice) % actions.len());
            model.act(actions[at]);
            let picture = model.story.after(1);
            model.check(&picture)?;
            if picture.end.is_some() {
                return Ok(());
            }
        }
        let picture = model.story.after(10);
        model.check(&picture)?;
        if !model.is_doomed() {
            prop_assert_eq!(picture.end, Some(End::Complete), "{:?}", picture.nodes);
        }
        prop_assert!(model.story.after(1200).end.is_some());
    }
}
