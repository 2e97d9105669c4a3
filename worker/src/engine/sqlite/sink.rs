//! The sink of the sample handlers: what is written once stays written once.

use super::{Sqlite, millis, now, prune::SOME};
use crate::{
    change::Change,
    engine::{Effects, Pruned, Result, Sink},
};
use async_trait::async_trait;
use rusqlite::params;
use std::time::Duration;

const EFFECTS: &str = "SELECT (SELECT count(*) FROM effects), (SELECT count(DISTINCT job) FROM effects),
    (SELECT coalesce(sum(projected), 0) FROM partitions)";

#[async_trait]
impl Sink for Sqlite {
    async fn effect(&self, job: &str, value: &str) -> Result<bool> {
        let (job, value) = (job.to_owned(), value.to_owned());
        self.database
            .transact(move |connection| {
                let write = "INSERT OR IGNORE INTO effects (job, value, written) VALUES (?, ?, ?)";
                Ok(connection.execute(write, params![job, value, now()])? == 1)
            })
            .await
    }

    async fn project(&self, change: &Change) -> Result<bool> {
        let (partition, offset) = (change.partition, change.offset);
        self.database
            .transact(move |connection| {
                let count = "UPDATE partitions SET projected = projected + 1, projected_offset = ?2
                WHERE partition = ?1 AND projected_offset < ?2";
                Ok(connection.execute(count, params![partition, offset])? == 1)
            })
            .await
    }

    async fn effects(&self) -> Result<Effects> {
        self.database
            .query(|connection| {
                connection.query_row(EFFECTS, [], |row| {
                    Ok(Effects { total: row.get(0)?, distinct: row.get(1)?, projected: row.get(2)? })
                })
            })
            .await
    }

    async fn forget_effects(&self, keep: Duration) -> Result<Pruned> {
        self.database
            .transact(move |connection| {
                let forget = "DELETE FROM effects
                WHERE job IN (SELECT job FROM effects WHERE written <= ? ORDER BY written LIMIT ?)";
                let effects = connection.execute(forget, params![now().saturating_sub(millis(keep)), SOME])?;
                Ok(Pruned { effects: effects as u64, next: (effects >= SOME).then(String::new), ..Pruned::default() })
            })
            .await
    }
}
