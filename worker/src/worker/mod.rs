//! `plimsoll-worker run`: the life of one process.
//!
//! The main thread does nothing but live: it hears what happened, asks [`Life`] what is to be done, and has it done by
//! others. So an end comes in time even where the runtime of the jobs is blocked.
//!
//! | thread | does |
//! | --- | --- |
//! | main | the life: this module |
//! | `signals` | hears signals |
//! | `health` | answers probes |
//! | `keeper` | renews the leases of jobs, or those of partitions |
//! | `jobs` | the runtime of dispatcher and handlers |

mod parts;
mod start;

use crate::{
    engine::Address,
    exit::{Exit, Fault},
    handlers::Handlers,
    hooks::Hooks,
    life::{Event, Life, State, Timings},
    settings::{Mode, RunArgs},
    signals::{Signal, Signals},
};
use anyhow::{Context, Result, ensure};
use parts::Parts;
use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    time::Instant,
};

/// A worker, before it lives.
pub struct Worker {
    /// How it works.
    pub settings: RunArgs,
    /// Where its queue is.
    pub address: Address,
    /// What does the work.
    pub handlers: Handlers,
    /// What else is to be done on the way.
    pub hooks: Hooks,
    /// Which log lines are written.
    pub log: String,
}

impl Worker {
    /// Lives it, to its end.
    pub fn run(self, signals: Signals) -> Exit {
        let (events, inbox) = mpsc::channel();
        let timings =
            Timings { drain_delay: self.settings.drain_delay, shutdown_timeout: self.settings.shutdown_timeout };
        let last_words = self.settings.last_words.clone();
        match self.begin(events, signals) {
            Ok((parts, because)) => Living { life: Life::new(timings), parts, inbox, because }.live(&last_words),
            Err(error) => {
                eprintln!("error: {error:#}");
                if error.is::<Fault>() { Exit::Internal } else { Exit::Configuration }
            }
        }
    }

    /// Whether there is a handler for what it is to work on.
    fn check_handlers(&self) -> Result<()> {
        let missing = self.settings.mode == Mode::Feed && self.handlers.changes().is_none();
        ensure!(!missing, "--mode feed: this program has no handler of changes; `Handlers::with_changes` sets one");
        Ok(())
    }

    fn begin(mut self, events: Sender<Event>, signals: Signals) -> Result<(Parts, Receiver<Signal>)> {
        let (told, because) = mpsc::channel();
        if self.settings.chaos {
            self.handlers = self.handlers.with_chaos(&self.address);
        }
        self.handlers = self.settings.limit(self.handlers)?;
        let parts = Parts::new(self, events.clone())?;
        let mut interrupts = 0;
        let hear = move |signal: Signal| {
            tracing::info!(signal = signal.name(), "signal");
            interrupts += u32::from(signal == Signal::Int);
            let _gone = told.send(signal);
            let _gone = events.send(if interrupts > 1 { Event::StopHard } else { Event::Stop });
        };
        signals.tell(hear).context(Fault("no thread for signals"))?;
        Ok((parts, because))
    }
}

/// A worker that lives.
struct Living {
    life: Life,
    parts: Parts,
    inbox: Receiver<Event>,
    because: Receiver<Signal>,
}

impl Living {
    fn live(mut self, last_words: &std::path::Path) -> Exit {
        self.happens(Event::Configured);
        let exit = loop {
            if let Some(exit) = self.life.exit() {
                break exit;
            }
            let event = self.next();
            let ends = matches!(event, Event::Stop | Event::StopHard | Event::Failed(_));
            if ends && self.life.state() < State::Draining {
                self.parts.note_stop();
            }
            self.happens(event);
        };
        let ends = self.parts.vitals.ends();
        // Also one that came to its end early, because it was asked to, is for others to do.
        let exit = if exit == Exit::Clean && ends.unfinished() > 0 { Exit::Released } else { exit };
        self.parts.say(last_words, &self.life, ends, exit, &self.because);
        // Not dropped: a runtime waits for its threads, which may be blocked for good, and an exporter for its collector.
        // The end of the process ends them.
        std::mem::forget(self.parts);
        exit
    }

    fn next(&self) -> Event {
        let Some(wake) = self.life.wake() else {
            return self.inbox.recv().unwrap_or(Event::Failed(Exit::Internal));
        };
        match self.inbox.recv_timeout(wake.saturating_duration_since(Instant::now())) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Clock,
            Err(RecvTimeoutError::Disconnected) => Event::Failed(Exit::Internal),
        }
    }

    fn happens(&mut self, event: Event) {
        let before = self.life.state();
        let actions = self.life.on(event, Instant::now());
        let state = self.life.state();
        if state != before {
            tracing::info!(state = state.name(), "state");
            self.parts.vitals.enter(state);
        }
        for action in actions {
            self.parts.act(action, &self.life);
        }
    }
}
