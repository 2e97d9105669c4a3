//! Keeps the leases of partitions: renews, takes, asks, hands over.

use super::{
    Assigned,
    assignment::{Assignment, Step},
};
use crate::{
    change::{Lease, Revision, Versioned},
    engine::Feed,
    heartbeat::BEAT,
    keeper::{Connection, Release, Requests, Signs, in_time},
    orders::{Order, Orders},
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// Longest pause between two looks at the leases.
const TURN: Duration = Duration::from_secs(1);

/// How often leases are read again when somebody wrote one while we left.
const TRIES: usize = 5;

/// What the thread needs.
pub struct Leases {
    connection: Connection,
    orders: Orders,
    assigned: UnboundedSender<Assigned>,
    assignment: Assignment,
    me: String,
    lease: Duration,
    signs: Signs,
    mine: BTreeMap<u32, Mine>,
}

/// A partition that we have.
struct Mine {
    renewed: Instant,
    stop: CancellationToken,
    lost: CancellationToken,
    /// Nobody works on it any more.
    done: CancellationToken,
}

impl Leases {
    /// Of a replica called `me`, that tells of each partition it gets.
    pub fn new(
        connection: Connection,
        orders: Orders,
        assigned: UnboundedSender<Assigned>,
        me: &str,
        lease: Duration,
        signs: Signs,
    ) -> Self {
        let assignment = Assignment::new(me.to_owned(), lease);
        let (me, mine) = (me.to_owned(), BTreeMap::new());
        Leases { connection, orders, assigned, assignment, me, lease, signs, mine }
    }

    /// Looks at the leases and does what is to be done, until nobody asks any more or all is given back.
    pub async fn keep(mut self, mut requests: Requests) {
        let heartbeat = self.signs.heartbeat.clone();
        let turn = TURN.min(self.lease / 3);
        let mut next = Instant::now();
        loop {
            tokio::select! {
                request = requests.recv() => {
                    if let Some(request) = request {
                        self.release_all(&request).await;
                    }
                    // What is given back must not be taken again.
                    return heartbeat.finish();
                },
                () = tokio::time::sleep(BEAT) => {}
            }
            if next <= Instant::now() {
                next = Instant::now() + turn;
                heartbeat.during(self.turn()).await;
            }
            heartbeat.beat();
            self.expire();
            self.signs.instruments.leases_held(self.mine.len());
        }
    }

    /// The feed, if it can be reached.
    async fn feed(&mut self) -> Option<Arc<dyn Feed>> {
        self.connection.engine().await?.feed()
    }

    async fn turn(&mut self) {
        let Some(feed) = self.feed().await else { return self.signs.reach.is(false) };
        let leases = in_time("leases", feed.leases()).await;
        self.signs.reach.is(leases.is_some());
        let Some(leases) = leases else { return };
        self.lose(&leases);
        let mine = self.mine.keys().copied().collect();
        let steps = self.assignment.steps(&leases, &mine, Instant::now());
        // Whoever leaves wants no more: what it is handed after that would be nobody's until the lease runs out.
        let leaves = *self.orders.borrow() >= Order::Stop;
        let wants_more = |step: &Step| matches!(step, Step::Take(_) | Step::Ask(_));
        for step in steps.into_iter().filter(|step| !(leaves && wants_more(step))) {
            self.take_step(&feed, step, &leases).await;
        }
    }

    async fn take_step(&mut self, feed: &Arc<dyn Feed>, step: Step, leases: &[Versioned<Lease>]) {
        let seen = |partition: u32| &leases[partition as usize];
        let ours = Lease { owner: Some(self.me.clone()), wanted_by: None };
        match step {
            Step::Renew(partition) if self.is_done(partition) => {
                self.give(feed, partition, None, seen(partition)).await;
            }
            Step::Renew(partition) => self.renew(feed, partition, &ours, seen(partition)).await,
            Step::Take(partition) => self.take(feed, partition, &ours, seen(partition)).await,
            Step::Ask(partition) => {
                let asked = Lease { wanted_by: Some(self.me.clone()), ..seen(partition).value.clone() };
                tracing::info!(partition, of = asked.owner, "partition asked for");
                in_time("ask", feed.write_lease(partition, &asked, seen(partition).revision)).await;
            }
            Step::HandOver(partition) if self.is_done(partition) => {
                let to = seen(partition).value.wanted_by.clone();
                self.give(feed, partition, to, seen(partition)).await;
            }
            Step::HandOver(partition) => {
                if let Some(mine) = self.mine.get(&partition) {
                    mine.stop.cancel();
                }
                // Still ours until the change at hand is done and the checkpoint is written.
                let ours = Lease { wanted_by: seen(partition).value.wanted_by.clone(), ..ours };
                self.renew(feed, partition, &ours, seen(partition)).await;
            }
        }
    }

    fn is_done(&self, partition: u32) -> bool {
        self.mine.get(&partition).is_some_and(|mine| mine.done.is_cancelled())
    }

    async fn renew(&mut self, feed: &Arc<dyn Feed>, partition: u32, lease: &Lease, seen: &Versioned<Lease>) {
        let asked = Instant::now();
        let written = in_time("renew", feed.write_lease(partition, lease, seen.revision)).await;
        if let (Some(Some(_)), Some(mine)) = (written, self.mine.get_mut(&partition)) {
            mine.renewed = asked;
        }
    }

    async fn take(&mut self, feed: &Arc<dyn Feed>, partition: u32, ours: &Lease, seen: &Versioned<Lease>) {
        let renewed = Instant::now();
        let written = in_time("take", feed.write_lease(partition, ours, seen.revision)).await;
        if !matches!(written, Some(Some(_))) {
            return;
        }
        let Some((after, revision)) = fence(feed, partition, renewed + self.lease).await else { return };
        let [stop, lost, done] = [(); 3].map(|()| CancellationToken::new());
        let guard = done.clone().drop_guard();
        let assigned = Assigned { partition, after, revision, stop: stop.clone(), lost: lost.clone(), done: guard };
        // Where nobody listens any more, it is dropped, done, and so given back.
        let _gone = self.assigned.send(assigned);
        self.mine.insert(partition, Mine { renewed, stop, lost, done });
    }

    /// Leaves it to somebody, or to nobody; false if somebody else wrote in between.
    async fn give(
        &mut self,
        feed: &Arc<dyn Feed>,
        partition: u32,
        to: Option<String>,
        seen: &Versioned<Lease>,
    ) -> bool {
        let free = Lease { owner: to, wanted_by: None };
        let given = in_time("give", feed.write_lease(partition, &free, seen.revision)).await.flatten().is_some();
        if given {
            tracing::info!(partition, to = free.owner, "partition given back");
            self.mine.remove(&partition);
        }
        given
    }

    /// Drops what somebody else has.
    fn lose(&mut self, leases: &[Versioned<Lease>]) {
        let me = self.me.clone();
        let ours = |partition: u32| {
            leases.get(partition as usize).is_some_and(|lease| lease.value.owner.as_ref() == Some(&me))
        };
        self.drop_unless(|partition, _| ours(partition));
    }

    /// Drops what must have run out by now, for whoever looks at it from outside.
    fn expire(&mut self) {
        let (lease, now) = (self.lease, Instant::now());
        self.drop_unless(|_, mine| now < mine.renewed + lease);
    }

    fn drop_unless(&mut self, keep: impl Fn(u32, &Mine) -> bool) {
        let instruments = self.signs.instruments.clone();
        self.mine.retain(|partition, mine| {
            let kept = keep(*partition, mine);
            if !kept {
                tracing::warn!(partition, "lease lost");
                instruments.lease_lost();
                mine.lost.cancel();
            }
            kept
        });
    }

    async fn release_all(&mut self, request: &Release) {
        for _ in 0..TRIES {
            let Some(feed) = self.feed().await else { break };
            let Some(leases) = in_time("leases", feed.leases()).await else { break };
            self.lose(&leases);
            if self.leave(&feed, &leases).await {
                break;
            }
        }
        self.signs.instruments.leases_held(0);
        let _gone = request.send(());
    }

    /// Gives back what is ours, and asks for nothing any more; false if somebody else wrote in between.
    async fn leave(&mut self, feed: &Arc<dyn Feed>, leases: &[Versioned<Lease>]) -> bool {
        let me = Some(self.me.clone());
        let mut left = true;
        for (partition, seen) in (0..).zip(leases) {
            let Lease { owner, wanted_by } = seen.value.clone();
            let next = match (owner == me, wanted_by == me) {
                (true, _) => wanted_by.filter(|by| *by != self.me),
                (false, true) => owner,
                (false, false) => continue,
            };
            left &= self.give(feed, partition, next, seen).await;
        }
        left
    }
}

/// Writes the checkpoint as it is: from here on nobody who read it before can write it. Not once the lease has run out,
/// which would fence whoever has taken it since.
async fn fence(feed: &Arc<dyn Feed>, partition: u32, until: Instant) -> Option<(u64, Revision)> {
    loop {
        let Versioned { value: after, revision } = in_time("checkpoint", feed.checkpoint(partition)).await?;
        if Instant::now() >= until {
            return None;
        }
        let written = in_time("fence", feed.write_checkpoint(partition, after, revision)).await?;
        if let Some(revision) = written {
            return Some((after, revision));
        }
    }
}
