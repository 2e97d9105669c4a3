//! The embedded engine: one file, for several processes of one host.
//!
//! Every call is one transaction on a thread that may block. What was committed survives `kill -9` of any process, and
//! (`synchronous = FULL`) of the machine.

mod feed;
mod queue;
mod sink;

use super::{CALL, Engine, Error, Result};
use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const SCHEMA: &str = include_str!("schema.sql");
const VERSION: u32 = 1;

/// How often a wait looks again. SQLite tells nobody of a change.
const POLL: Duration = Duration::from_millis(20);

/// A connection to a file; it opens it anew after a fault.
pub(super) struct Sqlite {
    file: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
}

impl Sqlite {
    /// Opens the file, or makes an empty one.
    pub(super) fn open(file: &Path) -> Result<Self> {
        let connection = open(file)?;
        Ok(Sqlite { file: file.to_owned(), connection: Arc::new(Mutex::new(Some(connection))) })
    }

    /// Runs one transaction that may write, all or nothing.
    async fn transact<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction) -> rusqlite::Result<T> + Send + 'static,
    {
        let (connection, file) = (self.connection.clone(), self.file.clone());
        let done = tokio::task::spawn_blocking(move || {
            let mut slot = connection.lock().unwrap_or_else(PoisonError::into_inner);
            // Out of its slot while it is used: one that fails is not used again.
            let mut connection = slot.take().map_or_else(|| open(&file), Ok)?;
            let answer = transaction(&mut connection, work).map_err(|error| explain(&file, &error));
            if !matches!(answer, Err(Error::Unreachable(_))) {
                *slot = Some(connection);
            }
            answer
        });
        done.await.unwrap_or_else(|error| Err(Error::Unreachable(error.to_string())))
    }
}

fn transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    // Immediate: a transaction that reads first and writes later could not be retried by the busy handler.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answer = work(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

fn open(file: &Path) -> Result<Connection> {
    let prepare = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(CALL)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    };
    prepare().map_err(|error| explain(file, &error))
}

fn explain(file: &Path, error: &rusqlite::Error) -> Error {
    let text = format!("{}: {error}", file.display());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::Refused(format!("{text}; is it a file of somebody else?")),
        _ if error.to_string().contains("no such table") => {
            Error::NotMigrated(format!("{}: no queue in it", file.display()))
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
    now().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}

fn version(transaction: &Transaction) -> rusqlite::Result<u32> {
    transaction.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[async_trait]
impl Engine for Sqlite {
    async fn migrate(&self, partitions: u32) -> Result<()> {
        let found = self
            .transact(move |transaction| {
                let found = version(transaction)?;
                if found == 0 {
                    transaction.execute_batch(SCHEMA)?;
                }
                if found <= VERSION {
                    for partition in 0..partitions {
                        transaction.execute("INSERT OR IGNORE INTO partitions (partition) VALUES (?)", [partition])?;
                    }
                }
                Ok(found)
            })
            .await?;
        self.fits(found.max(VERSION))
    }

    async fn check(&self) -> Result<()> {
        let found = self.transact(version).await?;
        self.fits(found)
    }

    fn system(&self) -> &'static str {
        "sqlite"
    }
}

impl Sqlite {
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
