//! Whether the main loops still turn: each beats, and liveness looks at the oldest beat.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How often a loop beats that has nothing else to do.
pub const BEAT: Duration = Duration::from_millis(200);

/// A loop that must go on turning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// The runtime of the jobs: beats as long as one of its threads is free.
    Runtime,
    /// Takes jobs.
    Dispatcher,
    /// Renews leases.
    Keeper,
}

impl Loop {
    /// All of them.
    pub const ALL: [Loop; 3] = [Loop::Runtime, Loop::Dispatcher, Loop::Keeper];

    /// As metrics and answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Loop::Runtime => "runtime",
            Loop::Dispatcher => "dispatcher",
            Loop::Keeper => "keeper",
        }
    }
}

/// The beats of a process.
#[derive(Clone, Debug)]
pub struct Heartbeats {
    began: Instant,
    /// Milliseconds since `began` of the last beat of each loop; 0 where it does not turn.
    beats: Arc<[AtomicU64; 3]>,
}

impl Default for Heartbeats {
    fn default() -> Self {
        Heartbeats { began: Instant::now(), beats: Arc::default() }
    }
}

impl Heartbeats {
    /// The one that a loop beats on.
    pub fn of(&self, which: Loop) -> Heartbeat {
        Heartbeat { all: self.clone(), which }
    }

    /// How long each loop that turns has not beaten.
    pub fn ages(&self) -> impl Iterator<Item = (Loop, Duration)> {
        let now = self.now();
        Loop::ALL.into_iter().filter_map(move |which| {
            let beat = self.beats[which as usize].load(Ordering::Relaxed);
            (beat > 0).then(|| (which, Duration::from_millis(now.saturating_sub(beat))))
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

/// The beat of one loop. A loop that panics does not [finish](Self::finish), and is found dead by its age.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    all: Heartbeats,
    which: Loop,
}

impl Heartbeat {
    /// The loop turns.
    pub fn beat(&self) {
        self.all.beats[self.which as usize].store(self.all.now(), Ordering::Relaxed);
    }

    /// The loop has come to its end.
    pub fn finish(&self) {
        self.all.beats[self.which as usize].store(0, Ordering::Relaxed);
    }

    /// Beats while something is waited for that may take long: a slow dependency is no stalled loop.
    pub async fn during<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            self.beat();
            tokio::select! {
                output = &mut future => return output,
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }
}
