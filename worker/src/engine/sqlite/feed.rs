//! The change feed on the tables `changes` and `partitions`.

use super::{
    POLL, Sqlite, now,
    queue::{json, parse},
};
use crate::{
    change::{Change, Lease, NewChange, Progress, Revision, Versioned},
    engine::{Error, Feed, Result},
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;
use tokio::time::Instant;

const READ: &str =
    "SELECT position, change FROM changes WHERE partition = ? AND position > ? ORDER BY position LIMIT ?";

const PROGRESS: &str = "SELECT partition, lease, checkpoint,
    (SELECT count(*) FROM changes c WHERE c.partition = p.partition AND position > checkpoint) FROM partitions p ORDER BY partition";

#[async_trait]
impl Feed for Sqlite {
    async fn publish(&self, changes: &[NewChange]) -> Result<()> {
        let changes = changes.to_vec();
        let published = self
            .database
            .transact(move |connection| {
                let partitions: u32 = connection.query_row("SELECT count(*) FROM partitions", [], |row| row.get(0))?;
                if partitions > 0 {
                    append(connection, &changes, partitions)?;
                }
                Ok(partitions > 0)
            })
            .await?;
        published.then_some(()).ok_or_else(|| Error::NotMigrated("the feed has no partitions".to_owned()))
    }

    async fn read(&self, partition: u32, after: u64, max: usize, wait: Duration) -> Result<Vec<Change>> {
        let until = Instant::now() + wait;
        loop {
            let found = self.database.query(move |connection| read(connection, partition, after, max)).await?;
            if !found.is_empty() || Instant::now() + POLL > until {
                return Ok(found);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn leases(&self) -> Result<Vec<Versioned<Lease>>> {
        self.database
            .query(|connection| {
                let mut leases =
                    connection.prepare_cached("SELECT lease, lease_revision FROM partitions ORDER BY partition")?;
                leases.query_map([], |row| Ok(Versioned { value: parse(row, 0)?, revision: row.get(1)? }))?.collect()
            })
            .await
    }

    async fn write_lease(&self, partition: u32, lease: &Lease, seen: Revision) -> Result<Option<Revision>> {
        let lease = json(lease);
        self.database
            .transact(move |connection| {
                let write = "UPDATE partitions SET lease = ?3, lease_revision = lease_revision + 1
                WHERE partition = ?1 AND lease_revision = ?2 RETURNING lease_revision";
                connection.query_row(write, params![partition, seen, lease], |row| row.get(0)).optional()
            })
            .await
    }

    async fn checkpoint(&self, partition: u32) -> Result<Versioned<u64>> {
        self.database
            .query(move |connection| {
                let checkpoint = "SELECT checkpoint, checkpoint_revision FROM partitions WHERE partition = ?";
                connection.query_row(checkpoint, [partition], |row| {
                    Ok(Versioned { value: row.get(0)?, revision: row.get(1)? })
                })
            })
            .await
    }

    async fn write_checkpoint(&self, partition: u32, offset: u64, seen: Revision) -> Result<Option<Revision>> {
        self.database
            .transact(move |connection| {
                let write = "UPDATE partitions SET checkpoint = ?3, checkpoint_revision = checkpoint_revision + 1
                WHERE partition = ?1 AND checkpoint_revision = ?2 RETURNING checkpoint_revision";
                connection.query_row(write, params![partition, seen, offset], |row| row.get(0)).optional()
            })
            .await
    }

    async fn progress(&self) -> Result<Vec<Progress>> {
        self.database
            .query(|connection| {
                let mut progress = connection.prepare_cached(PROGRESS)?;
                progress
                    .query_map([], |row| {
                        let Lease { owner, .. } = parse(row, 1)?;
                        Ok(Progress { partition: row.get(0)?, owner, checkpoint: row.get(2)?, lag: row.get(3)? })
                    })?
                    .collect()
            })
            .await
    }
}

fn append(connection: &Connection, changes: &[NewChange], partitions: u32) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO changes (partition, published, change) VALUES (?, ?, ?)")?;
    let now = now();
    changes
        .iter()
        .try_for_each(|change| insert.execute(params![change.partition(partitions), now, json(change)]).map(drop))
}

fn read(connection: &Connection, partition: u32, after: u64, max: usize) -> rusqlite::Result<Vec<Change>> {
    let mut read = connection.prepare_cached(READ)?;
    read.query_map(params![partition, after, i64::try_from(max).unwrap_or(i64::MAX)], |row| {
        let text: String = row.get(1)?;
        let change = serde_json::from_str(&text).unwrap_or_else(|_| NewChange::unreadable(text));
        Ok(Change { partition, offset: row.get(0)?, change })
    })?
    .collect()
}
