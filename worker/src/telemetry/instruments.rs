//! The worker's own metrics. No label takes a value that is not known beforehand, apart from the number of a partition: a
//! handler that is not there has no name here.

use super::{
    lines::Lines,
    messaging::JOBS,
    tally::{Counts, Tallies},
};
use crate::life::State;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter},
};
use std::time::Duration;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The job is done.
    Done,
    /// Its handler failed; it is tried again.
    Retry,
    /// It is a dead letter.
    Dead,
    /// It was given back.
    Released,
    /// It was cancelled.
    Cancelled,
    /// The lease ran out while it was being worked on.
    Lost,
    /// It could not be settled any more: it is somebody else's.
    Fenced,
}

const OUTCOMES: [Outcome; 7] = [
    Outcome::Done,
    Outcome::Retry,
    Outcome::Dead,
    Outcome::Released,
    Outcome::Cancelled,
    Outcome::Lost,
    Outcome::Fenced,
];

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Retry => "retry",
            Outcome::Dead => "dead",
            Outcome::Released => "released",
            Outcome::Cancelled => "cancelled",
            Outcome::Lost => "lost",
            Outcome::Fenced => "fenced",
        }
    }
}

const STATES: [State; 9] = [
    State::Boot,
    State::Starting,
    State::Running,
    State::Paused,
    State::Degraded,
    State::Draining,
    State::Settling,
    State::Flushing,
    State::Ended,
];

/// The instruments, for all threads.
#[derive(Clone)]
pub struct Instruments {
    state: Gauge<u64>,
    in_flight: Gauge<u64>,
    outcomes: Counter<u64>,
    handler_outcomes: Counter<u64>,
    handler_duration: Histogram<f64>,
    released: Counter<u64>,
    overdue: UpDownCounter<i64>,
    leases_held: Gauge<u64>,
    leases_lost: Counter<u64>,
    late_heartbeats: Counter<u64>,
    loop_stall: Gauge<f64>,
    queue_lag: Gauge<u64>,
    drain_duration: Gauge<f64>,
    clock_skew: Gauge<f64>,
}

impl Instruments {
    /// Makes them; once, because what is observed would be counted twice.
    pub(super) fn new(meter: &Meter, tallies: &Tallies, lines: &Lines) -> Self {
        let gauge = |name, unit, text| meter.u64_gauge(name).with_unit(unit).with_description(text).build();
        let seconds = |name, text| meter.f64_gauge(name).with_unit("s").with_description(text).build();
        let counter = |name, unit, text| meter.u64_counter(name).with_unit(unit).with_description(text).build();
        let instruments = Instruments {
            state: gauge("worker.state", "", "1 for the state that the worker is in, 0 for the others"),
            in_flight: gauge("worker.jobs.in_flight", "{job}", "Jobs or changes that are being worked on"),
            outcomes: counter("worker.jobs.outcomes", "{job}", "What became of deliveries"),
            handler_outcomes: counter("worker.handler.outcomes", "{job}", "What became of deliveries, by handler"),
            handler_duration: meter
                .f64_histogram("worker.handler.duration")
                .with_unit("s")
                .with_description("How long handlers worked on one job")
                .with_boundaries(JOBS.to_vec())
                .build(),
            released: counter("worker.jobs.released", "{job}", "Jobs given back because the worker had to stop"),
            overdue: meter
                .i64_up_down_counter("worker.handlers.overdue")
                .with_unit("{handler}")
                .with_description("Handlers that go on though their time is over or their lease is lost")
                .build(),
            leases_held: gauge("worker.leases.held", "{lease}", "Leases of jobs or partitions"),
            leases_lost: counter("worker.leases.lost", "{lease}", "Leases that ran out, or that somebody else took"),
            late_heartbeats: counter("worker.heartbeats.late", "{heartbeat}", "Turns of a main loop that came late"),
            loop_stall: seconds("worker.loop.stall", "Time since a main loop last turned"),
            queue_lag: gauge("worker.queue.lag", "{message}", "Open jobs, or changes of a partition not worked off"),
            drain_duration: seconds("worker.drain.duration", "From the signal until no job ran any more"),
            clock_skew: seconds("worker.clock.skew", "How far this host's clock is ahead of the queue's"),
        };
        instruments.begin();
        observe(meter, tallies);
        observe_lines(meter, lines.clone());
        instruments
    }

    /// A series has to be there before its first event, or the rate of it misses that one.
    fn begin(&self) {
        self.state(State::Boot);
        self.in_flight(0);
        self.leases_held(0);
        self.released(0);
        self.overdue(0);
        self.leases_lost.add(0, &[]);
        for outcome in OUTCOMES {
            self.outcomes.add(0, &[KeyValue::new("outcome", outcome.name())]);
        }
    }

