//! A Deployment, a StatefulSet or a DaemonSet: the pods of its newest revision count, and no others.

use super::{
    super::{
        causes::{Cause, Ending, Fault, Patience},
        name::{Kind, ObjectName},
        observed::{Strategy, Workload},
        plan::{Hook, Part},
        record::Status,
        world::SeenPod,
    },
    Judging, Node, Prerequisites, Stage, Suspect, pods,
    revision::{self, Pods},
};

impl Judging<'_> {
    pub(super) fn workload(&self, part: &Part, hooks: &[(ObjectName, Hook)]) -> Node {
        let Some(workload) = self.world.workload(&part.name) else {
            return self.absent(part, "it is not in the cluster");
        };
        let (after, open) = self.prerequisites(part);
        let Some(pods) = revision::pods(self.world, workload) else {
            let node = Node { wanted: workload.wanted(), ..Node::new(part, "its controller has not taken it up yet") };
            return node.suspected(self.paused(workload).into_iter().collect());
        };
        let ready: Vec<_> = pods.new.iter().filter(|seen| seen.ready.is_some()).collect();
        let mut node = Node {
            ready: count(ready.len()),
            wanted: workload.wanted(),
            old: count(pods.old.len()),
            ..Node::new(part, "")
        };
        if is_done(workload, &pods, node.ready) {
            node.stage = Stage::Done;
            node.settled = Some(ready.iter().filter_map(|seen| seen.ready).max().unwrap_or_default());
        } else if !open.is_empty() {
            node.stage = Stage::Waiting;
        }
        node.progress = progress(&node, &open);
        let is_done = node.stage == Stage::Done;
        let mut suspects = self.of_old_pods(workload, &pods, is_done);
        if !is_done {
            suspects.extend(self.of_new_pods(workload, &pods, after));
            suspects.extend(self.of_creation(workload, &pods));
            suspects.extend(self.deadlock(part, &pods, hooks));
            suspects.extend(self.too_slow(workload, after));
            suspects.extend(self.paused(workload));
        }
        node.blocked_by = open;
        let is_open = |(hook, when): &(ObjectName, Hook)| *when == Hook::Before && !self.hook_succeeded(hook);
        if self.world.may_be_unapplied(hooks.iter().any(is_open), self.now) {
            // They may be faults of the revision before.
            suspects.iter_mut().for_each(|suspect| suspect.is_over = false);
        }
        node.suspected(suspects).explained(workload)
    }

    fn of_new_pods(&self, workload: &Workload, pods: &Pods<'_>, after: Prerequisites) -> Vec<Suspect> {
        pods.new.iter().flat_map(|seen| pods::suspects(self, &workload.name, seen, after)).collect()
    }

    /// What old pods keep: they do not count, but they can be in the way.
    fn of_old_pods(&self, workload: &Workload, pods: &Pods<'_>, is_done: bool) -> Vec<Suspect> {
        let mut suspects = Vec::new();
        let staying = || pods.old.iter().filter(|seen| !seen.pod.ending);
        if workload.strategy == Strategy::OnDelete
            && let Some(seen) = staying().next()
        {
            let message = format!("{} old pods stay until they are deleted", staying().count());
            suspects.push(Suspect::over(Cause::of(Fault::OnDelete, &workload.name, message).in_pod(&seen.pod)));
        }
        if workload.ordered && !is_done {
            suspects.extend(staying().filter_map(|seen| self.blocking(workload, seen)));
        }
        if !is_done || self.wish.is_drained {
            suspects.extend(pods.old.iter().filter_map(|seen| self.staying(workload, seen)));
        }
        suspects
    }

    /// An old pod that is broken: with OrderedReady the controller touches no other one before it is ready.
    fn blocking(&self, workload: &Workload, seen: &SeenPod) -> Option<Suspect> {
        let (trouble, since) = seen.troubles.iter().find(|(trouble, _)| trouble.fault != Fault::NodeTrouble)?;
        let message = format!("the old pod is not ready: {}", trouble.message);
        let cause = Cause::of(Fault::BlockedByOldPod, &workload.name, message).in_pod(&seen.pod);
        Some(Suspect::since(Cause { container: trouble.container.clone(), ..cause }, *since, self.now))
    }

    /// An old pod that is not gone when it should be.
    fn staying(&self, workload: &Workload, seen: &SeenPod) -> Option<Suspect> {
        let late = self.now.checked_sub(seen.ending?.saturating_add(seen.pod.grace))?;
        let Patience::For(time) = Fault::OldPodStays.patience() else { return None };
        let finalizers = match &*seen.pod.finalizers {
            [] => String::new(),
            names => format!(", held by the finalizers {}", names.join(", ")),
        };
        let grace = seen.pod.grace.as_secs();
        let message =
            format!("the old pod still ends, {} s after its grace period of {grace} s{finalizers}", late.as_secs());
        let cause = Cause::of(Fault::OldPodStays, &workload.name, message).in_pod(&seen.pod);
        Some(if late >= time { Suspect::over(cause) } else { Suspect::passing(cause) })
    }

    fn of_creation(&self, workload: &Workload, pods: &Pods<'_>) -> Option<Suspect> {
        if count(pods.new.len()) >= workload.wanted() {
            return None;
        }
        let condition = |uid, why: Option<&'_ String>| Some((why?.clone(), self.world.since(uid, Fault::NotCreated)?));
        let of_set = pods.replica_set.and_then(|set| condition(&set.uid, set.refused.as_ref()));
        let (why, since) = match workload.name.kind {
            Kind::Deployment => of_set.or_else(|| condition(&workload.uid, workload.refused.as_ref()))?,
            _ => self.world.refusal(&workload.uid).map(|(why, since)| (why.to_owned(), since))?,
        };
        let comes = pods.old.iter().any(|seen| seen.pod.ending || workload.makes_room());
        Some(self.refused(&workload.name, &why, since, comes))
    }

    /// Its pods wait for a hook that Helm runs once they are ready.
    fn deadlock(&self, part: &Part, pods: &Pods<'_>, hooks: &[(ObjectName, Hook)]) -> Option<Suspect> {
        let is_pending = self.world.record.as_ref().is_some_and(|record| record.status == Status::Pending);
        let is_late = |name: &&ObjectName| hooks.iter().any(|(hook, when)| hook == *name && *when == Hook::After);
        let hook = part.waits_for.iter().find(is_late).filter(|_| is_pending)?;
        let has_begun = self.world.job(hook).is_some() || self.hook_succeeded(hook);
        let since = pods.new.iter().map(|seen| seen.seen).min().filter(|_| !has_begun)?;
        let message = format!("its init containers wait for {hook}, a hook that Helm runs once they are ready");
        Some(Suspect::since(Cause::of(Fault::HookDeadlock, &part.name, message), since, self.now))
    }

    /// A deadline that a running Job explains does not count, and begins anew when the Job is complete.
    fn too_slow(&self, workload: &Workload, after: Prerequisites) -> Option<Suspect> {
        let message = workload.too_slow.as_ref()?;
        let cause = Cause::of(Fault::TooSlow, &workload.name, message.clone());
        Some(match after {
            Prerequisites::None => Suspect::over(cause),
            Prerequisites::Open => Suspect::passing(cause),
            Prerequisites::Complete { seen, .. } => {
                let is_over = self.now.saturating_sub(seen) >= workload.progress_deadline;
                Suspect { cause, is_over }
            }
        })
    }

    fn paused(&self, workload: &Workload) -> Option<Suspect> {
        let since = self.world.since(&workload.uid, Fault::Paused)?;
        Some(Suspect::since(Cause::of(Fault::Paused, &workload.name, "its rollout is paused"), since, self.now))
    }
}

