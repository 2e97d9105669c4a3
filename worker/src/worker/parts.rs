//! The parts of a living worker, and who does what it wants done.

use super::{Worker, start};
use crate::{
    aside::aside,
    contract::Contract,
    ends::Ends,
    engine::Engine,
    exit::{Exit, Fault},
    health::{Health, Vitals},
    hooks::Hook,
    keeper::Keeper,
    last_words::LastWords,
    life::{Action, Event, Life, State},
    orders::Order,
    reach::Reach,
    settings::Mode,
    signals::Signal,
    telemetry::{Account, LINES, Lines, Telemetry},
};
use anyhow::{Context, Result};
use std::{
    net::TcpListener,
    path::Path,
    sync::{
        Arc, OnceLock,
        mpsc::{Receiver, Sender},
    },
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, sync::watch};
use tokio_util::sync::CancellationToken;

/// What is left of the budget for telemetry when it must be through, so that the account of it is whole.
const TELL: Duration = Duration::from_millis(200);

/// All of it.
pub(super) struct Parts {
    pub(super) worker: Worker,
    pub(super) vitals: Arc<Vitals>,
    pub(super) events: Sender<Event>,
    pub(super) reach: Arc<Reach>,
    pub(super) telemetry: Option<Telemetry>,
    pub(super) runtime: Runtime,
    pub(super) orders: watch::Sender<Order>,
    pub(super) engine: Arc<OnceLock<Arc<dyn Engine>>>,
    pub(super) keeper: Option<Keeper>,
    pub(super) intake: Option<TcpListener>,
    pub(super) close_intake: CancellationToken,
    pub(super) intake_runs: bool,
    begun: bool,
    stopped: Option<Instant>,
    account: Account,
    lines: Lines,
}

impl Parts {
    /// Everything that needs no queue: telemetry, health, the runtime.
    pub(super) fn new(mut worker: Worker, events: Sender<Event>) -> Result<Self> {
        worker.settings.check()?;
        worker.check_handlers()?;
        let owner = worker.settings.owner.clone().unwrap_or_else(start::owner);
        let telemetry = Telemetry::start(&owner, &worker.log)?;
        let (account, lines) = (telemetry.account(), telemetry.lines());
        let orders = watch::Sender::new(Order::Hold);
        if worker.settings.mode == Mode::Queue {
            telemetry.instruments().announce(worker.handlers.names());
        }
        let vitals = Arc::new(Vitals::new(owner, orders.subscribe(), telemetry.instruments()));
        let intake = worker.settings.intake.map(|address| start::listen("--intake", address)).transpose()?;
        let (listener, admin) = start::listen("--admin", worker.settings.admin)?;
        worker.settings.admin = admin;
        let health = Health {
            vitals: vitals.clone(),
            registry: telemetry.registry().clone(),
            contract: Contract::of(&worker.settings),
            stall: worker.settings.liveness_stall,
            events: events.clone(),
        };
        health.start(listener).context(Fault("no thread for the health endpoints"))?;
        let intake_address = intake.as_ref().map(|(_, address)| tracing::field::display(address));
        tracing::info!(admin = %admin, intake = intake_address, "listening");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("jobs")
            .enable_all()
            .build()
            .context(Fault("no runtime for jobs"))?;
        Ok(Parts {
            worker,
            vitals,
            reach: Arc::new(Reach::new(events.clone())),
            events,
            telemetry: Some(telemetry),
            runtime,
            orders,
            engine: Arc::default(),
            keeper: None,
            intake: intake.map(|(listener, _)| listener),
            close_intake: CancellationToken::new(),
            intake_runs: false,
            begun: false,
            stopped: None,
            account,
            lines,
        })
    }

    /// Has something done. Nothing here takes long.
    pub(super) fn act(&mut self, action: Action, life: &Life) {
        match action {
            Action::Start => {
                self.worker.hooks.run(Hook::Starting);
                self.find_queue();
            }
            Action::Prepare => self.prepare(),
            Action::Claim => self.claim(),
            Action::StopClaiming if life.state() == State::Draining => {
                self.order(Order::Stop);
                if self.keeper.is_none() {
                    // There are no loops that could say it.
                    let _gone = self.events.send(Event::Idle);
                }
                self.worker.hooks.run(Hook::Stopping);
            }
            Action::StopClaiming => self.order(Order::Hold),
            Action::CloseIntake => self.close_intake(),
            Action::Cancel => self.order(Order::Cancel),
            Action::Abort => self.order(Order::Abort),
            Action::Settle => {
                self.worker.hooks.run(Hook::Stop);
                self.settle();
            }
            Action::Flush => {
                self.worker.hooks.run(Hook::Stopped);
                self.flush(life.wake());
            }
        }
    }

    fn order(&self, order: Order) {
        self.orders.send_replace(order);
    }

    fn prepare(&mut self) {
        self.worker.hooks.run(Hook::Start);
        if let Err(error) = self.start_loops() {
            let error = format!("{error:#}");
            tracing::error!(error, "cannot start");
            let _gone = self.events.send(Event::Failed(Exit::Internal));
        }
    }

    fn claim(&mut self) {
        self.order(Order::Work);
        if !std::mem::replace(&mut self.begun, true) {
            self.worker.hooks.run(Hook::Started);
        }
    }

    /// Gives back what the end of the time has left.
    fn settle(&self) {
        self.vitals.instruments.drain_duration(self.since_stop());
        let events = self.events.clone();
        let answer = self.keeper.as_ref().map(Keeper::release_all);
        aside(move || {
            // The life waits for it as long as it can.
            let _gone = answer.map(|answer| answer.recv());
            let _gone = events.send(Event::Settled);
        });
    }

    /// The exporters block, and must not block a runtime.
    fn flush(&mut self, until: Option<Instant>) {
        let budget = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        let (telemetry, events) = (self.telemetry.take(), self.events.clone());
        aside(move || {
            telemetry.map(|telemetry| telemetry.flush(budget.saturating_sub(TELL)));
            let _gone = events.send(Event::Flushed);
        });
    }

    /// The end begins.
    pub(super) fn note_stop(&mut self) {
        self.stopped = Some(Instant::now());
        self.vitals.stop();
    }

    fn since_stop(&self) -> Duration {
        self.stopped.map_or(Duration::ZERO, |at| at.elapsed())
    }

    pub(super) fn say(&self, file: &Path, life: &Life, ends: Ends, exit: Exit, because: &Receiver<Signal>) {
        let words = LastWords {
            path: life.path(),
            because: because.try_recv().map_or("fault", Signal::name),
            in_flight: ends.total(),
            ends,
            telemetry: self.account.exports(),
            lines_dropped: self.lines.dropped(),
            elapsed_ms: self.since_stop().as_millis(),
            exit: exit.code(),
        };
        words.say(file);
        self.lines.flush(LINES);
    }
}
