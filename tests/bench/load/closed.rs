//! A closed loop: each connection sends the next call when it has the answer to the last.

use plimsoll_tests::webhook::Webhook;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What came of it.
pub(crate) struct Round {
    took: Duration,
    latencies: Vec<Duration>,
}

impl Round {
    pub(crate) fn calls(&self) -> usize {
        self.latencies.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.calls() as f64 / self.took.as_secs_f64()
    }

    pub(crate) fn micros(&self, part: f64) -> f64 {
        quantile(&self.latencies, part).as_secs_f64() * 1e6
    }
}

/// Keeps connections busy for a time.
pub(crate) async fn run(server: &Webhook, body: &str, connections: usize, time: Duration) -> Round {
    let mut opened = Vec::new();
    for _ in 0..connections {
        opened.push(server.connect().await);
    }
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for mut connection in opened {
        let body = body.to_owned();
        clients.spawn(async move {
            let mut latencies = Vec::new();
            while start.elapsed() < time {
                let call = Instant::now();
                let answer = connection.post("/validate?timeout=3s", body.clone()).await.expect("an answer");
                assert_eq!(answer.status, 200, "{}", answer.text());
                latencies.push(call.elapsed());
            }
            latencies
        });
    }
    let mut latencies = clients.join_all().await.concat();
    latencies.sort();
    Round { took: start.elapsed(), latencies }
}

/// Of sorted times; zero of none.
pub(crate) fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let index = (sorted.len() as f64 * part) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
