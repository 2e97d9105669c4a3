//! The embedded engine: one file, for several processes of one host.
//!
//! What was answered is on disk: it survives `kill -9` of any process, and (`synchronous = FULL`) of the machine.

mod database;
mod feed;
mod queue;
mod sink;

use super::{Engine, Error, Result};
use async_trait::async_trait;
use database::Database;
use rusqlite::{Connection, ErrorCode};
use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const SCHEMA: &str = include_str!("schema.sql");
const VERSION: u32 = 1;

/// How often a wait looks again. SQLite tells nobody of a change.
const POLL: Duration = Duration::from_millis(20);

/// A connection to a file.
pub(super) struct Sqlite {
    file: PathBuf,
    database: Database,
}

impl Sqlite {
    /// A file; it need not be there.
    pub(super) fn of(file: &Path) -> Result<Self> {
        Ok(Sqlite { file: file.to_owned(), database: Database::of(file)? })
    }
}

fn explain(file: &Path, error: &rusqlite::Error) -> Error {
    let text = format!("{}: {error}", file.display());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::Refused(format!("{text}; is it a file of somebody else?")),
        _ if error.to_string().contains("no such table") => {
            Error::NotMigrated(format!("{}: no queue in it", file.display()))
        }
        Some(ErrorCode::CannotOpen) if !file.exists() => {
            Error::NotMigrated(format!("{}: no such file", file.display()))
        }
        _ => Error::Unreachable(text),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Times in the table are in milliseconds.
fn after(pause: Duration) -> i64 {
    now().saturating_add(millis(pause))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[async_trait]
impl Engine for Sqlite {
    async fn migrate(&self, partitions: u32) -> Result<()> {
        self.create().await?;
        let found = self
            .database
            .transact(move |connection| {
                let found = version(connection)?;
                if found == 0 {
                    connection.execute_batch(SCHEMA)?;
                }
                if found <= VERSION {
                    for partition in 0..partitions {
                        connection.execute("INSERT OR IGNORE INTO partitions (partition) VALUES (?)", [partition])?;
                    }
                }
                Ok(found)
            })
            .await?;
        self.fits(found.max(VERSION))
    }

    async fn check(&self) -> Result<()> {
        let found = self.database.query(version).await?;
        self.fits(found)
    }

    fn system(&self) -> &'static str {
        "sqlite"
    }
}

impl Sqlite {
    async fn create(&self) -> Result<()> {
        let file = self.file.clone();
        let created = tokio::task::spawn_blocking(move || database::create(&file)).await;
        let created = created.map_err(|error| Error::Unreachable(error.to_string()))?;
        created.map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen) => {
                Error::Unreachable(format!("{error}; is its folder there, and may it be written?"))
            }
            _ => explain(&self.file, &error),
        })
    }

    fn fits(&self, found: u32) -> Result<()> {
        let file = self.file.display();
        match found {
            VERSION => Ok(()),
            0 => Err(Error::NotMigrated(format!("{file}: no queue in it"))),
            newer => Err(Error::Refused(format!(
                "{file}: its schema is version {newer}, and this program knows up to {VERSION}; use a newer program"
            ))),
        }
    }
}
