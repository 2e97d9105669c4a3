//! Where the sample handlers leave their effects, so that anybody can count them from outside.
//!
//! It stands beside the queue, in the same file or on the same server, and has a connection of its own. The engines know
//! nothing of it: a worker of your own has a database instead, and goes without this folder.

mod nats;
mod sqlite;

use crate::{
    change::Change,
    engine::{Address, Result, Url},
};
use async_trait::async_trait;
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// The sink of a queue, connected when it is first needed.
#[derive(Clone)]
pub struct Sink {
    address: Arc<Address>,
    store: Arc<OnceCell<Box<dyn Store>>>,
}

/// Effects of the sample handlers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effects {
    /// Of jobs.
    pub total: u64,
    /// Jobs that have one; less than `total` if any took effect twice.
    pub distinct: u64,
    /// Changes that were counted.
    #[serde(skip)]
    pub projected: u64,
}

/// What is written once stays written once, whoever writes it again.
#[async_trait]
trait Store: Send + Sync {
    async fn migrate(&self) -> Result<()>;
    async fn effect(&self, job: &str, value: &str) -> Result<bool>;
    async fn project(&self, change: &Change) -> Result<bool>;
    async fn effects(&self) -> Result<Effects>;
    async fn forget(&self, keep: Duration) -> Result<u64>;
}

impl Sink {
    /// Beside the queue of this address.
    pub fn of(address: &Address) -> Self {
        Sink { address: Arc::new(address.clone()), store: Arc::default() }
    }

    async fn store(&self) -> Result<&dyn Store> {
        let connect = || async {
            Ok::<Box<dyn Store>, _>(match &self.address.url {
                Url::Sqlite(file) => Box::new(sqlite::Sqlite::of(file)?),
                Url::Nats(servers) => Box::new(nats::Nats::connect(servers, &self.address.name).await?),
            })
        };
        self.store.get_or_try_init(connect).await.map(AsRef::as_ref)
    }

    /// Makes it, in a queue that is there. May be called again.
    ///
    /// # Errors
    /// As an engine's.
    pub async fn migrate(&self) -> Result<()> {
        self.store().await?.migrate().await
    }

    /// Leaves the effect of a job; false if it is there already.
    ///
    /// # Errors
    /// As an engine's.
    pub async fn effect(&self, job: &str, value: &str) -> Result<bool> {
        self.store().await?.effect(job, value).await
    }

    /// Counts a change under its key; false if it, or a later one of its partition, has been counted.
    ///
    /// # Errors
    /// As an engine's.
    pub async fn project(&self, change: &Change) -> Result<bool> {
        self.store().await?.project(change).await
    }

    /// How many effects there are.
    ///
    /// # Errors
    /// As an engine's.
    pub async fn effects(&self) -> Result<Effects> {
        self.store().await?.effects().await
    }

    /// Removes the effects that are older than `keep`; says how many there were.
    ///
    /// # Errors
    /// As an engine's.
    pub async fn forget(&self, keep: Duration) -> Result<u64> {
        self.store().await?.forget(keep).await
    }
}
