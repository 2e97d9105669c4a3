//! The life of a worker as a type: what happened goes in, what is to be done comes out. No clock, no IO.
//!
//! ```text
//! Boot ─▶ Starting ─▶ Running ⇄ Paused / Degraded ─▶ Draining ─▶ Settling ─▶ Flushing ─▶ Ended
//! ```

use crate::{
    exit::Exit,
    settings::{FLUSH, SETTLE},
};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Where a worker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Signals are caught, and nothing else is there yet.
    Boot,
    /// Looks for its queue.
    Starting,
    /// Takes and does jobs.
    Running,
    /// An operator asked it to take no jobs.
    Paused,
    /// The queue cannot be reached; it tries on.
    Degraded,
    /// Was told to stop: takes no more jobs, and finishes those that it has.
    Draining,
    /// No job runs any more; says what became of the last ones.
    Settling,
    /// Sends its last telemetry.
    Flushing,
    /// Over.
    Ended,
}

impl State {
    /// As answers and logs call it.
    pub fn name(self) -> &'static str {
        match self {
            State::Boot => "boot",
            State::Starting => "starting",
            State::Running => "running",
            State::Paused => "paused",
            State::Degraded => "degraded",
            State::Draining => "draining",
            State::Settling => "settling",
            State::Flushing => "flushing",
            State::Ended => "ended",
        }
    }
}

/// What happens to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Settings are read, the health endpoints listen.
    Configured,
    /// The queue is there and fits.
    Started,
    /// It could not start, or cannot go on.
    Failed(Exit),
    /// Take no jobs.
    Pause,
    /// Take jobs again.
    Resume,
    /// The queue cannot be reached.
    Unreachable,
    /// The queue can be reached again.
    Reachable,
    /// SIGTERM, SIGQUIT, or a first SIGINT.
    Stop,
    /// A further SIGINT.
    StopHard,
    /// No job is in flight, and none can come any more.
    Idle,
    /// Nothing is taken in over HTTP any more.
    IntakeClosed,
    /// What was still held is given back.
    Settled,
    /// Telemetry was sent.
    Flushed,
    /// Time went by.
    Clock,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look for the queue.
    Start,
    /// Start the loops; they take nothing yet.
    Prepare,
    /// Take jobs.
    Claim,
    /// Take no more jobs; give back what a call already under way brings.
    StopClaiming,
    /// Take nothing in over HTTP any more.
    CloseIntake,
    /// Ask running jobs to come to an end.
    Cancel,
    /// End running jobs.
    Abort,
    /// Give back what is still held.
    Settle,
    /// Send the last telemetry.
    Flush,
}

/// How long the parts of an end may take.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// D: from the signal until the intake closes.
    pub drain_delay: Duration,
    /// S: from there until no job runs any more.
    pub shutdown_timeout: Duration,
}

/// A worker's life so far.
#[derive(Clone, Debug)]
pub struct Life {
    state: State,
    timings: Timings,
    path: Vec<State>,
    paused: bool,
    unreachable: bool,
    idle: bool,
    intake_closed: bool,
    settled: bool,
    exit: Exit,
    /// What time brings next, the soonest first.
    schedule: Vec<(Instant, Step)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    CloseIntake,
    Cancel,
    Abort,
    GiveUpSettling,
    GiveUpFlushing,
}

impl Life {
    /// A life that begins.
    pub fn new(timings: Timings) -> Self {
        Life {
            state: State::Boot,
            timings,
            path: vec![State::Boot],
            paused: false,
            unreachable: false,
            idle: false,
            intake_closed: false,
            settled: false,
            exit: Exit::Clean,
            schedule: Vec::new(),
        }
    }

    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// All states that it went through, in order.
    pub fn path(&self) -> &[State] {
        &self.path
    }

    /// How it ended, once it has.
    pub fn exit(&self) -> Option<Exit> {
        (self.state == State::Ended).then_some(self.exit)
    }

    /// When it wants to hear of the [clock](Event::Clock) at the latest.
    pub fn wake(&self) -> Option<Instant> {
        self.schedule.first().map(|(at, _)| *at)
    }

    /// Lets something happen.
    pub fn on(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut actions = self.due(now);
        actions.extend(self.happen(event, now));
        actions
    }