    /// Where the worker is in its life.
    pub fn state(&self, now: State) {
        for state in STATES {
            self.state.record(u64::from(state == now), &[KeyValue::new("state", state.name())]);
        }
    }

    /// So many jobs are being worked on.
    pub fn in_flight(&self, jobs: usize) {
        self.in_flight.record(jobs as u64, &[]);
    }

    /// A delivery came to this.
    pub fn outcome(&self, outcome: Outcome) {
        self.outcomes.add(1, &[KeyValue::new("outcome", outcome.name())]);
    }

    /// A delivery to a handler came to this. The name is one of those that were [announced](Self::announce).
    pub fn outcome_of(&self, handler: &'static str, outcome: Outcome) {
        self.outcome(outcome);
        let labels = [KeyValue::new("handler", handler), KeyValue::new("outcome", outcome.name())];
        self.handler_outcomes.add(1, &labels);
    }

    /// A handler has worked on a job for this long.
    pub fn handled(&self, handler: &'static str, duration: Duration) {
        self.handler_duration.record(duration.as_secs_f64(), &[KeyValue::new("handler", handler)]);
    }

    /// There are these handlers.
    pub fn announce(&self, handlers: impl Iterator<Item = &'static str>) {
        for handler in handlers {
            for outcome in OUTCOMES {
                let labels = [KeyValue::new("handler", handler), KeyValue::new("outcome", outcome.name())];
                self.handler_outcomes.add(0, &labels);
            }
        }
    }

    /// So many jobs were given back because the worker had to stop.
    pub fn released(&self, jobs: usize) {
        self.released.add(jobs as u64, &[]);
    }

    /// So many more handlers go on that should not, or so many fewer.
    pub fn overdue(&self, change: i64) {
        self.overdue.add(change, &[]);
    }

    /// So many leases are held.
    pub fn leases_held(&self, leases: usize) {
        self.leases_held.record(leases as u64, &[]);
    }

    /// A lease ran out, or somebody else took it.
    pub fn lease_lost(&self) {
        self.leases_lost.add(1, &[]);
    }

    /// A main loop turned later than it should.
    pub fn late_heartbeat(&self, main_loop: &'static str) {
        self.late_heartbeats.add(1, &[KeyValue::new("loop", main_loop)]);
    }

    /// A main loop has not turned for this long.
    pub fn loop_stall(&self, main_loop: &'static str, stall: Duration) {
        self.loop_stall.record(stall.as_secs_f64(), &[KeyValue::new("loop", main_loop)]);
    }

    /// So many jobs are open.
    pub fn queue_lag(&self, jobs: u64) {
        self.queue_lag.record(jobs, &[]);
    }

    /// So many changes of a partition are not worked off. The last word stays: say it of all partitions, or of none.
    pub fn feed_lag(&self, partition: u32, changes: u64) {
        self.queue_lag.record(changes, &[KeyValue::new("partition", i64::from(partition))]);
    }

    /// The clock of this host is so many seconds ahead of the queue's.
    pub fn clock_skew(&self, seconds: f64) {
        self.clock_skew.record(seconds, &[]);
    }

    /// From the signal until no job ran any more it took this long.
    pub fn drain_duration(&self, duration: Duration) {
        self.drain_duration.record(duration.as_secs_f64(), &[]);
    }
}

/// What becomes of telemetry, as telemetry.
fn observe(meter: &Meter, tallies: &Tallies) {
    let count = |name, text, value: fn(Counts) -> u64| {
        let tallies = tallies.all();
        let callback = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
            for tally in &tallies {
                observer.observe(value(tally.counts()), &[KeyValue::new("signal", tally.signal)]);
            }
        };
        meter.u64_observable_counter(name).with_description(text).with_callback(callback).build();
    };
    count("worker.telemetry.exported", "Spans, log records and exports of metrics that a collector took", |counts| {
        counts.sent
    });
    count("worker.telemetry.failed", "Those that it refused, or that did not reach it", |counts| counts.failed);
    count("worker.telemetry.dropped", "Those for which there was no room", |counts| counts.dropped);
}

fn observe_lines(meter: &Meter, lines: Lines) {
    meter
        .u64_observable_counter("worker.log_lines.dropped")
        .with_unit("{line}")
        .with_description("Log lines for which there was no room, because standard error did not take them")
        .with_callback(move |observer| observer.observe(lines.dropped(), &[]))
        .build();
}
