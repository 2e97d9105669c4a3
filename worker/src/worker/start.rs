//! How the parts start that need the queue.

use super::parts::Parts;
use crate::{
    engine::{self, Address, Engine, Error},
    exit::Exit,
    feed,
    health::Vitals,
    heartbeat::{BEAT, Heartbeat, Loop},
    intake::Intake,
    keeper::{Connection, Keeper, Signs},
    life::Event,
    queue,
    retry::Policy,
    settings::{Mode, RunArgs},
    telemetry::Messaging,
    upkeep::Upkeep,
};
use anyhow::{Context, Result};
use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Pause between two looks for the queue.
const LOOK: Duration = Duration::from_millis(250);

impl Parts {
    /// Looks for the queue until it is there, or until the start has taken too long.
    pub(super) fn find_queue(&self) {
        let (address, vitals) = (self.worker.address.clone(), self.vitals.clone());
        let (events, place) = (self.events.clone(), self.engine.clone());
        let deadline = Instant::now() + self.worker.settings.startup_timeout;
        let beat = vitals.heartbeats.of(Loop::Runtime);
        self.runtime.spawn(tick(beat));
        self.runtime.spawn(async move {
            let event = match find(&address, &vitals, deadline).await {
                Ok(engine) => {
                    let _already = place.set(engine);
                    Event::Started
                }
                Err(exit) => Event::Failed(exit),
            };
            events.send(event)
        });
    }

    /// Starts dispatcher or consumer, the keeper of its leases, and the intake.
    pub(super) fn start_loops(&mut self) -> Result<()> {
        let engine = self.engine.get().cloned().context("no queue")?;
        let telemetry = self.telemetry.as_ref().context("no telemetry")?;
        let messaging = telemetry.messaging(engine.system(), &self.worker.address.name);
        if let Some(listener) = self.intake.take() {
            self.intake_runs = true;
            self.start_intake(listener, &engine, &messaging);
        }
        let instruments = self.vitals.instruments.clone();
        let (sink, keep) = (self.worker.handlers.sink().cloned(), self.worker.settings.keep);
        let upkeep = Upkeep { engine: engine.clone(), sink, instruments, keep };
        self.runtime.spawn(upkeep.run());
        let connection = Connection::to(self.worker.address.clone());
        self.keeper = Some(match self.worker.settings.mode {
            Mode::Queue => self.start_queue(engine, connection, messaging),
            Mode::Feed => self.start_feed(engine, connection, messaging),
        }?);
        Ok(())
    }

    fn start_queue(&self, engine: Arc<dyn Engine>, connection: Connection, messaging: Messaging) -> Result<Keeper> {
        let settings = &self.worker.settings;
        let held = self.vitals.held.clone();
        let leases = queue::Leases { connection, held, lease: settings.lease, signs: self.signs() };
        let dispatcher = queue::Dispatcher {
            shared: Arc::new(queue::Shared {
                engine,
                handlers: self.worker.handlers.clone(),
                held: self.vitals.held.clone(),
                policy: Policy::of(settings),
                lease: settings.lease,
                job_timeout: settings.job_timeout,
                messaging,
                instruments: self.vitals.instruments.clone(),
                reach: self.reach.clone(),
                stop: CancellationToken::new(),
                abort: CancellationToken::new(),
            }),
            concurrency: settings.concurrency.into(),
            rate_limit: (settings.rate_limit > 0).then_some(settings.rate_limit),
            shutdown_timeout: settings.shutdown_timeout,
            events: self.events.clone(),
            takers: self.vitals.takers.clone(),
            heartbeat: self.vitals.heartbeats.of(Loop::Dispatcher),
        };
        self.runtime.spawn(dispatcher.run(self.orders.subscribe()));
        Keeper::start(move |requests| leases.keep(requests)).context("no thread for the keeper")
    }

