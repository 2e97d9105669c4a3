//! Keeps the leases of jobs.

use crate::{
    engine::Engine,
    heartbeat::{BEAT, Heartbeat},
    held::Held,
    job::{Settled, Settlement},
    keeper::{Connection, Release, Requests, in_time},
    telemetry::Instruments,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What the thread needs.
pub struct Leases {
    /// Where to renew.
    pub connection: Connection,
    /// What to renew.
    pub held: Arc<Held>,
    /// For how long.
    pub lease: Duration,
    /// How it shows that it turns.
    pub heartbeat: Heartbeat,
    /// Own metrics.
    pub instruments: Instruments,
}

impl Leases {
    /// Renews at a third of the lease, until nobody asks any more.
    pub async fn keep(mut self, mut requests: Requests) {
        let heartbeat = self.heartbeat.clone();
        let mut next = Instant::now();
        loop {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => self.release_all(&request).await,
                    None => return heartbeat.finish(),
                },
                () = tokio::time::sleep(BEAT) => {}
            }
            if next <= Instant::now() {
                next = Instant::now() + self.lease / 3;
                heartbeat.during(self.renew()).await;
            }
            heartbeat.beat();
            self.lose(self.held.expire(self.lease, Instant::now()));
            self.instruments.leases_held(self.held.count());
        }
    }

    async fn renew(&mut self) {
        // Connected before there is anything to renew: the first renewal must not wait for it.
        let Some(engine) = self.connection.engine().await else { return };
        let asked = Instant::now();
        let claims = self.held.due(asked);
        if claims.is_empty() {
            return;
        }
        if let Some(held) = in_time("renew", engine.renew(&claims, self.lease)).await {
            self.lose(self.held.renewed(&claims, &held, asked));
        }
    }

    fn lose(&self, lost: usize) {
        (0..lost).for_each(|_| self.instruments.lease_lost());
    }

    async fn release_all(&mut self, request: &Release) {
        let claims = self.held.take_all();
        let mut released = 0;
        if let Some(engine) = self.connection.engine().await {
            let all = claims.iter().map(|claim| release(&engine, claim));
            released = futures_util::future::join_all(all).await.into_iter().filter(|released| *released).count();
        }
        self.instruments.released(released);
        let _gone = request.send(released);
    }
}

async fn release(engine: &Arc<dyn Engine>, claim: &crate::job::Claim) -> bool {
    let settled = in_time("release", engine.settle(claim, &Settlement::Release)).await;
    let released = settled == Some(Settled::Applied);
    tracing::info!(job = claim.id, released, "given back");
    released
}
