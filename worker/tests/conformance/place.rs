//! Where a claim is tried out: an engine of its own, and what the claims have in common.

use crate::nats::Server;
use plimsoll_worker::{
    engine::{self, Address, Engine, Feed, Url},
    handlers::Sink,
    job::{Counts, DeadLetter, Delivery, Job, Settled, Settlement},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

/// No claim takes longer, or it fails.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs out in no test.
pub(crate) const LONG: Duration = Duration::from_secs(300);

/// Runs out in a test.
pub(crate) const SHORT: Duration = Duration::from_secs(1);

/// Long enough for anything that happens at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const PARTITIONS: u32 = 4;

/// An engine that one claim has for itself.
pub(crate) struct Place {
    address: Address,
    pub(crate) server: Mutex<Option<Server>>,
    _folder: TempDir,
}

impl Place {
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// A connection of its own.
    pub(crate) async fn connect(&self) -> Arc<dyn Engine> {
        engine::connect(&self.address).await.unwrap()
    }

    /// A connection to a queue that is ready to be used.
    pub(crate) async fn queue(&self) -> Arc<dyn Engine> {
        let engine = self.connect().await;
        engine.migrate(Some(PARTITIONS)).await.unwrap();
        engine.check().await.unwrap();
        engine
    }

    /// A connection to a feed that is ready to be used.
    pub(crate) async fn new_feed(&self) -> Arc<dyn Feed> {
        self.queue().await.feed().unwrap()
    }

    /// A connection to a feed that is there.
    pub(crate) async fn feed(&self) -> Arc<dyn Feed> {
        self.connect().await.feed().unwrap()
    }

    /// A sink of its own connection.
    pub(crate) fn sink(&self) -> Sink {
        Sink::of(&self.address)
    }
}

pub(crate) fn on_sqlite<F: Future<Output = ()>>(claim: impl FnOnce(Arc<Place>) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = Url::Sqlite(folder.path().join("queue.db"));
    run(Place { address: Address { url, name: "jobs".to_owned() }, server: Mutex::default(), _folder: folder }, claim);
}

/// Skipped if there is no such server.
pub(crate) fn on_nats<F: Future<Output = ()>>(program: Option<PathBuf>, claim: impl FnOnce(Arc<Place>) -> F) {
    let Some(program) = program else { return };
    let server = Server::start(&program);
    let address = Address { url: server.url().parse().unwrap(), name: "jobs".to_owned() };
    run(Place { address, server: Mutex::new(Some(server)), _folder: tempfile::tempdir().unwrap() }, claim);
}

fn run<F: Future<Output = ()>>(place: Place, claim: impl FnOnce(Arc<Place>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(LIMIT, claim(Arc::new(place))).await }).expect("it takes too long");
}

pub(crate) fn job(id: &str) -> Job {
    let trace = BTreeMap::from([(
        "traceparent".to_owned(),
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
    )]);
    Job { id: id.to_owned(), handler: "checksum".to_owned(), payload: json!({ "text": id }), trace }
}

pub(crate) fn jobs(count: usize) -> Vec<Job> {
    (0..count).map(|number| job(&format!("job-{number}"))).collect()
}

pub(crate) fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    let mut ids: Vec<_> = deliveries.iter().map(|delivery| delivery.job.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

/// Claims one job, for long.
pub(crate) async fn one(engine: &Arc<dyn Engine>) -> Delivery {
    one_for(engine, LONG).await
}

/// Claims one job; waits for it.
pub(crate) async fn one_for(engine: &Arc<dyn Engine>, lease: Duration) -> Delivery {
    let mut claimed = engine.claim(1, lease, PATIENCE).await.unwrap();
    assert_eq!(claimed.len(), 1, "one job in time");
    claimed.remove(0)
}

/// That there is nothing to be had now.
pub(crate) async fn nothing(engine: &Arc<dyn Engine>) {
    assert_eq!(engine.claim(10, LONG, Duration::ZERO).await.unwrap(), []);
}

pub(crate) async fn settle(engine: &Arc<dyn Engine>, delivery: &Delivery, settlement: Settlement) -> Settled {
    engine.settle(&delivery.claim, &settlement).await.unwrap()
}

pub(crate) async fn counts(engine: &Arc<dyn Engine>) -> Counts {
    engine.counts().await.unwrap()
}

/// All dead letters, page by page.
pub(crate) async fn letters(engine: &Arc<dyn Engine>) -> Vec<DeadLetter> {
    let (mut all, mut from) = (vec![], None::<String>);
    loop {
        let page = engine.dead(from.as_deref()).await.unwrap();
        all.extend(page.letters.into_iter().map(|buried| buried.letter));
        from = page.next;
        if from.is_none() {
            return all;
        }
    }
}
