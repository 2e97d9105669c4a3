//! Keeps the leases of jobs.

use crate::{
    ends::End,
    engine::Engine,
    heartbeat::BEAT,
    held::Held,
    job::{Claim, Settled, Settlement},
    keeper::{Connection, Release, Requests, Signs, in_time},
    telemetry::Outcome,
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
    /// How it shows how it is.
    pub signs: Signs,
}

/// How long jobs that are ended have to be gone, and to give themselves back.
const GONE: Duration = Duration::from_millis(500);

impl Leases {
    /// Renews at a third of the lease, until nobody asks any more.
    pub async fn keep(mut self, mut requests: Requests) {
        let heartbeat = self.signs.heartbeat.clone();
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
            self.signs.instruments.leases_held(self.held.count());
        }
    }

    async fn renew(&mut self) {
        // Connected before there is anything to renew: the first renewal must not wait for it.
        let Some(engine) = self.connection.engine().await else { return self.signs.reach.is(false) };
        let asked = Instant::now();
        let claims = self.held.due(asked);
        if claims.is_empty() {
            return;
        }
        let renewed = in_time("renew", engine.renew(&claims, self.lease)).await;
        self.signs.reach.is(renewed.is_some());
        if let Some(held) = renewed {
            self.lose(self.held.renewed(&claims, &held, asked));
        }
    }

    fn lose(&self, lost: usize) {
        (0..lost).for_each(|_| self.signs.instruments.lease_lost());
    }

    /// A job that is ended gives itself back. What has not by then blocks its thread, or shares the runtime with what does.
    async fn release_all(&mut self, request: &Release) {
        let until = Instant::now() + GONE;
        while !self.held.all_taken() && Instant::now() < until {
            tokio::time::sleep(GONE / 50).await;
        }
        let claims = self.held.take_all();
        if let Some(engine) = self.connection.engine().await {
            futures_util::future::join_all(claims.iter().map(|claim| self.release(&engine, claim))).await;
        }
        let _gone = request.send(());
    }

    async fn release(&self, engine: &Arc<dyn Engine>, claim: &Claim) {
        let settled = in_time("release", engine.settle(claim, &Settlement::Stuck)).await;
        let end = match settled {
            Some(Settled::Applied) => End::Released,
            Some(Settled::Fenced) => End::Lost,
            None => End::Unsettled,
        };
        self.held.end(claim, end);
        let released = end == End::Released;
        tracing::warn!(job = claim.id, released, "could not be ended; given back");
        if released {
            self.signs.instruments.released(1);
            self.signs.instruments.outcome(Outcome::Released);
        }
    }
}
