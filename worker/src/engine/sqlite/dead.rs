//! Dead letters: rows of the table `jobs` that no claim finds.

use super::{
    now,
    queue::{job, parse},
};
use crate::{
    engine::{Error, Result},
    job::{Buried, DeadLetter, Page},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::{Duration, UNIX_EPOCH};

const LETTER: &str = "SELECT due, position, id, (SELECT job FROM payloads WHERE payloads.position = jobs.position),
    reason, error, attempts FROM jobs WHERE state = 'dead'";

const REQUEUE: &str =
    "UPDATE jobs SET state = 'ready', due = 0, attempts = 0, deliveries = 0, strikes = 0, unwanted = 0
    WHERE id = ?1 AND state = 'dead'";

const DISCARD: &str =
    "UPDATE jobs SET state = 'discarded', due = ?2 WHERE id = ?1 AND state = 'dead' RETURNING position";

/// Nothing that was written is later than the year 9999, whatever somebody has put into the file.
const LATEST: i64 = 253_402_300_799_999;

/// The last letter of a page: when it was buried, and its position among those of the same millisecond.
type Place = (i64, i64);

/// Out of what a page calls its next.
pub(super) fn place(from: Option<&str>) -> Result<Place> {
    let Some(text) = from else { return Ok((i64::MIN, 0)) };
    let parts = text.split_once(' ').and_then(|(due, position)| Some((due.parse().ok()?, position.parse().ok()?)));
    parts.ok_or_else(|| Error::Refused(format!("`{text}` is not a place among the dead letters")))
}

pub(super) fn page(connection: &Connection, from: Place) -> rusqlite::Result<Page> {
    let mut letters =
        connection.prepare_cached(&format!("{LETTER} AND (due, position) > (?1, ?2) ORDER BY due, position"))?;
    let mut rows = letters.query(params![from.0, from.1])?;
    let (mut page, mut bytes) = (Page::default(), 0);
    while let Some(row) = rows.next()? {
        let (letter, size) = letter(row)?;
        page.letters.push(letter);
        bytes += size;
        if bytes >= Page::BYTES {
            page.next = Some(format!("{} {}", row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            break;
        }
    }
    Ok(page)
}

pub(super) fn one(connection: &Connection, id: &str) -> rusqlite::Result<Option<Buried>> {
    let mut letter_of = connection.prepare_cached(&format!("{LETTER} AND id = ?"))?;
    letter_of.query_row([id], |row| Ok(letter(row)?.0)).optional()
}

/// The letter, and about how many bytes it has.
fn letter(row: &Row) -> rusqlite::Result<(Buried, usize)> {
    let (since, id): (i64, String) = (row.get(0)?, row.get(2)?);
    let (text, error): (Option<String>, String) = (row.get(3)?, row.get(5)?);
    let text = text.unwrap_or_default();
    let size = text.len() + error.len();
    let letter = DeadLetter {
        job: job(&id, text),
        reason: parse(row, 4)?,
        error: error.into(),
        attempts: row.get(6)?,
        without_payload: false,
    };
    let since = UNIX_EPOCH + Duration::from_millis(since.clamp(0, LATEST).unsigned_abs());
    Ok((Buried { letter, since }, size))
}

pub(super) fn requeue(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    Ok(connection.execute(REQUEUE, [id])? == 1)
}

pub(super) fn discard(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    let position: Option<i64> = connection.query_row(DISCARD, params![id, now()], |row| row.get(0)).optional()?;
    if let Some(position) = position {
        connection.execute("DELETE FROM payloads WHERE position = ?", [position])?;
    }
    Ok(position.is_some())
}
