//! What does the work: a handler per kind of job. The samples are here to be tried, and to be replaced by your own.

mod chaos;
mod samples;

use crate::{
    change::Change,
    engine::{self, Engine},
    job::Job,
    retry::Outcome,
};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

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
    /// Where the samples leave their effects.
    pub sink: Arc<dyn Engine>,
    /// How often a handler failed at it before.
    pub attempts: u32,
    /// Asks the handler to come to an end; it may then return [`HandlerError::Interrupted`], and nothing is lost.
    pub cancel: CancellationToken,
}

/// Why a handler did not do its job.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It may work another time.
    #[error("{0}")]
    Failed(String),
    /// It can never work.
    #[error("{0}")]
    Rejected(String),
    /// It was asked to come to an end.
    #[error("interrupted")]
    Interrupted,
}

impl From<engine::Error> for HandlerError {
    fn from(error: engine::Error) -> Self {
        HandlerError::Failed(error.to_string())
    }
}

impl From<HandlerError> for Outcome {
    fn from(error: HandlerError) -> Self {
        match error {
            HandlerError::Failed(error) => Outcome::Failed(error),
            HandlerError::Rejected(error) => Outcome::Rejected(error),
            HandlerError::Interrupted => Outcome::Interrupted,
        }
    }
}

/// The handlers of a worker.
#[derive(Clone)]
pub struct Handlers {
    jobs: BTreeMap<&'static str, Arc<dyn Handler>>,
    /// Of the feed.
    pub changes: Arc<dyn ChangeHandler>,
}

impl Handlers {
    /// The samples.
    pub fn samples() -> Self {
        let jobs: [(_, Arc<dyn Handler>); 7] = [
            ("noop", Arc::new(samples::Noop)),
            ("sleep", Arc::new(samples::Sleep)),
            ("checksum", Arc::new(samples::Checksum)),
            ("fail", Arc::new(samples::Fail)),
            ("panic", Arc::new(chaos::Panic)),
            ("hang", Arc::new(chaos::Hang)),
            ("exit", Arc::new(chaos::Exit)),
        ];
        Handlers { jobs: jobs.into(), changes: Arc::new(samples::Project) }
    }

    /// Adds or replaces one.
    #[must_use]
    pub fn with(mut self, name: &'static str, handler: impl Handler + 'static) -> Self {
        self.jobs.insert(name, Arc::new(handler));
        self
    }

    /// The one of that name.
    ///
    /// # Errors
    /// There is none; says which there are.
    pub fn get(&self, name: &str) -> Result<Arc<dyn Handler>, String> {
        self.jobs.get(name).cloned().ok_or_else(|| {
            let names: Vec<_> = self.jobs.keys().copied().collect();
            format!("no handler `{name}`; there are {}", names.join(", "))
        })
    }
}

/// The payload in the shape that a handler wants.
fn payload<T: DeserializeOwned>(job: &Job) -> Result<T, HandlerError> {
    T::deserialize(&job.payload)
        .map_err(|error| HandlerError::Rejected(format!("payload of `{}`: {error}", job.handler)))
}
