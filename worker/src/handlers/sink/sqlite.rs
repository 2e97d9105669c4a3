//! The sink in the file of the queue, in tables of its own.

use super::{Effects, Store};
use crate::{
    change::Change,
    engine::{
        Result,
        sqlite::{Database, millis, now},
    },
};
use async_trait::async_trait;
use rusqlite::params;
use std::{path::Path, time::Duration};

/// That a job has one effect is the key's work.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS effects (job TEXT PRIMARY KEY, value TEXT NOT NULL, written INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS effects_by_age ON effects (written);
    CREATE TABLE IF NOT EXISTS projections (partition INTEGER PRIMARY KEY, counted INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;";

const PROJECT: &str = "INSERT INTO projections (partition, counted, last) VALUES (?1, 1, ?2)
    ON CONFLICT (partition) DO UPDATE SET counted = counted + 1, last = ?2 WHERE last < ?2";

const EFFECTS: &str = "SELECT (SELECT count(*) FROM effects), (SELECT count(DISTINCT job) FROM effects),
    (SELECT coalesce(sum(counted), 0) FROM projections)";

/// Nobody else can write while some are removed.
const FORGET: &str =
    "DELETE FROM effects WHERE job IN (SELECT job FROM effects WHERE written <= ? ORDER BY written LIMIT 1000)";

pub(super) struct Sqlite(Database);

impl Sqlite {
    pub(super) fn of(file: &Path) -> Result<Self> {
        Database::of(file).map(Sqlite)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn migrate(&self) -> Result<()> {
        self.0.transact(|connection| connection.execute_batch(SCHEMA)).await
    }

    async fn effect(&self, job: &str, value: &str) -> Result<bool> {
        let (job, value) = (job.to_owned(), value.to_owned());
        let write = "INSERT OR IGNORE INTO effects (job, value, written) VALUES (?, ?, ?)";
        self.0.transact(move |connection| Ok(connection.execute(write, params![job, value, now()])? == 1)).await
    }

    async fn project(&self, change: &Change) -> Result<bool> {
        let (partition, offset) = (change.partition, change.offset);
        self.0.transact(move |connection| Ok(connection.execute(PROJECT, params![partition, offset])? == 1)).await
    }

    async fn effects(&self) -> Result<Effects> {
        self.0
            .query(|connection| {
                connection.query_row(EFFECTS, [], |row| {
                    Ok(Effects { total: row.get(0)?, distinct: row.get(1)?, projected: row.get(2)? })
                })
            })
            .await
    }

    async fn forget(&self, keep: Duration) -> Result<u64> {
        let before = now().saturating_sub(millis(keep));
        let mut forgotten = 0;
        loop {
            match self.0.transact(move |connection| connection.execute(FORGET, [before])).await? {
                0 => return Ok(forgotten),
                some => forgotten += some as u64,
            }
        }
    }
}
