//! The end: unready, serve on, stop accepting, finish what is in flight.

use super::{Readiness, server::Server};
use anyhow::{Context, Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whether the end has begun. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// Whether it has.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The signals that end the process. A process that is the first of its namespace gets no signal that it did not ask
/// for, so this comes before everything else.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Asks for them.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new() -> Result<Self> {
        let on = |kind| signal(kind).context("signals");
        Ok(Signals { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    /// Returns when one arrives.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// How long each part of the end may take.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// To serve on, until everybody knows that calls should go elsewhere.
    pub delay: Duration,
    /// To finish what is in flight.
    pub shutdown: Duration,
}

/// How the end was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every call got its answer.
    Clean,
    /// Something was cut.
    Forced,
}

/// From the signal to the last answer. A second signal cuts the delay short.
pub async fn drain(
    mut signals: Signals,
    budget: Budget,
    readiness: &Readiness,
    draining: &Draining,
    server: Server,
) -> Drained {
    readiness.hold("draining");
    draining.0.store(true, Ordering::Relaxed);
    tracing::info!(delay_ms = budget.delay.as_millis(), "draining");
    tokio::select! {
        () = tokio::time::sleep(budget.delay) => {}
        () = signals.received() => tracing::warn!("a second signal: no more delay"),
    }
    server.handle.graceful_shutdown(None);
    match tokio::time::timeout(budget.shutdown, server.task).await {
        Ok(_) => Drained::Clean,
        Err(_) => {
            let connections = server.handle.connection_count();
            tracing::error!(connections, "connections cut: they did not finish in time");
            server.handle.shutdown();
            Drained::Forced
        }
    }
}
