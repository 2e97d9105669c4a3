//! Jobs that nobody wants any more.

use super::now;
use crate::job::Cancellation;
use rusqlite::{Connection, OptionalExtension, params};

/// A lease that ran out is nobody's.
const TAKE_OUT: &str = "UPDATE jobs SET state = 'cancelled', due = ?2
    WHERE id = ?1 AND (state IN ('ready', 'delayed') OR (state = 'leased' AND due <= ?2)) RETURNING position";

/// Whoever works on it sees it when the lease is renewed.
const ASK: &str = "UPDATE jobs SET unwanted = 1 WHERE id = ? AND state = 'leased'";

pub(super) fn cancel(connection: &Connection, id: &str) -> rusqlite::Result<Cancellation> {
    let taken_out: Option<i64> = connection.query_row(TAKE_OUT, params![id, now()], |row| row.get(0)).optional()?;
    if let Some(position) = taken_out {
        connection.execute("DELETE FROM payloads WHERE position = ?", [position])?;
        return Ok(Cancellation::TakenOut);
    }
    let asked = connection.execute(ASK, [id])? == 1;
    Ok(if asked { Cancellation::Asked } else { Cancellation::Missing })
}
