//! Hooks in a fixed order: starting, start, started; stopping, stop, stopped.

use crate::aside::aside;
use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

/// A moment of a worker's life at which others may have something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// Before the queue is looked for.
    Starting,
    /// The queue is there, no job has been taken.
    Start,
    /// Jobs are taken.
    Started,
    /// The signal has come, jobs still run.
    Stopping,
    /// No job runs any more.
    Stop,
    /// Everything is settled; telemetry has still to be sent.
    Stopped,
}

/// Something to be done. It may block, for as long as [`BUDGET`].
pub type Action = Arc<dyn Fn() + Send + Sync>;

/// Longest time that life waits for a hook; then it goes on without it.
pub const BUDGET: Duration = Duration::from_millis(500);

/// What is to be done when.
#[derive(Clone, Default)]
pub struct Hooks(Vec<(Hook, Action)>);

impl Hooks {
    /// Adds one; those of one moment run in the order in which they were added.
    #[must_use]
    pub fn on(mut self, hook: Hook, action: impl Fn() + Send + Sync + 'static) -> Self {
        self.0.push((hook, Arc::new(action)));
        self
    }

    /// Runs those of a moment, on a thread that nothing waits for beyond the budget.
    pub fn run(&self, hook: Hook) {
        tracing::info!(hook = ?hook, "hook");
        let actions: Vec<_> = self.0.iter().filter(|(at, _)| *at == hook).map(|(_, action)| action.clone()).collect();
        if actions.is_empty() {
            return;
        }
        let (done, wait) = mpsc::channel();
        aside(move || {
            actions.iter().for_each(|action| action());
            let _late = done.send(());
        });
        if wait.recv_timeout(BUDGET).is_err() {
            tracing::warn!(hook = ?hook, "not done in time, or it panicked; going on");
        }
    }
}
