//! `migrate` makes the queue; `wait-migrations` waits until somebody has.

use super::{connected, say};
use crate::{
    engine::{self, Address, Error},
    exit::Exit,
    handlers::Sink,
    settings::duration,
};
use anyhow::Result;
use clap::Args;
use std::time::{Duration, Instant};

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Args)]
pub(crate) struct Migrate {
    /// Partitions of the feed: 8 for a new one, otherwise as many as it has. More are refused while there is something to do
    /// in those that it has, and fewer at all times
    #[arg(long, env = "WORKER_PARTITIONS", value_parser = clap::value_parser!(u32).range(1..=1024))]
    partitions: Option<u32>,
}

impl Migrate {
    pub(crate) fn run(&self, address: &Address, sink: Option<&Sink>) -> Result<Exit> {
        connected(address, |engine| async move {
            engine.migrate(self.partitions).await?;
            match sink {
                Some(sink) => Ok(sink.migrate().await?),
                None => Ok(()),
            }
        })?;
        say("the queue is ready")?;
        Ok(Exit::Clean)
    }
}

#[derive(Args)]
pub(crate) struct WaitMigrations {
    /// How long
    #[arg(long, env = "WORKER_MIGRATION_TIMEOUT", default_value = "10m", value_parser = duration)]
    timeout: Duration,
}

impl WaitMigrations {
    pub(crate) fn run(&self, address: &Address) -> Result<Exit> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let until = Instant::now() + self.timeout;
        runtime.block_on(async {
            loop {
                match look(address).await {
                    Ok(()) => return Ok(Exit::Clean),
                    Err(error @ Error::Refused(_)) => return Err(error.into()),
                    Err(error) if Instant::now() + LOOK >= until => return Err(error.into()),
                    Err(error) => eprintln!("waiting: {error}"),
                }
                tokio::time::sleep(LOOK).await;
            }
        })
    }
}

async fn look(address: &Address) -> engine::Result<()> {
    engine::connect(address).await?.check().await
}