    fn happen(&mut self, event: Event, now: Instant) -> Vec<Action> {
        use State::{Boot, Degraded, Draining, Ended, Flushing, Paused, Running, Settling, Starting};
        match (self.state, event) {
            (Ended, _) | (_, Event::Clock) => vec![],
            (_, Event::StopHard) => self.end(Exit::Forced),
            (Boot, Event::Configured) => self.enter(Starting, vec![Action::Start]),
            (Boot | Starting, Event::Stop) => self.flush(Exit::Clean, now),
            (Boot | Starting, Event::Failed(exit)) => self.flush(exit, now),
            // Not forgotten until it has started.
            (Boot | Starting, Event::Pause | Event::Resume) => {
                self.note(event);
                vec![]
            }
            (Starting, Event::Started) if self.paused => self.enter(Paused, vec![Action::Prepare]),
            (Starting, Event::Started) => self.enter(Running, vec![Action::Prepare, Action::Claim]),
            (Running | Paused | Degraded, Event::Pause | Event::Resume | Event::Unreachable | Event::Reachable) => {
                self.note(event);
                self.work()
            }
            (Running | Paused | Degraded, Event::Stop) => self.drain(now),
            (Running | Paused | Degraded, Event::Failed(exit)) => {
                self.exit = exit;
                self.drain(now)
            }
            (Draining | Settling, Event::Idle | Event::IntakeClosed | Event::Settled) => {
                self.note(event);
                self.leave_work(now)
            }
            (Flushing, Event::Flushed) => self.end(self.exit),
            // Too late, too early, or said before.
            _ => vec![],
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Pause => self.paused = true,
            Event::Resume => self.paused = false,
            Event::Unreachable => self.unreachable = true,
            Event::Reachable => self.unreachable = false,
            Event::Idle => self.idle = true,
            Event::IntakeClosed => self.intake_closed = true,
            Event::Settled => self.settled = true,
            _ => {}
        }
    }

    /// Between start and stop: the state follows from what is known.
    fn work(&mut self) -> Vec<Action> {
        let (state, action) = match (self.paused, self.unreachable) {
            (true, _) => (State::Paused, Action::StopClaiming),
            (false, true) => (State::Degraded, Action::Claim),
            (false, false) => (State::Running, Action::Claim),
        };
        if state == self.state { vec![] } else { self.enter(state, vec![action]) }
    }

    fn drain(&mut self, now: Instant) -> Vec<Action> {
        let Timings { drain_delay, shutdown_timeout } = self.timings;
        let begin = now + drain_delay;
        self.schedule = vec![
            (begin, Step::CloseIntake),
            (begin + shutdown_timeout.mul_f64(0.8), Step::Cancel),
            (begin + shutdown_timeout, Step::Abort),
        ];
        let mut actions = self.enter(State::Draining, vec![Action::StopClaiming]);
        actions.extend(self.due(now));
        actions
    }

    /// The work is over when nothing is in flight and nothing more is taken in; then when nothing is held.
    fn leave_work(&mut self, now: Instant) -> Vec<Action> {
        match (self.state, self.idle) {
            (State::Draining, true) if self.intake_closed => self.settle(now),
            (State::Settling, true) if self.settled => self.flush(self.exit, now),
            _ => vec![],
        }
    }

    fn settle(&mut self, now: Instant) -> Vec<Action> {
        self.schedule = vec![(now + SETTLE, Step::GiveUpSettling)];
        self.enter(State::Settling, vec![Action::Settle])
    }

    fn flush(&mut self, exit: Exit, now: Instant) -> Vec<Action> {
        self.exit = exit;
        // In Boot and Starting there is next to nothing to send, and the way out must be short.
        let budget = if self.state < State::Running { Duration::from_millis(500) } else { FLUSH };
        self.schedule = vec![(now + budget, Step::GiveUpFlushing)];
        self.enter(State::Flushing, vec![Action::Flush])
    }

    fn end(&mut self, exit: Exit) -> Vec<Action> {
        self.exit = exit;
        self.schedule.clear();
        self.enter(State::Ended, vec![])
    }

    fn enter(&mut self, state: State, actions: Vec<Action>) -> Vec<Action> {
        self.state = state;
        self.path.push(state);
        actions
    }

    /// Takes the steps whose time has come.
    fn due(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some((at, step)) = self.schedule.first().copied().filter(|(at, _)| *at <= now) {
            self.schedule.remove(0);
            actions.extend(self.take(step, at));
        }
        actions
    }

    fn take(&mut self, step: Step, at: Instant) -> Vec<Action> {
        match step {
            Step::CloseIntake => vec![Action::CloseIntake],
            Step::Cancel => vec![Action::Cancel],
            Step::Abort => {
                if self.exit == Exit::Clean {
                    self.exit = Exit::Released;
                }
                let mut actions = vec![Action::Abort];
                actions.extend(self.settle(at));
                actions
            }
            Step::GiveUpSettling => self.flush(self.exit, at),
            Step::GiveUpFlushing => self.end(self.exit),
        }
    }
}
