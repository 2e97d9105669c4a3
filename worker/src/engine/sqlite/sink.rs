//! The sink of the sample handlers: what is written once stays written once.

use super::Sqlite;
use crate::{
    change::Change,
    engine::{Effects, Result, Sink},
};
use async_trait::async_trait;
use rusqlite::params;

const EFFECTS: &str = "SELECT (SELECT count(*) FROM effects), (SELECT count(DISTINCT job) FROM effects),
    (SELECT coalesce(sum(projected), 0) FROM partitions)";

#[async_trait]
impl Sink for Sqlite {
    async fn effect(&self, job: &str, value: &str) -> Result<bool> {
        let (job, value) = (job.to_owned(), value.to_owned());
        self.database
            .transact(move |connection| {
                Ok(connection
                    .execute("INSERT OR IGNORE INTO effects (job, value) VALUES (?, ?)", params![job, value])?
                    == 1)
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
}
