//! `--stats`: where the time of a scan went.

use crate::watch::Watch;
use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

/// Takes the time from one step to the next.
pub(super) struct Stats {
    began: Instant,
    last: Instant,
    steps: Vec<(&'static str, Duration)>,
}

impl Stats {
    pub(super) fn begin() -> Self {
        let now = Instant::now();
        Stats { began: now, last: now, steps: Vec::new() }
    }

    /// What was done since the step before is over.
    pub(super) fn done(&mut self, step: &'static str) {
        let now = Instant::now();
        self.steps.push((step, now - self.last));
        self.last = now;
    }

    /// A line for each step, and for each phase of the scan.
    pub(super) fn write(&self, watch: &Watch, threads: usize, out: &mut dyn Write) -> io::Result<()> {
        let row = |out: &mut dyn Write, name: &str, time: Duration, of: &str| {
            writeln!(out, "{name:<20} {:>9.1} ms{of}", time.as_secs_f64() * 1000.0)
        };
        for (name, time) in &self.steps {
            row(out, name, *time, "")?;
            if *name == SCAN {
                let of = format!("  of up to {threads} threads");
                for (phase, time) in watch.times() {
                    row(out, &format!("  {phase}"), time, &of)?;
                }
            }
        }
        row(out, "all", self.last - self.began, "")
    }
}

/// The step that has phases.
pub(super) const SCAN: &str = "scan";
