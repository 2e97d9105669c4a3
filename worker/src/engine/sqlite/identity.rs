//! Whose file it is, and whether it is still the same.

use super::explain;
use crate::engine::{Error, Result};
use rusqlite::Connection;
use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// What the schema writes into the header of a queue.
const APPLICATION: u32 = 0x506c_696d;

/// So many tables of another program are named.
const NAMED: u32 = 3;

/// Which file of the machine it is that has a name; none if the name has none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(Option<(u64, u64)>);

impl FileId {
    pub(super) fn of(file: &Path) -> Self {
        FileId(fs::metadata(file).ok().map(|found| (found.dev(), found.ino())))
    }
}

/// Refuses the database of another program. One without a table is nobody's yet.
pub(super) fn is_ours(file: &Path, connection: &Connection) -> Result<()> {
    let found = look(connection).map_err(|error| explain(file, &error))?;
    match found {
        (APPLICATION, _) => Ok(()),
        (_, tables) if tables.is_empty() => Ok(()),
        (application, tables) => Err(Error::Refused(format!(
            "{}: a database of another program (application_id {application}, with {}); give the queue a file of its own",
            file.display(),
            tables.join(", ")
        ))),
    }
}

/// The number of the program, and some tables.
fn look(connection: &Connection) -> rusqlite::Result<(u32, Vec<String>)> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name LIMIT ?")?;
    let tables = tables.query_map([NAMED], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok((application.cast_unsigned(), tables))
}
