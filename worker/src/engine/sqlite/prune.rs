//! What is not needed any more: jobs that have ended, and changes that were worked off. In parts, since nobody else can
//! write while one is removed.

use super::now;
use crate::engine::Pruned;
use rusqlite::{Connection, params};

/// So many rows at once.
const SOME: usize = 1000;

const ENDED: &str = "DELETE FROM jobs WHERE position IN
    (SELECT position FROM jobs WHERE state IN ('done', 'discarded', 'cancelled') AND due <= ? ORDER BY due LIMIT ?) RETURNING position";

/// The oldest of a partition, so that it need not look at all that are too young.
const WORKED_OFF: &str = "DELETE FROM changes WHERE position IN (SELECT position FROM
    (SELECT position, published FROM changes WHERE partition = ?1 AND position <= ?2 ORDER BY position LIMIT ?4)
    WHERE published <= ?3)";

/// Removes some of what ended longer than `keep` milliseconds ago.
pub(super) fn prune(connection: &Connection, keep: i64) -> rusqlite::Result<Pruned> {
    let before = now().saturating_sub(keep);
    let mut ended = connection.prepare_cached(ENDED)?;
    let positions: Vec<i64> =
        ended.query_map(params![before, SOME], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut payload = connection.prepare_cached("DELETE FROM payloads WHERE position = ?")?;
    positions.iter().try_for_each(|position| payload.execute([position]).map(drop))?;
    let (mut changes, mut full) = (0, positions.len() >= SOME);
    let mut checkpoints = connection.prepare_cached("SELECT partition, checkpoint FROM partitions")?;
    let checkpoints = checkpoints.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (partition, checkpoint) in checkpoints.collect::<rusqlite::Result<Vec<(u32, i64)>>>()? {
        let removed = connection.prepare_cached(WORKED_OFF)?.execute(params![partition, checkpoint, before, SOME])?;
        changes += removed as u64;
        full |= removed >= SOME;
    }
    Ok(Pruned { jobs: positions.len() as u64, changes, next: full.then(String::new) })
}
