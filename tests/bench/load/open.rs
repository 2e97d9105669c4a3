//! An open loop: calls arrive at fixed times, and a latency counts from its arrival, also while the generator or the
//! server is late.

use super::closed::quantile;
use plimsoll_tests::webhook::Webhook;
use std::{
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// What arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Calls per second.
    pub(crate) rate: f64,
    pub(crate) time: Duration,
    pub(crate) connections: usize,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    accepted: Vec<Duration>,
    refused: Vec<Duration>,
    /// Neither answered nor refused.
    pub(crate) failed: usize,
}

impl Outcome {
    pub(crate) fn answered(&self) -> usize {
        self.accepted.len()
    }

    pub(crate) fn shed(&self) -> usize {
        self.refused.len()
    }

    pub(crate) fn accepted(&self, part: f64) -> Duration {
        quantile(&self.accepted, part)
    }

    pub(crate) fn refused(&self, part: f64) -> Duration {
        quantile(&self.refused, part)
    }
}

/// Sends the load. Whichever connection is free takes the next arrival.
pub(crate) async fn run(server: &Webhook, body: &str, path: &'static str, load: Load) -> Outcome {
    let mut opened = Vec::new();
    for _ in 0..load.connections {
        opened.push(server.connect().await);
    }
    let (start, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let calls = (load.rate * load.time.as_secs_f64()) as usize;
    let mut clients = JoinSet::new();
    for mut connection in opened {
        let (next, body) = (Arc::clone(&next), body.to_owned());
        clients.spawn(async move {
            let mut outcome = Outcome::default();
            loop {
                let call = next.fetch_add(1, Ordering::Relaxed);
                if call >= calls {
                    return outcome;
                }
                let arrival = start + Duration::from_secs_f64(call as f64 / load.rate);
                sleep_until(arrival).await;
                match connection.post(path, body.clone()).await.map(|answer| answer.status) {
                    Ok(200) => outcome.accepted.push(arrival.elapsed()),
                    Ok(429) => outcome.refused.push(arrival.elapsed()),
                    Ok(_) => outcome.failed += 1,
                    Err(_) => {
                        outcome.failed += 1;
                        return outcome;
                    }
                }
            }
        });
    }
    let mut all = Outcome::default();
    while let Some(one) = clients.join_next().await {
        let one = one.expect("a client ends by itself");
        all.accepted.extend(one.accepted);
        all.refused.extend(one.refused);
        all.failed += one.failed;
    }
    all.accepted.sort();
    all.refused.sort();
    all
}
