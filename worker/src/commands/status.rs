//! `status`: how many jobs are where, and what the sample handlers did.

use super::{connected, say};
use crate::{
    change::Progress,
    engine::{Address, Engine, Error},
    exit::Exit,
    handlers::{Effects, Sink},
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
    #[serde(skip_serializing_if = "Option::is_none")]
    effects: Option<Effects>,
}

#[derive(Serialize)]
struct OfFeed {
    partitions: Vec<Progress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    projected: Option<u64>,
}

impl Status {
    pub(crate) fn run(&self, address: &Address, sink: Option<&Sink>) -> Result<Exit> {
        let text = connected(address, |engine| async move {
            engine.check().await?;
            let effects = match sink {
                Some(sink) => Some(sink.effects().await?),
                None => None,
            };
            if self.feed { self.of_feed(engine, effects).await } else { self.of_queue(&engine, effects).await }
        })?;
        say(text)?;
        Ok(Exit::Clean)
    }

    async fn of_queue(&self, engine: &Arc<dyn Engine>, effects: Option<Effects>) -> Result<String> {
        let counts = engine.counts().await?;
        if self.format == Format::Json {
            return Ok(serde_json::to_string(&OfQueue { counts, effects })?);
        }
        let Counts { ready, leased, delayed, done, dead, cancelled } = counts;
        let cancelled = if cancelled > 0 { format!(", cancelled {cancelled}") } else { String::new() };
        let effects = effects
            .map(|Effects { total, distinct, .. }| format!("; effects {total}, of {distinct} jobs"))
            .unwrap_or_default();
        Ok(format!("ready {ready}, leased {leased}, delayed {delayed}, done {done}, dead {dead}{cancelled}{effects}"))
    }

    async fn of_feed(&self, engine: Arc<dyn Engine>, effects: Option<Effects>) -> Result<String> {
        let feed = engine.feed().ok_or_else(|| Error::Refused("this engine has no feed".to_owned()))?;
        let (partitions, projected) = (feed.progress().await?, effects.map(|effects| effects.projected));
        if self.format == Format::Json {
            return Ok(serde_json::to_string(&OfFeed { partitions, projected })?);
        }
        let lines = partitions.iter().map(|Progress { partition, owner, checkpoint, lag }| {
            let owner = owner.as_deref().unwrap_or("nobody");
            format!("partition {partition}: {owner}, up to {checkpoint}, {lag} to do\n")
        });
        let projected = projected.map(|projected| format!("{projected} changes projected")).unwrap_or_default();
        Ok((lines.collect::<String>() + &projected).trim_end().to_owned())
    }
}
