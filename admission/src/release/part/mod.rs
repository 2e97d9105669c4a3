//! How far one part of a release is: a pure function of what was seen, and the time.

mod bare_pod;
mod hook;
mod job;
mod pods;
mod refusal;
mod revision;
mod workload;

use super::{
    causes::{Cause, Ending, Fault, Patience},
    name::{Kind, ObjectName},
    plan::{Hook, Part},
    record::Status,
    verdict::Wish,
    world::{Moment, World},
};
use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

/// How far a part of a release is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Which part.
    pub name: ObjectName,
    /// How far it is.
    pub stage: Stage,
    /// The same in words, without its name.
    pub progress: String,
    /// Pods of the newest revision that are ready; of a Job those that succeeded.
    pub ready: u32,
    /// How many there must be.
    pub wanted: u32,
    /// Pods of older revisions that are left, and any that end.
    pub old: u32,
    /// What keeps it; it may pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The Jobs that must be complete first, and are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<ObjectName>,
    /// Since when nothing of it has changed; of a part that is done.
    #[serde(skip)]
    pub settled: Option<Moment>,
}

/// How far a part of a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Not there yet.
    Absent,
    /// A Job must be complete first.
    Waiting,
    /// On its way.
    Working,
    /// Complete, or as many pods ready as it wants.
    Done,
    /// It cannot become done.
    Failed,
    /// It waits for something that a person must do.
    Stuck,
}

/// What a part is judged by.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    pub(super) world: &'a World,
    pub(super) wish: &'a Wish,
    pub(super) now: Moment,
}

/// Something that keeps a part, and whether it is past the time in which it might pass.
pub(super) struct Suspect {
    cause: Cause,
    is_over: bool,
}

impl Suspect {
    fn over(cause: Cause) -> Self {
        Suspect { cause, is_over: true }
    }

    fn passing(cause: Cause) -> Self {
        Suspect { cause, is_over: false }
    }

    /// Over once it has lasted as long as its fault may.
    fn since(cause: Cause, since: Moment, now: Moment) -> Self {
        let is_over = match cause.fault.patience() {
            Patience::None => true,
            Patience::For(time) => now.saturating_sub(since) >= time,
            Patience::Restarts(_) | Patience::Endless => false,
        };
        Suspect { cause, is_over }
    }
}

/// The Jobs that a workload waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prerequisites {
    /// There are none.
    None,
    /// One is not complete.
    Open,
    /// All are complete.
    Complete {
        /// When that was seen.
        seen: Moment,
        /// When the last one was, by the clock of the cluster; none where that is not known.
        at: Option<Timestamp>,
    },
}

impl Judging<'_> {
    /// How far a part is.
    pub(super) fn node(&self, part: &Part, hooks: &[(ObjectName, Hook)]) -> Node {
        match part.name.kind {
            _ if self.hook_is_past(part) => {
                Node { stage: Stage::Done, settled: Some(Moment::ZERO), ..Node::new(part, "done") }
            }
            Kind::Job => self.job(part),
            Kind::Pod => self.bare_pod(part),
            _ => self.workload(part, hooks),
        }
    }

    /// Something is not there: too late to come, or still on its way.
    fn absent(&self, part: &Part, why: &str) -> Node {
        let node = Node { stage: Stage::Absent, ..Node::new(part, "not there yet") };
        let may_come = self.world.record.as_ref().is_some_and(|record| record.status == Status::Pending);
        if may_come || part.hook.is_some() || self.now < self.wish.appear_timeout {
            return node;
        }
        node.suspected(vec![Suspect::over(Cause::of(Fault::NotThere, &part.name, why))])
    }

    fn prerequisites(&self, part: &Part) -> (Prerequisites, Vec<ObjectName>) {
        let mut complete = None;
        let mut open = Vec::new();
        for name in &part.waits_for {
            match self.completion(name) {
                Some((seen, at)) => {
                    let (last, last_at) = complete.unwrap_or((seen, at));
                    complete = Some((seen.max(last), at.max(last_at)));
                }
                None => open.push(name.clone()),
            }
        }
        let state = match complete {
            _ if !open.is_empty() => Prerequisites::Open,
            Some((seen, at)) => Prerequisites::Complete { seen, at },
            None => Prerequisites::None,
        };
        (state, open)
    }
}

impl Node {
    fn new(part: &Part, progress: impl Into<String>) -> Self {
        Node {
            name: part.name.clone(),
            stage: Stage::Working,
            progress: progress.into(),
            ready: 0,
            wanted: 0,
            old: 0,
            cause: None,
            blocked_by: Vec::new(),
            settled: None,
        }
    }

    /// With what keeps it: the first fault that is over, else the first that may pass.
    fn suspected(mut self, mut suspects: Vec<Suspect>) -> Self {
        let at = suspects.iter().position(|suspect| suspect.is_over).unwrap_or(0);
        if at >= suspects.len() {
            return self;
        }
        let Suspect { mut cause, is_over } = suspects.swap_remove(at);
        // A deadline says that a pod is late, and the pod says why.
        if let Some(late) = suspects.iter().map(|other| &other.cause).find(|other| other.pod.is_some())
            && cause.fault == Fault::TooSlow
        {
            cause.message = format!("{}: {}", cause.message.trim_end_matches('.'), late.message);
            (cause.pod, cause.container) = (late.pod.clone(), late.container.clone());
        }
        if is_over {
            self.settled = None;
            self.stage = match cause.fault.ending() {
                Ending::Failed => Stage::Failed,
                Ending::Stuck => Stage::Stuck,
            };
        }
        self.cause = Some(cause);
        self
    }
}