impl Node {
    /// A StatefulSet that waits for each pod is stuck on a broken one: the controller will not replace it by itself.
    fn explained(mut self, workload: &Workload) -> Self {
        let Some(cause) = &mut self.cause else { return self };
        if self.stage == Stage::Failed
            && workload.ordered
            && cause.pod.is_some()
            && cause.fault.ending() == Ending::Failed
        {
            self.stage = Stage::Stuck;
            cause.advice += "; then delete the pod: with OrderedReady the controller waits for it, and applying the fix will \
                             not replace it";
        }
        self
    }
}

fn is_done(workload: &Workload, pods: &Pods<'_>, ready: u32) -> bool {
    let wanted = workload.wanted();
    let available = pods.replica_set.map_or(workload.counts.available, |set| set.available);
    ready >= wanted && available >= wanted && workload.counts.updated >= wanted && workload.counts.available >= wanted
}

/// `2 of 3 new pods ready, 1 old pod left`.
fn progress(node: &Node, open: &[ObjectName]) -> String {
    let old = match node.old {
        0 => String::new(),
        1 => ", 1 old pod left".to_owned(),
        many => format!(", {many} old pods left"),
    };
    let waits = match open.first().filter(|_| node.stage == Stage::Waiting) {
        Some(job) => format!(", waits for {job}"),
        None => String::new(),
    };
    match node.wanted {
        0 => format!("wants no pods{old}"),
        wanted => format!("{} of {wanted} new pods ready{old}{waits}", node.ready),
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
