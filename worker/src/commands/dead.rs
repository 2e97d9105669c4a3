//! `dead`: looks after the dead letters. They are read in pages, so that it takes no more memory however many there are.

use super::{connected, say};
use crate::{
    engine::{Address, Engine, Error},
    exit::Exit,
    job::{Buried, Page},
    settings::age,
};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

#[derive(Subcommand)]
pub(crate) enum Dead {
    /// One line of JSON for each, the oldest first
    List(Filter),
    /// One of them, on several lines, for people
    Show {
        /// Which
        id: String,
    },
    /// Put them back into the queue, as if they had never been tried; prints their ids
    Requeue(Selection),
    /// Take them away for good; prints their ids, which are remembered like those of jobs that are done
    Discard(Selection),
}

/// Which of all.
#[derive(Args)]
pub(crate) struct Filter {
    /// Of this handler alone
    #[arg(long)]
    handler: Option<String>,
    /// Dead for at least so long, like 2h or 7days
    #[arg(long, value_parser = age, value_name = "DURATION")]
    older_than: Option<Duration>,
    /// Dead for less than so long
    #[arg(long, value_parser = age, value_name = "DURATION")]
    newer_than: Option<Duration>,
    /// So many at most, the oldest
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
}

#[derive(Args)]
pub(crate) struct Selection {
    /// Which
    #[arg(required_unless_present_any = ["all", "handler", "older_than", "newer_than"],
        conflicts_with_all = ["all", "handler", "older_than", "newer_than", "limit"])]
    ids: Vec<String>,
    /// All of them, or all that the filters leave
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: Filter,
}

/// What is done about each of them.
#[derive(Clone, Copy)]
enum Remedy {
    Requeue,
    Discard,
}

impl Dead {
    pub(crate) fn run(self, address: &Address) -> Result<Exit> {
        connected(address, |engine| async move {
            engine.check().await?;
            match self {
                Dead::List(filter) => {
                    filter.each(&engine, |letter| say(serde_json::to_string(&letter)?)).await?;
                    Ok(Exit::Clean)
                }
                Dead::Show { id } => match engine.dead_letter(&id).await? {
                    Some(letter) => {
                        say(serde_json::to_string_pretty(&letter)?)?;
                        Ok(Exit::Clean)
                    }
                    None => bail!("{}", none_of(&[id])),
                },
                Dead::Requeue(selection) => selection.apply(&engine, Remedy::Requeue).await,
                Dead::Discard(selection) => selection.apply(&engine, Remedy::Discard).await,
            }
        })
    }
}

impl Filter {
    /// Does something with each letter that fits, page by page.
    async fn each(&self, engine: &Arc<dyn Engine>, mut work: impl FnMut(Buried) -> Result<()>) -> Result<()> {
        let (now, mut left) = (SystemTime::now(), self.limit.unwrap_or(usize::MAX));
        let mut from: Option<String> = None;
        loop {
            let Page { letters, next } = engine.dead(from.as_deref()).await?;
            for letter in letters.into_iter().filter(|letter| self.fits(letter, now)) {
                if left == 0 {
                    return Ok(());
                }
                left -= 1;
                work(letter)?;
            }
            from = match next {
                Some(next) if left > 0 => Some(next),
                _ => return Ok(()),
            };
        }
    }

    fn fits(&self, Buried { letter, since }: &Buried, now: SystemTime) -> bool {
        // The clock of the engine may be ahead of ours.
        let age = now.duration_since(*since).unwrap_or_default();
        self.handler.as_ref().is_none_or(|handler| *handler == letter.job.handler)
            && self.older_than.is_none_or(|least| age >= least)
            && self.newer_than.is_none_or(|most| age < most)
    }
}

impl Selection {
    /// All ids first: what is requeued may be dead again before the last page is read.
    async fn apply(self, engine: &Arc<dyn Engine>, remedy: Remedy) -> Result<Exit> {
        let mut ids = self.ids;
        let named = !ids.is_empty();
        if !named {
            let collect = |letter: Buried| {
                ids.push(letter.letter.job.id);
                Ok(())
            };
            self.filter.each(engine, collect).await?;
        }
        let (mut gone, mut refused) = (Vec::new(), 0);
        for id in ids {
            match remedy.apply(engine, &id).await {
                Ok(true) => say(id)?,
                Ok(false) => gone.push(id),
                // This one cannot be helped, but the others can.
                Err(Error::Refused(why)) => {
                    eprintln!("error: {why}");
                    refused += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        // Of those that were found a moment ago, another may have taken care meanwhile.
        if named && !gone.is_empty() {
            bail!("{}", none_of(&gone));
        }
        Ok(if refused > 0 { Exit::Configuration } else { Exit::Clean })
    }
}

impl Remedy {
    async fn apply(self, engine: &Arc<dyn Engine>, id: &str) -> crate::engine::Result<bool> {
        match self {
            Remedy::Requeue => engine.requeue(id).await,
            Remedy::Discard => engine.discard(id).await,
        }
    }
}

fn none_of(ids: &[String]) -> String {
    format!("no dead letter {}; `dead list` shows which there are", ids.join(", "))
}