    fn start_feed(&self, engine: Arc<dyn Engine>, connection: Connection, messaging: Messaging) -> Result<Keeper> {
        let settings = &self.worker.settings;
        let handler = self.worker.handlers.changes().context("no handler of changes")?;
        let (assign, assigned) = tokio::sync::mpsc::unbounded_channel();
        let leases = feed::Leases::new(
            connection,
            self.orders.subscribe(),
            assign,
            &self.vitals.owner,
            settings.lease,
            self.signs(),
        );
        let consumer = feed::Consumer {
            shared: Arc::new(feed::Shared {
                feed: engine.clone().feed().context("--mode feed: this engine has no feed")?,
                queue: engine,
                handler,
                policy: Policy::of(settings),
                job_timeout: settings.job_timeout,
                messaging,
                instruments: self.vitals.instruments.clone(),
                changes: self.vitals.changes.clone(),
                cancel: CancellationToken::new(),
                abort: CancellationToken::new(),
                reach: self.reach.clone(),
                takers: self.vitals.takers.clone(),
            }),
            events: self.events.clone(),
            heartbeat: self.vitals.heartbeats.of(Loop::Dispatcher),
        };
        self.runtime.spawn(consumer.run(self.orders.subscribe(), assigned));
        Keeper::start(move |requests| leases.keep(requests)).context("no thread for the keeper")
    }

    fn signs(&self) -> Signs {
        Signs {
            heartbeat: self.vitals.heartbeats.of(Loop::Keeper),
            reach: self.reach.clone(),
            instruments: self.vitals.instruments.clone(),
        }
    }

    fn start_intake(&self, listener: TcpListener, engine: &Arc<dyn Engine>, messaging: &Messaging) {
        let intake = Intake::new(engine.clone(), messaging.clone());
        let (close, events) = (self.close_intake.clone(), self.events.clone());
        self.runtime.spawn(async move {
            if let Err(error) = intake.serve(listener, close).await {
                let error = error.to_string();
                tracing::error!(error, "intake");
            }
            events.send(Event::IntakeClosed)
        });
    }

    /// Has the intake closed; where there is none, it is.
    pub(super) fn close_intake(&self) {
        self.close_intake.cancel();
        if !self.intake_runs {
            let _gone = self.events.send(Event::IntakeClosed);
        }
    }
}

/// Beats as long as the runtime has a free thread.
async fn tick(heartbeat: Heartbeat) {
    loop {
        heartbeat.beat();
        tokio::time::sleep(BEAT).await;
    }
}

async fn find(address: &Address, vitals: &Vitals, deadline: Instant) -> Result<Arc<dyn Engine>, Exit> {
    loop {
        let error = match timeout(deadline.saturating_duration_since(Instant::now()), look(address)).await {
            Ok(Ok(engine)) => return Ok(engine),
            Ok(Err(Error::Refused(error))) => {
                tracing::error!(error, "the queue cannot be used");
                return Err(Exit::Configuration);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer from the queue".to_owned(),
        };
        vitals.wait_for(error.clone());
        if Instant::now() + LOOK >= deadline {
            tracing::error!(error, "the queue was not ready in time");
            return Err(Exit::Dependency);
        }
        tracing::info!(error, "waiting for the queue");
        tokio::time::sleep(LOOK).await;
    }
}

async fn look(address: &Address) -> engine::Result<Arc<dyn Engine>> {
    let engine = engine::connect(address).await?;
    engine.check().await?;
    Ok(engine)
}

impl Policy {
    /// As it is set.
    pub fn of(settings: &RunArgs) -> Self {
        Policy {
            max_attempts: settings.max_attempts,
            max_deliveries: settings.max_deliveries,
            backoff: settings.backoff,
            max_backoff: settings.max_backoff,
        }
    }
}

/// Takes an address before anything else is begun: that it is taken already is a mistake in the settings.
pub(super) fn listen(flag: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).with_context(|| format!("{flag} {address}"))?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// A name that no other process has.
pub(super) fn owner() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    format!("{host}-{}-{:04x}", std::process::id(), fastrand::u16(..))
}
