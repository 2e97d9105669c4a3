//! The end: unready, serve on, stop accepting, finish what is in flight.

use super::{Readiness, server::Server};
use anyhow::{Context, Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whether the end has begun, and how many calls it has to wait for. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<State>);

#[derive(Debug, Default)]
struct State {
    has_begun: AtomicBool,
    calls: AtomicUsize,
}

impl Draining {
    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.0.has_begun.load(Ordering::Relaxed)
    }

    /// A call has begun; it ends when this is dropped.
    pub fn call(&self) -> Call {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        Call(Arc::clone(&self.0))
    }

    fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// Returns when there has been no call for [`QUIET`].
    async fn quiet(&self) {
        let mut since = Instant::now();
        while since.elapsed() < QUIET {
            tokio::time::sleep(QUIET / 50).await;
            if self.calls() > 0 {
                since = Instant::now();
            }
        }
    }
}

/// A call that has begun.
#[derive(Debug)]
pub struct Call(Arc<State>);

impl Drop for Call {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// So long after the last call, and after no more connections are taken, a head that was begun is not a call that anybody
/// waits for.
const QUIET: Duration = Duration::from_secs(1);

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
    draining.0.has_begun.store(true, Ordering::Relaxed);
    tracing::info!(delay_ms = budget.delay.as_millis(), "draining");
    tokio::select! {
        () = tokio::time::sleep(budget.delay) => {}
        () = signals.received() => tracing::warn!("a second signal: no more delay"),
    }
    server.handle.graceful_shutdown(None);
    tokio::select! {
        _ = server.task => return Drained::Clean,
        () = draining.quiet() => {}
        () = tokio::time::sleep(budget.shutdown) => {}
    }
    let (calls, connections) = (draining.calls(), server.handle.connection_count());
    server.handle.shutdown();
    if calls == 0 {
        tracing::info!(connections, "connections closed on which there was no call");
        return Drained::Clean;
    }
    tracing::error!(calls, connections, "calls cut: they did not finish in time");
    Drained::Forced
}
