//! How a worker is, for all threads.

use crate::{
    ends::{Changes, Ends},
    heartbeat::{BEAT, Heartbeats},
    held::Held,
    life::State,
    orders::{Order, Orders, Takers},
    telemetry::Instruments,
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A loop that has missed so many beats is late.
const LATE: Duration = Duration::from_millis(5 * BEAT.as_millis() as u64);

/// How a worker is.
pub struct Vitals {
    /// Whether its loops turn.
    pub heartbeats: Heartbeats,
    /// The jobs that it holds.
    pub held: Arc<Held>,
    /// The changes of the feed that it works on.
    pub changes: Arc<Changes>,
    /// Its loops that may take work.
    pub takers: Takers,
    /// Own metrics.
    pub instruments: Instruments,
    /// Who it is.
    pub owner: String,
    orders: Orders,
    now: Mutex<Now>,
}

struct Now {
    state: State,
    started: bool,
    waiting_for: String,
}

impl Vitals {
    /// Of a worker that begins.
    pub fn new(owner: String, orders: Orders, instruments: Instruments) -> Self {
        let now = Now { state: State::Boot, started: false, waiting_for: String::new() };
        Vitals {
            heartbeats: Heartbeats::default(),
            held: Arc::default(),
            changes: Arc::default(),
            takers: Takers::default(),
            instruments,
            owner,
            orders,
            now: Mutex::new(now),
        }
    }

    /// Where it is in its life.
    pub fn state(&self) -> State {
        self.lock().state
    }

    /// It has come there.
    pub fn enter(&self, state: State) {
        let mut now = self.lock();
        now.started |= matches!(state, State::Running | State::Paused);
        now.state = state;
        self.instruments.state(state);
    }

    /// Whether anything may be begun still. To be asked before [`in_flight`](Self::in_flight): what was taken is counted there.
    pub fn takes_work(&self) -> bool {
        *self.orders.borrow() == Order::Work || self.takers.any()
    }

    /// Jobs and changes that are being worked on, or settled.
    pub fn in_flight(&self) -> usize {
        self.held.count() + self.changes.count()
    }

    /// It was told to stop: how things end counts from here on.
    pub fn stop(&self) {
        self.held.stop();
        self.changes.stop();
    }

    /// How things ended since the stop.
    pub fn ends(&self) -> Ends {
        self.held.ends() + self.changes.ends()
    }

    /// Whether it has started; once it has, for good.
    pub fn started(&self) -> bool {
        self.lock().started
    }

    /// What keeps it from starting.
    pub fn waiting_for(&self) -> String {
        let mut text = self.lock().waiting_for.clone();
        text.truncate(text.floor_char_boundary(1000));
        text + "\n"
    }

    /// This keeps it from starting.
    pub fn wait_for(&self, what: String) {
        self.lock().waiting_for = what;
    }

    /// All of it.
    pub fn status(&self) -> Value {
        let loops = self.heartbeats.ages().map(|(which, age)| (which.name(), age.as_millis().to_string()));
        json!({
            "owner": self.owner,
            "state": self.state(),
            "takes_work": self.takes_work(),
            "in_flight": self.in_flight(),
            "loop_age_ms": loops.collect::<std::collections::BTreeMap<_, _>>(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes metrics of the beats, once a second.
pub(super) async fn watch(vitals: Arc<Vitals>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        for (which, age) in vitals.heartbeats.ages() {
            vitals.instruments.loop_stall(which.name(), age);
            if age > LATE {
                vitals.instruments.late_heartbeat(which.name());
            }
        }
    }
}
