//! Queue mode: takes jobs while there are free slots, and sees each of them to its end.

mod job;
mod leases;
mod suspects;

pub use leases::Leases;

use crate::{
    engine::{Engine, Error},
    handlers::{Handlers, Why},
    heartbeat::{BEAT, Heartbeat},
    held::Held,
    job::Delivery,
    life::Event,
    orders::{Order, Orders, Takers},
    reach::Reach,
    retry::Policy,
    telemetry::{Instruments, Messaging, error_type},
};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, mpsc::Sender},
    time::{Duration, Instant, SystemTime},
};
use suspects::Suspect;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a call waits for a job. A stop waits for the call, so it is less where there is little time to stop.
const WAIT: Duration = Duration::from_secs(1);

/// Pause after a call that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Least time from one call that brought jobs to the next, unless all slots are free: a call for each slot would cost
/// more than the slot's rest.
const GATHER: Duration = Duration::from_millis(2);

/// How often the backlog is counted.
const BACKLOG: Duration = Duration::from_secs(5);

/// What jobs and dispatcher share.
pub struct Shared {
    /// Where jobs come from and are settled.
    pub engine: Arc<dyn Engine>,
    /// What does them.
    pub handlers: Handlers,
    /// The claims of this process.
    pub held: Arc<Held>,
    /// When they are tried again.
    pub policy: Policy,
    /// How long they are leased.
    pub lease: Duration,
    /// Longest time of one.
    pub job_timeout: Duration,
    /// Spans and metrics.
    pub messaging: Messaging,
    /// Own metrics.
    pub instruments: Instruments,
    /// Who is told whether the engine can be reached.
    pub reach: Arc<Reach>,
    /// Nothing more is begun.
    pub stop: CancellationToken,
    /// Ends what runs.
    pub abort: CancellationToken,
}

type Poll = Pin<Box<dyn Future<Output = Result<Vec<Delivery>, Error>> + Send>>;

/// The loop of queue mode.
pub struct Dispatcher {
    /// What it shares with its jobs.
    pub shared: Arc<Shared>,
    /// Jobs at a time.
    pub concurrency: usize,
    /// Jobs per second, if limited.
    pub rate_limit: Option<u32>,
    /// Longest time from the stop until no job may run any more.
    pub shutdown_timeout: Duration,
    /// Whom it tells.
    pub events: Sender<Event>,
    /// Where it shows whether it may take jobs.
    pub takers: Takers,
    /// How it shows that it turns.
    pub heartbeat: Heartbeat,
}

