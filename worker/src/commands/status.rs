//! `status`: how many jobs are where, and what the sample handlers did.

use super::{connected, say};
use crate::{
    change::Progress,
    engine::{Address, Effects, Engine},
    exit::Exit,
    job::Counts,
};
use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct Status {
    /// For people, or for programs
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Of the feed
    #[arg(long)]
    feed: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Serialize)]
struct OfQueue {
    #[serde(flatten)]
    counts: Counts,
    effects: Effects,
}

#[derive(Serialize)]
struct OfFeed {
    partitions: Vec<Progress>,
    projected: u64,
}

impl Status {
    pub(crate) fn run(&self, address: &Address) -> Result<Exit> {
        let text = connected(address, |engine| async move {
            engine.check().await?;
            if self.feed { self.of_feed(&engine).await } else { self.of_queue(&engine).await }
        })?;
        say(text)?;
        Ok(Exit::Clean)
    }

    async fn of_queue(&self, engine: &Arc<dyn Engine>) -> Result<String> {
        let (counts, effects) = (engine.counts().await?, engine.effects().await?);
        if self.format == Format::Json {
            return Ok(serde_json::to_string(&OfQueue { counts, effects })?);
        }
        let Counts { ready, leased, delayed, done, dead } = counts;
        let Effects { total, distinct, .. } = effects;
        Ok(format!(
            "ready {ready}, leased {leased}, delayed {delayed}, done {done}, dead {dead}; effects {total}, of {distinct} jobs"
        ))
    }

    async fn of_feed(&self, engine: &Arc<dyn Engine>) -> Result<String> {
        let (partitions, projected) = (engine.progress().await?, engine.effects().await?.projected);
        if self.format == Format::Json {
            return Ok(serde_json::to_string(&OfFeed { partitions, projected })?);
        }
        let lines = partitions.iter().map(|Progress { partition, owner, checkpoint, lag }| {
            let owner = owner.as_deref().unwrap_or("nobody");
            format!("partition {partition}: {owner}, up to {checkpoint}, {lag} to do\n")
        });
        Ok(lines.collect::<String>() + &format!("{projected} changes projected"))
    }
}
