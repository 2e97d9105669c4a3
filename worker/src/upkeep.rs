//! What a worker does for its queue beside the work: it forgets what ended long ago, and says when its clock is wrong.

use crate::{
    engine::{Engine, Pruned, Result},
    handlers::Sink,
    telemetry::Instruments,
};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// How often the clocks are compared.
const LOOK: Duration = Duration::from_secs(10);

/// How often what ended long ago is removed.
const PRUNE: Duration = Duration::from_secs(3600);

/// A clock that is this far off, in seconds, is worth a line.
const OFF: f64 = 2.0;

/// The upkeep of one worker.
pub struct Upkeep {
    /// Of which queue.
    pub engine: Arc<dyn Engine>,
    /// The sink of the samples, if there are any.
    pub sink: Option<Sink>,
    /// Own metrics.
    pub instruments: Instruments,
    /// How long what has ended is kept.
    pub keep: Duration,
}

impl Upkeep {
    /// Goes on until the process ends.
    pub async fn run(self) {
        let (mut next, mut told) = (Instant::now(), 0.0);
        loop {
            told = self.compare_clocks(told).await;
            if next <= Instant::now() {
                // Replicas that began together need not do it together again.
                next = Instant::now() + PRUNE.mul_f64(0.5 + fastrand::f64());
                self.prune().await;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Says how far this host's clock is ahead, if it is not what was `told` before; what is told now.
    async fn compare_clocks(&self, told: f64) -> f64 {
        let Ok(time) = self.engine.time().await else { return told };
        let skew = match SystemTime::now().duration_since(time) {
            Ok(ahead) => ahead.as_secs_f64(),
            Err(behind) => -behind.duration().as_secs_f64(),
        };
        self.instruments.clock_skew(skew);
        if (skew - told).abs() < OFF {
            return told;
        }
        let seconds = skew.round();
        tracing::warn!(
            seconds,
            "this host's clock is ahead of the queue's, or behind; pauses and leases do not go by it"
        );
        skew
    }

    async fn prune(&self) {
        match prune(&self.engine, self.sink.as_ref(), self.keep).await {
            Ok((Pruned { jobs: 0, changes: 0, .. }, None | Some(0))) => {}
            Ok((Pruned { jobs, changes, .. }, effects)) => {
                tracing::info!(jobs, changes, effects, "removed what ended long ago");
            }
            Err(error) => {
                let error = error.to_string();
                tracing::warn!(error, "what ended long ago cannot be removed");
            }
        }
    }
}

/// Removes all that ended longer than `keep` ago, part by part; and the effects of the samples, of which it says how many.
///
/// # Errors
/// The engine fails; what was removed until then is.
pub async fn prune(engine: &Arc<dyn Engine>, sink: Option<&Sink>, keep: Duration) -> Result<(Pruned, Option<u64>)> {
    let (mut all, mut from) = (Pruned::default(), None);
    loop {
        let Pruned { jobs, changes, next } = engine.prune(keep, from.as_deref()).await?;
        all.jobs += jobs;
        all.changes += changes;
        from = next;
        if from.is_none() {
            break;
        }
    }
    let effects = match sink {
        Some(sink) => Some(sink.forget(keep).await?),
        None => None,
    };
    Ok((all, effects))
}
