//! Whether a release is over, and how: a pure function of the plan, what was seen, and the time.

use super::{
    causes::{Cause, Fault},
    name::Kind,
    part::{Judging, Node, Stage},
    plan::{Hook, Plan},
    record::Status,
    world::{Moment, World},
};
use serde::Serialize;
use std::time::Duration;

/// What the user waits for, and how long.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What is enough.
    pub until: Until,
    /// How long everything must stay ready without a restart.
    pub stable_for: Duration,
    /// Whether no old pod may be left.
    pub is_drained: bool,
    /// How long all of it may take.
    pub timeout: Duration,
    /// How long the release, and each part of it, may take to appear.
    pub appear_timeout: Duration,
}

/// What is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// One new pod of each workload is ready.
    Available,
    /// Half of them are.
    Half,
    /// All are, they stay so, and no old pod is left.
    Complete,
}

/// Where a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Phase {
    Pending,
    Hooks,
    Migrating,
    Rolling,
    Stabilising,
    Draining,
    Complete,
}

/// How a release ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum End {
    Complete,
    Failed,
    Stuck,
    Superseded,
    TimedOut,
    NothingToWatch,
}

/// A release at one moment.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Where it is.
    pub phase: Phase,
    /// Each part of it, those first that others wait for.
    pub nodes: Vec<Node>,
    /// How it ended, once it has.
    pub end: Option<End>,
    /// Why it did not end well, or what it waits for: of the first part that is not done.
    pub root: Option<Cause>,
}

/// Judges a release. Without a plan there was no release yet.
pub fn judge(plan: Option<&Plan>, world: &World, wish: &Wish, now: Moment) -> Picture {
    let judging = Judging { world, wish, now };
    let parts = plan.map_or(&[][..], |plan| &plan.parts);
    let hooks: Vec<_> = parts.iter().filter_map(|part| Some((part.name.clone(), part.hook?))).collect();
    let nodes: Vec<Node> = parts.iter().map(|part| judging.node(part, &hooks)).collect();
    let phase = phase(plan, &nodes, &judging);
    let end = end(plan, &nodes, phase, &judging);
    let root = root(&nodes, end, world);
    Picture { phase, nodes, end, root }
}

fn phase(plan: Option<&Plan>, nodes: &[Node], judging: &Judging<'_>) -> Phase {
    let Judging { world, wish, now } = judging;
    let Some(plan) = plan.filter(|_| world.is_listed) else { return Phase::Pending };
    let is_pending = world.record.as_ref().is_some_and(|record| record.status == Status::Pending);
    let open = |wanted: &dyn Fn(usize) -> bool| (0..nodes.len()).any(|at| wanted(at) && nodes[at].stage != Stage::Done);
    let hook = |at: usize| plan.parts[at].hook;
    let is_workload = |at: usize| nodes[at].name.kind != Kind::Job;
    let stable = || nodes.iter().filter_map(|node| node.settled).max().unwrap_or_default();
    match () {
        () if open(&|at| hook(at) == Some(Hook::Before)) => Phase::Hooks,
        () if nodes.iter().all(|node| node.stage == Stage::Absent) => Phase::Pending,
        () if open(&|at| hook(at).is_none() && !is_workload(at)) => Phase::Migrating,
        () if open(&|at| hook(at).is_none() && is_workload(at)) => Phase::Rolling,
        () if is_pending || open(&|_| true) => Phase::Hooks,
        () if now.saturating_sub(stable()) < wish.stable_for => Phase::Stabilising,
        () if wish.is_drained && nodes.iter().any(|node| node.old > 0) => Phase::Draining,
        () => Phase::Complete,
    }
}

fn end(plan: Option<&Plan>, nodes: &[Node], phase: Phase, judging: &Judging<'_>) -> Option<End> {
    let Judging { world, wish, now } = judging;
    let status = world.record.as_ref().map(|record| record.status);
    let has = |stage| nodes.iter().any(|node| node.stage == stage);
    let is_replaced =
        status == Some(Status::Replaced) || world.record.as_ref().is_some_and(|record| record.newer.is_some());
    let is_late = *now >= wish.appear_timeout;
    match () {
        // Helm may have rolled back a revision that it gave up: that one has failed.
        () if is_replaced && status != Some(Status::Failed) => Some(End::Superseded),
        () if plan.is_none() && is_late => Some(End::NothingToWatch),
        () if plan.is_some_and(|plan| plan.parts.is_empty()) => Some(End::NothingToWatch),
        () if !world.is_listed => timed_out(*now, wish),
        () if status == Some(Status::Failed) || has(Stage::Failed) => Some(End::Failed),
        () if plan.is_some() && status.is_none() && is_late && nodes.iter().all(is_nowhere) => {
            Some(End::NothingToWatch)
        }
        () if has(Stage::Stuck) => Some(End::Stuck),
        () if phase == Phase::Complete || is_enough(nodes, wish.until) => Some(End::Complete),
        () => timed_out(*now, wish),
    }
}

fn timed_out(now: Moment, wish: &Wish) -> Option<End> {
    (now >= wish.timeout).then_some(End::TimedOut)
}

/// Whether no trace of a part was seen.
fn is_nowhere(node: &Node) -> bool {
    node.stage == Stage::Absent || node.cause.as_ref().is_some_and(|cause| cause.fault == Fault::NotThere)
}

/// Whether a part of the pods is ready, for those who do not wait for all. Jobs must be complete.
fn is_enough(nodes: &[Node], until: Until) -> bool {
    let enough = |node: &Node| match until {
        Until::Complete => false,
        _ if node.stage == Stage::Done => true,
        _ if !node.name.kind.is_workload() || node.wanted == 0 => false,
        Until::Available => node.ready >= 1,
        Until::Half => node.ready >= node.wanted.div_ceil(2),
    };
    nodes.iter().all(enough)
}

/// The first part in the order of dependence that ended the release; else what the first open part waits for.
fn root(nodes: &[Node], end: Option<End>, world: &World) -> Option<Cause> {
    let first =
        |stages: &[Stage]| nodes.iter().find(|node| stages.contains(&node.stage)).and_then(|node| node.cause.clone());
    let open =
        || nodes.iter().filter(|node| node.stage != Stage::Done || node.old > 0).find_map(|node| node.cause.clone());
    let helm = || {
        let (record, node) = (world.record.as_ref()?, nodes.first()?);
        let message = format!("Helm recorded revision {} as failed: {}", record.revision, record.description);
        Some(Cause::of(Fault::HelmFailed, &node.name, message))
    };
    match end {
        Some(End::Failed) => first(&[Stage::Failed]).or_else(|| first(&[Stage::Stuck])).or_else(open).or_else(helm),
        Some(End::Stuck) => first(&[Stage::Stuck]),
        Some(End::Complete | End::Superseded | End::NothingToWatch) => None,
        Some(End::TimedOut) | None => open(),
    }
}
