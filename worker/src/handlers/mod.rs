//! What does the work: a handler per kind of job. The samples are here to be tried, and to be replaced by your own.

mod attempt;
mod call;
mod cancel;
mod chaos;
mod limits;
mod samples;
mod sink;

pub(crate) use attempt::Attempt;
pub use cancel::{Cancel, Canceller, Why};
pub use limits::{Limits, LimitsOf};
pub use sink::{Effects, Sink};

use crate::{
    change::Change,
    engine::{self, Address, Queue},
    job::Job,
};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Names of the samples that misbehave.
const CHAOS: [&str; 4] = ["exit", "hang", "interrupt", "panic"];

/// As metrics call all handlers that there are not: the word of the conventions.
const OTHER: &str = "_OTHER";

/// Does jobs of one kind. A job may come twice, so its effect must be idempotent: write it under the job's id.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Does a job. What takes long on a processor belongs on a thread that may block.
    async fn handle(&self, job: &Job, context: &Context) -> Result<(), HandlerError>;
}

/// Does the changes of a feed, one at a time within a partition. A change may come twice.
#[async_trait]
pub trait ChangeHandler: Send + Sync {
    /// Does a change.
    async fn handle(&self, change: &Change, context: &Context) -> Result<(), HandlerError>;
}

/// What a handler gets besides its job.
#[derive(Clone)]
pub struct Context {
    /// Where a handler puts jobs that are to be done next.
    pub queue: Arc<dyn Queue>,
    /// How often a handler failed at it before.
    pub attempts: u32,
    /// Says when the handler must come to an end, and why. Look at it if the job takes long, and keep a clone for as long as
    /// anything works on it.
    pub cancel: Cancel,
}

/// Why a handler did not do its job.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It may work another time.
    #[error("{0}")]
    Failed(String),
    /// It may work another time, but not before that: as long as it says, up to three days, the job waits.
    #[error("{error}")]
    Later {
        /// How long.
        after: Duration,
        /// What went wrong.
        error: String,
    },
    /// It can never work.
    #[error("{0}")]
    Rejected(String),
    /// The worker must stop, and so it came to an end before it was done. A failure if nobody had asked for that.
    #[error("interrupted")]
    Interrupted,
}

impl From<engine::Error> for HandlerError {
    fn from(error: engine::Error) -> Self {
        HandlerError::Failed(error.to_string())
    }
}

/// A handler, and what it may have.
#[derive(Clone)]
pub(crate) struct Registered {
    /// What does the job.
    pub(crate) handler: Arc<dyn Handler>,
    /// What it may have.
    pub(crate) limits: Limits,
    /// What its jobs share, if their number is limited.
    pub(crate) slots: Option<Arc<Semaphore>>,
}

impl Registered {
    fn new(handler: Arc<dyn Handler>) -> Self {
        Registered { handler, limits: Limits::default(), slots: None }
    }
}

/// The handlers of a worker.
#[derive(Clone, Default)]
pub struct Handlers {
    jobs: BTreeMap<&'static str, Registered>,
    changes: Option<Arc<dyn ChangeHandler>>,
    sink: Option<Sink>,
}

impl Handlers {
    /// None yet: what a worker of your own begins with.
    pub fn none() -> Self {
        Handlers::default()
    }

    /// The samples that behave, with a sink beside the queue of this address.
    pub fn samples(address: &Address) -> Self {
        let sink = Sink::of(address);
        let handlers = Handlers::none()
            .with("noop", samples::Noop)
            .with("call", call::Call::from_env())
            .with("sleep", samples::Sleep(sink.clone()))
            .with("checksum", samples::Checksum(sink.clone()))
            .with("fail", samples::Fail(sink.clone()))
            .with_changes(samples::Project(sink.clone()));
        Handlers { sink: Some(sink), ..handlers }
    }

    /// The sink of the samples; none where there are only handlers of your own.
    pub fn sink(&self) -> Option<&Sink> {
        self.sink.as_ref()
    }

    /// With those that do not, for whoever asks for them: any job may end the process then.
    #[must_use]
    pub(crate) fn with_chaos(self, address: &Address) -> Self {
        let sink = self.sink.clone().unwrap_or_else(|| Sink::of(address));
        let chaos: [Arc<dyn Handler>; 4] =
            [Arc::new(chaos::Exit), Arc::new(chaos::Hang(sink)), Arc::new(chaos::Interrupt), Arc::new(chaos::Panic)];
        let chaos = CHAOS.into_iter().zip(chaos.map(Registered::new));
        Handlers { jobs: self.jobs.into_iter().chain(chaos).collect(), ..self }
    }

    /// Adds or replaces one.
    #[must_use]
    pub fn with(mut self, name: &'static str, handler: impl Handler + 'static) -> Self {
        self.jobs.insert(name, Registered::new(Arc::new(handler)));
        self
    }

    /// Limits one that is there. What was said of it before holds where these say nothing.
    ///
    /// # Errors
    /// There is none of that name; says which there are.
    pub fn with_limits(mut self, name: &str, limits: Limits) -> Result<Self, String> {
        let Some(found) = self.jobs.get_mut(name) else { return Err(self.none_of(name)) };
        found.limits = limits.or(found.limits);
        found.slots = found.limits.slots();
        Ok(self)
    }

    /// As metrics call them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.jobs.keys().copied().chain([OTHER])
    }

    /// The names, and what each may have.
    pub fn limits(&self) -> impl Iterator<Item = (&'static str, Limits)> {
        self.jobs.iter().map(|(name, registered)| (*name, registered.limits))
    }

    /// Sets the one of the feed.
    #[must_use]
    pub fn with_changes(mut self, handler: impl ChangeHandler + 'static) -> Self {
        self.changes = Some(Arc::new(handler));
        self
    }

    /// The one of the feed.
    pub fn changes(&self) -> Option<Arc<dyn ChangeHandler>> {
        self.changes.clone()
    }

    /// The name as it is known beforehand, for metrics: what is enqueued may have any.
    pub(crate) fn name(&self, name: &str) -> &'static str {
        self.jobs.get_key_value(name).map_or(OTHER, |(name, _)| name)
    }

    /// The one of that name.
    ///
    /// # Errors
    /// There is none; says which there are.
    pub(crate) fn get(&self, name: &str) -> Result<Registered, String> {
        self.jobs.get(name).cloned().ok_or_else(|| self.none_of(name))
    }

    fn none_of(&self, name: &str) -> String {
        if CHAOS.contains(&name) {
            return format!("no handler `{name}`; it misbehaves on purpose, and is there with --chaos only");
        }
        let names: Vec<_> = self.jobs.keys().copied().collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("no handler `{name}`; there are {names}")
    }
}

/// The payload in the shape that a handler wants.
fn payload<T: DeserializeOwned>(job: &Job) -> Result<T, HandlerError> {
    T::deserialize(&job.payload)
        .map_err(|error| HandlerError::Rejected(format!("payload of `{}`: {error}", job.handler)))
}
