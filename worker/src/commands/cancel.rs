//! `cancel`: takes jobs out of the queue that nobody wants any more.

use super::{connected, say};
use crate::{engine::Address, exit::Exit, job::Cancellation};
use anyhow::{Result, ensure};
use clap::Args;

#[derive(Args)]
pub(crate) struct Cancel {
    /// Which
    #[arg(required = true)]
    ids: Vec<String>,
}

impl Cancel {
    pub(crate) fn run(&self, address: &Address) -> Result<Exit> {
        connected(address, |engine| async move {
            engine.check().await?;
            let mut missing = Vec::new();
            for id in &self.ids {
                match engine.cancel(id).await? {
                    Cancellation::TakenOut => say(format_args!("{id}: taken out of the queue"))?,
                    Cancellation::Asked => say(format_args!("{id}: being worked on; its handler is told to end"))?,
                    Cancellation::Missing => missing.push(id.as_str()),
                }
            }
            let missing = missing.join(", ");
            ensure!(missing.is_empty(), "no job {missing} waits or runs; `dead discard` is for dead letters");
            Ok(Exit::Clean)
        })
    }
}
