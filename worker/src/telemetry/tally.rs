//! How much telemetry was sent, failed, and was dropped.
//!
//! The SDK does not tell: it drops what does not fit, and answers `Ok` to a shutdown that lost everything.

use super::environment::Environment;
use opentelemetry_sdk::error::OTelSdkResult;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One for each signal.
#[derive(Clone)]
pub(super) struct Tallies {
    /// Spans.
    pub(super) traces: Arc<Tally>,
    /// Exports of all metrics at once.
    pub(super) metrics: Arc<Tally>,
    /// Log records.
    pub(super) logs: Arc<Tally>,
}

impl Tallies {
    /// With nothing counted yet.
    pub(super) fn new(environment: &Environment) -> Self {
        Tallies {
            traces: Tally::new("traces", environment.span_queue),
            metrics: Tally::new("metrics", usize::MAX),
            logs: Tally::new("logs", environment.log_queue),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> [Arc<Tally>; 3] {
        [&self.traces, &self.metrics, &self.logs].map(Arc::clone)
    }
}

/// What became of what there was to export.
#[derive(Debug)]
pub(super) struct Tally {
    /// Of what.
    pub(super) signal: &'static str,
    /// How many may wait.
    pub(super) room: usize,
    counts: Mutex<Counts>,
}

/// Each that there was is in one of these.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// A collector took it: it answered with success.
    pub(super) sent: u64,
    /// Its export failed, and will not be tried again.
    pub(super) failed: u64,
    /// There was no room for it.
    pub(super) dropped: u64,
    /// Nothing is known of it yet.
    pub(super) waiting: u64,
    /// The last export failed.
    failing: bool,
    /// Nothing more is taken.
    closed: bool,
}

impl Tally {
    fn new(signal: &'static str, room: usize) -> Arc<Self> {
        Arc::new(Tally { signal, room, counts: Mutex::default() })
    }

    /// How it stands.
    pub(super) fn counts(&self) -> Counts {
        *self.lock()
    }

    /// Counts one that is to be exported; false if it must be dropped because too many wait, or comes after the end.
    pub(super) fn admit(&self) -> bool {
        let mut counts = self.lock();
        if counts.closed {
            return false;
        }
        let admitted = counts.waiting < self.room as u64;
        *(if admitted { &mut counts.waiting } else { &mut counts.dropped }) += 1;
        admitted
    }

    /// Takes and counts no more. What is said of the end itself is in the log lines alone.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    /// Counts one that there was no time for.
    pub(super) fn miss(&self) {
        self.lock().dropped += 1;
    }

    /// Counts how an export of so many ended. Says in a log line when exports begin to fail, and when they work again.
    pub(super) fn settle(&self, count: usize, result: OTelSdkResult) -> OTelSdkResult {
        let mut counts = self.lock();
        let count = count as u64;
        counts.waiting -= count;
        *(if result.is_ok() { &mut counts.sent } else { &mut counts.failed }) += count;
        let failed = std::mem::replace(&mut counts.failing, result.is_err());
        drop(counts);
        let signal = self.signal;
        match &result {
            Ok(()) if failed => tracing::info!(signal, "telemetry reaches the collector again"),
            Err(error) if !failed => tracing::warn!(signal, error = %error, "telemetry does not reach the collector"),
            _ => {}
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Nothing panics while it holds the lock.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// All that there were.
    pub(super) fn ended(self) -> u64 {
        self.sent + self.failed + self.dropped + self.waiting
    }
}
