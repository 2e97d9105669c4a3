//! `dead list` and `dead requeue`.

use super::{connected, say};
use crate::{
    engine::{Address, Engine},
    exit::Exit,
    job::DeadLetter,
};
use anyhow::{Result, bail};
use clap::Subcommand;
use std::sync::Arc;

#[derive(Subcommand)]
pub(crate) enum Dead {
    /// One line of JSON for each, the oldest first
    List,
    /// Put them back into the queue, as if they had never been tried
    Requeue {
        /// Which
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

impl Dead {
    pub(crate) fn run(self, address: &Address) -> Result<Exit> {
        connected(address, |engine| async move {
            engine.check().await?;
            match self {
                Dead::List => list(&engine).await,
                Dead::Requeue { ids, all } => requeue(&engine, ids, all).await,
            }
        })
    }
}

async fn list(engine: &Arc<dyn Engine>) -> Result<Exit> {
    for letter in engine.dead().await? {
        say(serde_json::to_string(&letter)?)?;
    }
    Ok(Exit::Clean)
}

async fn requeue(engine: &Arc<dyn Engine>, ids: Vec<String>, all: bool) -> Result<Exit> {
    let ids = if all { engine.dead().await?.into_iter().map(|DeadLetter { job, .. }| job.id).collect() } else { ids };
    let mut unknown = Vec::new();
    for id in ids {
        if engine.requeue(&id).await? {
            say(id)?;
        } else {
            unknown.push(id);
        }
    }
    if !unknown.is_empty() {
        bail!("no dead letter {}; `dead list` shows which there are", unknown.join(", "));
    }
    Ok(Exit::Clean)
}
