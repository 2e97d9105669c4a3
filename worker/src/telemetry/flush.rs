//! The last telemetry, within a budget.

use super::Telemetry;
use serde::Serialize;
use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

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

impl Telemetry {
    /// Sends what is left, and says what became of everything. Returns within the budget, whatever the collector does.
    pub fn flush(self, budget: Duration) -> Exports {
        let deadline = Instant::now() + budget;
        let Telemetry { traces, meters, logs, tallies, .. } = self;
        let exports_of_metrics = tallies.metrics.ended();
        let (done, dones) = mpsc::channel();
        let shutdowns: [Box<dyn FnOnce() -> bool + Send>; 3] = [
            Box::new(move || traces.shutdown_with_timeout(budget).is_ok()),
            Box::new(move || logs.shutdown_with_timeout(budget).is_ok()),
            Box::new(move || meters.shutdown_with_timeout(budget).is_ok()),
        ];
        // On plain threads, which the end of the process ends: a shutdown blocks, that of the metrics longer than it is
        // told, and a runtime that is blocked cannot keep a deadline.
        for shutdown in shutdowns {
            let done = done.clone();
            thread::spawn(move || done.send(shutdown()));
        }
        drop(done);
        while dones.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_ok() {}

        // The last export of metrics is made by their shutdown; it may not have come to that.
        let [_, metrics, _] = tallies.all();
        if self.exports_metrics && metrics.ended() == exports_of_metrics {
            metrics.miss();
        }
        tallies.all().iter().fold(Exports::default(), |sum, tally| Exports {
            sent: sum.sent + tally.sent(),
            failed: sum.failed + tally.failed(),
            dropped: sum.dropped + tally.dropped() + tally.waiting(),
        })
    }
}
