//! How much telemetry was sent, failed, and was dropped.
//!
//! The SDK does not tell: it drops what does not fit, and answers `Ok` to a shutdown that lost everything.

use super::environment::Environment;
use opentelemetry_sdk::error::OTelSdkResult;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

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
    waiting: AtomicU64,
    sent: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    failing: AtomicBool,
}

impl Tally {
    fn new(signal: &'static str, room: usize) -> Arc<Self> {
        let [waiting, sent, failed, dropped] = Default::default();
        Arc::new(Tally { signal, room, waiting, sent, failed, dropped, failing: AtomicBool::new(false) })
    }

    /// Counts one that is to be exported; false if it must be dropped because too many wait.
    pub(super) fn admit(&self) -> bool {
        let admitted = self.waiting.fetch_add(1, Relaxed) < self.room as u64;
        if !admitted {
            self.waiting.fetch_sub(1, Relaxed);
            self.dropped.fetch_add(1, Relaxed);
        }
        admitted
    }

    /// Counts one that never came to be exported.
    pub(super) fn miss(&self) {
        self.dropped.fetch_add(1, Relaxed);
    }

    /// Counts how an export of so many ended. Says on standard error when exports begin to fail, and when they work again.
    pub(super) fn settle(&self, count: usize, result: OTelSdkResult) -> OTelSdkResult {
        let count = count as u64;
        let into = if result.is_ok() { &self.sent } else { &self.failed };
        into.fetch_add(count, Relaxed);
        self.waiting.fetch_sub(count, Relaxed);
        if self.failing.swap(result.is_err(), Relaxed) != result.is_err() {
            let signal = self.signal;
            match &result {
                Ok(()) => tracing::info!(signal, "telemetry reaches the collector again"),
                Err(error) => tracing::warn!(signal, error = %error, "telemetry does not reach the collector"),
            }
        }
        result
    }

    /// Those that a collector took: it answered with success.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Those whose export failed, and will not be tried again.
    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    /// Those for which there was no room.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Those of which nothing is known yet.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Relaxed)
    }

    /// All that there ever were.
    pub(super) fn ended(&self) -> u64 {
        self.sent() + self.failed() + self.dropped() + self.waiting()
    }
}
