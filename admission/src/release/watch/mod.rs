//! Hears of objects from the API server and judges the release after each change, until it is over.
//!
//! Lists and watches of the namespaces of the release, and nothing else; logs are read once, at the end.

mod evidence;
mod follow;
mod helm;
mod resources;

pub use evidence::{EventGroup, Evidence, Log};
pub use follow::SILENCE;
pub use resources::{RESOURCES, Resource};

use super::{
    plan::Plan,
    report::Show,
    verdict::{Picture, Wish, judge},
    world::{Moment, World},
};
use follow::{Following, Heard};
use helm::Records;
use kube::Client;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, time};

/// What to watch.
#[derive(Debug, Clone)]
pub struct Target {
    /// The namespace of the release.
    pub namespace: String,
    /// Jobs that every workload waits for.
    pub after: Vec<String>,
    /// Where it says what belongs to the release.
    pub origin: Origin,
}

/// Where it says what belongs to a release.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Helm's records.
    Helm {
        /// Name of the release.
        name: String,
        /// The newest unless given.
        revision: Option<u32>,
    },
    /// A manifest that was read.
    Manifest(Plan),
}

/// How a watch ended.
pub struct Outcome {
    /// The release at the end.
    pub picture: Picture,
    /// What was seen.
    pub world: World,
    /// What else explains the end.
    pub evidence: Evidence,
    /// When it ended.
    pub at: Moment,
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Unreachable {
    #[error(
        "not allowed to watch {resource} in namespace {namespace}: {message}; docs/release-rbac.yaml has the least that is \
         needed"
    )]
    Denied { resource: &'static str, namespace: String, message: String },
    #[error("{resource} in namespace {namespace} could not be listed for {} s: {message}", PATIENCE.as_secs())]
    Silent { resource: &'static str, namespace: String, message: String },
    #[error("{0}")]
    Unreadable(String),
}

/// How long the API server may leave the first list unanswered.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the time alone is judged.
const TICK: Duration = Duration::from_secs(1);

/// Changes that are taken at once.
const BATCH: usize = 256;

/// Watches a release until it is over. Each change of the picture is shown.
///
/// # Errors
/// The API server does not answer, or does not allow it.
pub async fn watch(client: Client, target: &Target, wish: &Wish, show: &mut dyn Show) -> Result<Outcome, Unreachable> {
    let mut watching = Watching::new(client, target);
    let mut tick = time::interval(TICK);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            _ = watching.inbox.recv_many(&mut batch, BATCH) => {}
            _ = tick.tick() => {}
        }
        let now = watching.begun.elapsed();
        for heard in batch.drain(..) {
            watching.hear(heard, now, show)?;
        }
        watching.check_silence(now)?;
        let picture = judge(watching.plan.as_ref(), &watching.world, wish, now);
        // While lists come in, what is missing may only be late.
        if watching.plan.is_none() || watching.world.is_listed {
            show.change(&picture, watching.world.record.as_ref(), now);
        }
        if picture.end.is_some() {
            let evidence = evidence::gather(&watching.client, &picture, &watching.world).await;
            return Ok(Outcome { picture, world: watching.world, evidence, at: now });
        }
    }
}

struct Watching<'a> {
    client: Client,
    target: &'a Target,
    begun: Instant,
    plan: Option<Plan>,
    world: World,
    records: Records,
    following: Following,
    inbox: mpsc::Receiver<Heard>,
    /// Sources that have not been listed since the last restart, and what went wrong there.
    unlisted: BTreeSet<usize>,
    last_error: Option<(usize, String)>,
}

impl<'a> Watching<'a> {
    fn new(client: Client, target: &'a Target) -> Self {
        let (outbox, inbox) = mpsc::channel(BATCH);
        let mut watching = Watching {
            following: Following::new(client.clone(), outbox),
            client,
            target,
            begun: Instant::now(),
            plan: None,
            world: World::default(),
            records: Records::default(),
            inbox,
            unlisted: BTreeSet::new(),
            last_error: None,
        };
        match &target.origin {
            Origin::Helm { name, .. } => {
                let source = watching.following.records(&target.namespace, name);
                watching.unlisted.insert(source);
            }
            Origin::Manifest(plan) => watching.begin(plan.clone()),
        }
        watching
    }

    /// Follows the kinds that a plan needs.
    fn begin(&mut self, plan: Plan) {
        self.unlisted.extend(self.following.begin(&plan));
        self.world.is_listed = self.unlisted.is_empty();
        self.plan = Some(plan);
    }

    fn hear(&mut self, heard: Heard, now: Moment, show: &mut dyn Show) -> Result<(), Unreachable> {
        match heard {
            Heard::Seen(objects) => objects.into_iter().for_each(|object| self.world.see(object, now)),
            Heard::Lost(uids) => uids.iter().for_each(|uid| self.world.lose(uid, now)),
            Heard::Records(revisions) => self.hear_records(revisions, now)?,
            Heard::Listed { source, round } => {
                if round == self.following.round() || self.following.is_records(source) {
                    self.unlisted.remove(&source);
                }
                if self.following.is_records(source) {
                    self.records.listed();
                    self.hear_records(Vec::new(), now)?;
                }
                self.world.is_listed = self.plan.is_some() && self.unlisted.is_empty();
            }
            Heard::Failed { source, message } => self.last_error = Some((source, message)),
            Heard::Denied { source, message } => {
                let (resource, namespace) = self.following.name(source);
                if !resource.is_optional {
                    return Err(Unreachable::Denied { resource: resource.name, namespace, message });
                }
                self.unlisted.remove(&source);
                self.world.is_listed = self.plan.is_some() && self.unlisted.is_empty();
                show.note(&format!("{} of namespace {namespace} are not shown: {message}", resource.name));
            }
        }
        Ok(())
    }

    fn hear_records(&mut self, revisions: Vec<helm::Seen>, now: Moment) -> Result<(), Unreachable> {
        let Origin::Helm { revision, .. } = &self.target.origin else { return Ok(()) };
        let Some(read) = self.records.hear(revisions, *revision, &self.target.namespace) else { return Ok(()) };
        let read = read.map_err(Unreachable::Unreadable)?;
        let (before, status) = (self.world.record.as_ref().map(|record| record.status), read.record.status);
        if self.plan.is_none() {
            let plan = Plan::new(&read.written, Some(read.operation), &self.target.namespace, &self.target.after);
            self.begin(plan);
        }
        let parts = self.plan.iter().flat_map(|plan| &plan.parts);
        let hooks = parts.filter(|part| part.hook.is_some()).map(|part| part.name.clone());
        self.world.see_record(read.record, hooks, now);
        if before.is_some_and(|before| before != status) {
            // What was applied since must be seen before it is judged, and watches of several kinds have no common order.
            self.unlisted = self.following.list_again();
            self.world.is_listed = false;
        }
        Ok(())
    }

    fn check_silence(&self, now: Moment) -> Result<(), Unreachable> {
        let silent = self.unlisted.iter().find(|source| self.following.age(**source, self.begun, now) >= PATIENCE);
        let Some(source) = silent else { return Ok(()) };
        let (resource, namespace) = self.following.name(*source);
        let message = match &self.last_error {
            Some((_, message)) => message.clone(),
            None => "no answer".to_owned(),
        };
        Err(Unreachable::Silent { resource: resource.name, namespace, message })
    }
}
