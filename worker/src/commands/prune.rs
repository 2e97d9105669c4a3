//! `prune`: forgets what ended long ago, now; `run` does so every hour.

use super::{connected, say};
use crate::{
    engine::{Address, Pruned},
    exit::Exit,
    handlers::Sink,
    settings::age,
    upkeep::prune,
};
use anyhow::Result;
use clap::Args;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Prune {
    /// What ended longer ago than this is removed: done jobs, whose ids are then not remembered any more, changes that were
    /// worked off, and effects of the sample handlers. Dead letters are not: `dead discard`
    #[arg(long, env = "WORKER_KEEP", default_value = "7days", value_parser = age)]
    keep: Duration,
}

impl Prune {
    pub(crate) fn run(&self, address: &Address, sink: Option<&Sink>) -> Result<Exit> {
        let pruned = connected(address, |engine| async move {
            engine.check().await?;
            Ok(prune(&engine, sink, self.keep).await?)
        })?;
        let (Pruned { jobs, changes, .. }, effects) = pruned;
        let effects = effects.map(|effects| format!(", {effects} effects")).unwrap_or_default();
        say(format_args!("removed {jobs} jobs, {changes} changes{effects}"))?;
        Ok(Exit::Clean)
    }
}
