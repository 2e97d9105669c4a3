//! A Job: its end counts, and not how many attempts it takes.

use super::{
    super::{
        causes::{Cause, Fault},
        name::ObjectName,
        observed::{Job, JobEnd},
        plan::Part,
        world::{Moment, SeenJob},
    },
    Judging, Node, Stage, Suspect, pods,
};
use k8s_openapi::jiff::Timestamp;

/// What keeps a Job's pod from ever starting, so that no attempt fails and none succeeds.
const KEEPS: [Fault; 5] = [
    Fault::InvalidImageName,
    Fault::ImageNeverPulled,
    Fault::ImageNotPulled,
    Fault::ContainerConfig,
    Fault::Unschedulable,
];

impl Judging<'_> {
    pub(super) fn job(&self, part: &Part) -> Node {
        match self.world.job(&part.name) {
            Some(seen) if seen.is_gone && seen.job.end.is_none() => {
                self.absent(part, "it was deleted, and its end was not seen")
            }
            Some(seen) => self.seen_job(part, seen),
            None => self.absent(part, "the Job is not in the cluster"),
        }
    }

    fn seen_job(&self, part: &Part, seen: &SeenJob) -> Node {
        let job = &seen.job;
        let node = Node { ready: job.succeeded, wanted: job.completions, ..Node::new(part, progress(job)) };
        match &job.end {
            Some(JobEnd::Complete { .. }) => Node { stage: Stage::Done, settled: seen.ended, ..node },
            Some(JobEnd::Failed { reason, message }) => {
                let cause = Cause::of(Fault::JobFailed, &part.name, format!("{reason}: {message}"));
                let last = self.world.pods_of(&job.uid).max_by_key(|seen| seen.seen);
                let cause = match last {
                    Some(last) => pods::with_end(cause.in_pod(&last.pod), &last.pod),
                    None => cause,
                };
                node.suspected(vec![Suspect::over(cause)])
            }
            None => node.suspected(self.kept(part, job)),
        }
    }

    fn kept(&self, part: &Part, job: &Job) -> Vec<Suspect> {
        let mut suspects: Vec<Suspect> = self
            .world
            .pods_of(&job.uid)
            .flat_map(|seen| seen.troubles.iter().map(move |trouble| (seen, trouble)))
            .filter(|(_, (trouble, _))| KEEPS.contains(&trouble.fault))
            .map(|(seen, (trouble, since))| {
                Suspect::since(pods::cause(&part.name, &seen.pod, trouble), *since, self.now)
            })
            .collect();
        if job.active == 0 {
            suspects
                .extend(self.world.refusal(&job.uid).map(|(why, since)| self.refused(&part.name, why, since, false)));
        }
        suspects
    }

    /// When a Job was complete, if it is: as seen, and by the clock of the cluster.
    pub(super) fn completion(&self, name: &ObjectName) -> Option<(Moment, Option<Timestamp>)> {
        match self.world.job(name) {
            Some(seen) if matches!(seen.job.end, Some(JobEnd::Complete { .. })) => {
                Some((seen.ended.unwrap_or_default(), seen.completed_at()))
            }
            _ => self.hook_succeeded(name).then_some((Moment::ZERO, None)),
        }
    }
}

fn progress(job: &Job) -> String {
    let Job { active, failed, succeeded, completions, .. } = job;
    match &job.end {
        Some(JobEnd::Complete { .. }) => return "complete".to_owned(),
        Some(JobEnd::Failed { .. }) => return "failed".to_owned(),
        None if job.suspended => return "suspended".to_owned(),
        None => {}
    }
    let done = if *completions > 1 { format!("{succeeded} of {completions} succeeded, ") } else { String::new() };
    let attempts = match (failed, job.backoff_limit) {
        (0, _) => String::new(),
        (failed, Some(limit)) => format!(", {failed} of {} attempts failed", limit.saturating_add(1)),
        (failed, None) => format!(", {failed} attempts failed"),
    };
    match active {
        0 if *failed > 0 => format!("{done}waits for its next attempt{attempts}"),
        _ => format!("{done}running{attempts}"),
    }
}
