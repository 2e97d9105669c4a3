//! The embedded engine: one file, for several processes of one host.
//!
//! What was answered is on disk: it survives `kill -9` of any process, and (`synchronous = FULL`) of the machine.

mod cancel;
mod database;
mod dead;
mod feed;
mod identity;
mod prune;
mod queue;
mod turn;

pub(crate) use database::Database;

use super::{Engine, Error, Feed, Pruned, Result};
use async_trait::async_trait;

use rusqlite::{Connection, ErrorCode};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const SCHEMA: &str = include_str!("schema.sql");
const VERSION: u32 = 1;

const OPEN_CHANGES: &str =
    "SELECT count(*) FROM changes c JOIN partitions p ON p.partition = c.partition WHERE c.position > p.checkpoint";

/// How often a wait looks again. SQLite tells nobody of a change.
const POLL: Duration = Duration::from_millis(20);

/// A connection to a file.
pub(super) struct Sqlite {
    file: PathBuf,
    database: Database,
    looked: Looked,
    opened: (Instant, SystemTime),
}

/// When something was last looked at that need not be looked at with every call.
#[derive(Default)]
struct Looked(Mutex<Option<Instant>>);

impl Looked {
    /// Whether it is time again; then it counts as looked at.
    fn is_due(&self, every: Duration) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= every);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

impl Sqlite {
    /// A file; it need not be there.
    pub(super) fn of(file: &Path) -> Result<Self> {
        let opened = (Instant::now(), SystemTime::now());
        Ok(Sqlite { file: file.to_owned(), database: Database::of(file)?, looked: Looked::default(), opened })
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

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Times in the table are in milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// What came of a migration.
enum Migrated {
    Fits,
    /// It is of another version.
    Version(u32),
    Refused(String),
}

fn migrate(connection: &Connection, partitions: Option<u32>) -> rusqlite::Result<Migrated> {
    let found = version(connection)?;
    if found == 0 {
        connection.execute_batch(SCHEMA)?;
    } else if found != VERSION {
        return Ok(Migrated::Version(found));
    }
    let has: u32 = connection.query_row("SELECT count(*) FROM partitions", [], |row| row.get(0))?;
    let wanted = partitions.unwrap_or(if has == 0 { super::PARTITIONS } else { has });
    let open: u64 = connection.query_row(OPEN_CHANGES, [], |row| row.get(0))?;
    if wanted < has {
        return Ok(Migrated::Refused(super::few_partitions(has, wanted)));
    }
    // Whoever publishes does so in one transaction with its look at the partitions, as this is.
    if wanted > has && open > 0 {
        return Ok(Migrated::Refused(super::open_changes(open, has)));
    }
    for partition in has..wanted {
        connection.execute("INSERT INTO partitions (partition) VALUES (?)", [partition])?;
    }
    Ok(Migrated::Fits)
}

#[async_trait]
impl Engine for Sqlite {
    async fn migrate(&self, partitions: Option<u32>) -> Result<()> {
        self.create().await?;
        let migrated = self.database.transact(move |connection| migrate(connection, partitions)).await?;
        match migrated {
            Migrated::Fits => Ok(()),
            Migrated::Version(found) => self.fits(found),
            Migrated::Refused(why) => Err(Error::Refused(format!("{}: {why}", self.file.display()))),
        }
    }

    async fn check(&self) -> Result<()> {
        let found = self.database.query(version).await?;
        self.fits(found)
    }

    async fn prune(&self, keep: Duration, _: Option<&str>) -> Result<Pruned> {
        self.database.transact(move |connection| prune::prune(connection, millis(keep))).await
    }

    /// The host's own clock, as it went when the connection was made: all processes share it, and it may be set.
    async fn time(&self) -> Result<SystemTime> {
        let (opened, time) = self.opened;
        Ok(time + opened.elapsed())
    }

    fn feed(self: Arc<Self>) -> Option<Arc<dyn Feed>> {
        Some(self)
    }

    fn system(&self) -> &'static str {
        "sqlite"
    }
}

impl Sqlite {
    async fn create(&self) -> Result<()> {
        let file = self.file.clone();
        let created = tokio::task::spawn_blocking(move || database::create(&file)).await;
        created.map_err(|error| Error::Unreachable(error.to_string()))?
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