impl Dispatcher {
    /// Works until it is told to stop and the last job has ended.
    pub async fn run(self, mut orders: Orders) {
        let (mut running, mut suspect, mut taker) = (JoinSet::new(), Suspect::None, None);
        let mut poll: Option<(Poll, SystemTime)> = None;
        let (mut next, mut gather) = (Instant::now(), Instant::now());
        let mut backlog = tokio::time::interval(BACKLOG);
        loop {
            self.heartbeat.beat();
            taker.get_or_insert_with(|| self.takers.join());
            let order = *orders.borrow_and_update();
            self.pass_on(order);
            // All that have ended, so that one call replaces them.
            while running.try_join_next().is_some() {}
            if order != Order::Work && poll.is_none() {
                taker = None;
            }
            self.see_to(&mut suspect, order, &mut running);
            self.shared.instruments.in_flight(running.len());
            let free = self.concurrency - running.len().min(self.concurrency);
            let may_claim = order == Order::Work && poll.is_none() && free > 0 && suspect.is_none();
            let at = if running.is_empty() { next } else { next.max(gather) };
            if may_claim && at <= Instant::now() {
                poll = Some((self.claim(free), SystemTime::now()));
            }
            if order >= Order::Stop && poll.is_none() && running.is_empty() {
                break;
            }
            tokio::select! {
                _ = orders.changed() => {}
                // Never dropped half way: what it would bring would be nobody's until the lease runs out.
                found = async { poll.as_mut().expect("guarded").0.as_mut().await }, if poll.is_some() => {
                    let began = poll.take().map_or_else(SystemTime::now, |(_, began)| began);
                    // Read again: the order may have come together with the jobs.
                    let working = *orders.borrow() == Order::Work;
                    next = Instant::now() + self.found(found, began, working, &mut running, &mut suspect);
                    gather = Instant::now() + GATHER;
                }
                Some(_) = running.join_next(), if !running.is_empty() => {}
                _ = backlog.tick() => self.count_backlog(),
                () = tokio::time::sleep_until(at.into()), if may_claim && poll.is_none() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
        self.heartbeat.finish();
        let _gone = self.events.send(Event::Idle);
    }

    fn claim(&self, free: usize) -> Poll {
        let engine = self.shared.engine.clone();
        let lease = self.shared.lease;
        // A limit below the number of slots would otherwise be broken by one full claim.
        let slots = self.rate_limit.map_or(free, |limit| free.min(limit as usize));
        let wait = WAIT.min(self.shutdown_timeout / 2);
        Box::pin(async move { engine.claim(slots, lease, wait).await })
    }

    /// Begins what came, or gives it back; says how long to pause.
    fn found(
        &self,
        found: Result<Vec<Delivery>, Error>,
        began: SystemTime,
        working: bool,
        running: &mut JoinSet<()>,
        suspect: &mut Suspect,
    ) -> Duration {
        let elapsed = began.elapsed().unwrap_or_default();
        self.shared.reach.is(found.is_ok());
        match found {
            Ok(deliveries) => {
                self.shared.messaging.received(&deliveries, began, elapsed, None);
                let pause = self.pause_after(deliveries.len());
                self.begin(deliveries, working, running, suspect);
                pause
            }
            Err(error) => {
                self.shared.messaging.received(&[], began, elapsed, Some(error_type(&error)));
                let error = error.to_string();
                tracing::warn!(error, "no jobs can be taken");
                PAUSE
            }
        }
    }

    /// A limited rate takes its time.
    fn pause_after(&self, claimed: usize) -> Duration {
        let pace = self.rate_limit.map_or(Duration::ZERO, |limit| Duration::from_secs(1) / limit);
        pace * u32::try_from(claimed).unwrap_or(u32::MAX)
    }

    /// Jobs that came after the stop are never begun, and given back all at once: there may be many.
    fn begin(&self, deliveries: Vec<Delivery>, working: bool, running: &mut JoinSet<()>, suspect: &mut Suspect) {
        let since = Instant::now();
        for delivery in deliveries {
            let canceller = self.shared.held.hold(delivery.claim.clone(), since);
            if !working {
                running.spawn(job::give_back(self.shared.clone(), delivery));
            } else if !self.shared.policy.is_suspect(delivery.strikes) {
                running.spawn(job::process(self.shared.clone(), delivery, canceller));
            } else if suspect.is_none() {
                suspect.wait(delivery, canceller);
            } else {
                running.spawn(job::give_back(self.shared.clone(), delivery));
            }
        }
    }

    /// Begins the suspect once nothing else runs; or gives it back, if nothing is to be begun.
    fn see_to(&self, suspect: &mut Suspect, order: Order, running: &mut JoinSet<()>) {
        if order != Order::Work {
            if let Some(delivery) = suspect.leave() {
                running.spawn(job::give_back(self.shared.clone(), delivery));
            }
        } else if running.is_empty()
            && let Some((delivery, canceller)) = suspect.next()
        {
            running.spawn(job::process(self.shared.clone(), delivery, canceller));
        }
    }

    fn pass_on(&self, order: Order) {
        if order >= Order::Stop {
            self.shared.stop.cancel();
        }
        if order >= Order::Cancel {
            self.shared.held.ask(Why::Stop);
        }
        if order >= Order::Abort {
            self.shared.abort.cancel();
        }
    }

    fn count_backlog(&self) {
        let shared = self.shared.clone();
        tokio::spawn(async move {
            if let Ok(backlog) = shared.engine.backlog().await {
                shared.instruments.queue_lag(backlog);
            }
        });
    }
}
