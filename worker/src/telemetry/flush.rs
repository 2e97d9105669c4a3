//! The last telemetry, within a budget.

use super::{Telemetry, tally::Tallies};
use crate::aside::aside;
use opentelemetry_sdk::error::OTelSdkResult;
use serde::Serialize;
use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

/// Longest time that log lines get to be written at the end: where nobody reads, no time is enough.
pub const LINES: Duration = Duration::from_millis(200);

/// What became of all telemetry of this process: spans, log records, and exports of all metrics at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exports {
    /// A collector took them: it answered with success.
    pub sent: u64,
    /// The collector refused them, or could not be reached, and they will not be tried again.
    pub failed: u64,
    /// There was no room for them, or no answer before the process had to end.
    pub dropped: u64,
}

/// The count of it all, which can be asked at any time.
#[derive(Clone)]
pub struct Account(pub(super) Tallies);

impl Account {
    /// How it stands if the process ends now: what still waits is dropped.
    pub fn exports(&self) -> Exports {
        self.0.all().iter().map(|tally| tally.counts()).fold(Exports::default(), |sum, counts| Exports {
            sent: sum.sent + counts.sent,
            failed: sum.failed + counts.failed,
            dropped: sum.dropped + counts.dropped + counts.waiting,
        })
    }
}

impl Telemetry {
    /// Sends what is left, and says what became of everything. Returns within the budget, whatever the collector does.
    pub fn flush(self, budget: Duration) -> Exports {
        let deadline = Instant::now() + budget;
        let Telemetry { traces, meters, logs, tallies, exports_metrics, lines, .. } = self;
        let exported = tallies.metrics.counts().ended();
        let (done, dones) = mpsc::channel();
        let shutdowns: [Box<dyn FnOnce() -> OTelSdkResult + Send>; 3] = [
            Box::new(move || traces.shutdown_with_timeout(budget)),
            Box::new(move || logs.shutdown_with_timeout(budget)),
            Box::new(move || meters.shutdown_with_timeout(budget)),
        ];
        // A shutdown blocks, that of the metrics longer than it is told, and a runtime that is blocked cannot keep a
        // deadline.
        for shutdown in shutdowns {
            let done = done.clone();
            aside(move || {
                let _late = done.send(shutdown());
            });
        }
        drop(done);
        while dones.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_ok() {}

        // The last export of metrics is made by their shutdown; it may not have come to that.
        if exports_metrics && tallies.metrics.counts().ended() == exported {
            tallies.metrics.miss();
        }
        lines.flush(LINES);
        Account(tallies).exports()
    }
}
