//! Competing consumers on the table `jobs`.

use super::{POLL, Sqlite, after, millis, now};
use crate::{
    engine::{Queue, REMEMBERED, Result},
    job::{Claim, Counts, DeadLetter, Delivery, Job, Reason, Settled, Settlement},
};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params, types::Type};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::Instant;

/// One whose id is not remembered any more takes the place of the old one, with a token that goes on from there.
const ENQUEUE: &str = "INSERT INTO jobs (id, job, due) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET
        job = excluded.job, state = 'ready', due = excluded.due, attempts = 0, deliveries = 0, strikes = 0, error = NULL
    WHERE state = 'done' AND due <= ?4";

/// A lease that ran out is as good as a job that is ready, but whoever had it never settled it.
const CLAIM: &str = "UPDATE jobs SET state = 'leased', due = ?2, deliveries = deliveries + 1, token = token + 1,
        strikes = strikes + (state = 'leased')
    WHERE id IN (SELECT id FROM jobs WHERE state IN ('ready', 'leased') AND due <= ?1 ORDER BY due, rowid LIMIT ?3)
    RETURNING job, id, token, attempts, deliveries, strikes";

/// Changes nothing unless the delivery is the last one and still open: this is the fence.
const SETTLE: &str =
    "UPDATE jobs SET state = ?3, due = ?4, attempts = attempts + ?5, reason = ?6, error = coalesce(?7, error),
        strikes = strikes + ?8
    WHERE id = ?1 AND token = ?2 AND state = 'leased'";

const COUNT: &str = "SELECT
    count(*) FILTER (WHERE (state = 'ready' AND (due <= ?1 OR attempts = 0)) OR (state = 'leased' AND due <= ?1)),
    count(*) FILTER (WHERE state = 'leased' AND due > ?1),
    count(*) FILTER (WHERE state = 'ready' AND due > ?1 AND attempts > 0),
    count(*) FILTER (WHERE state = 'done'),
    count(*) FILTER (WHERE state = 'dead') FROM jobs";

#[async_trait]
impl Queue for Sqlite {
    async fn enqueue(&self, jobs: &[Job]) -> Result<Vec<bool>> {
        let rows: Vec<_> = jobs.iter().map(|job| (job.id.clone(), json(job))).collect();
        self.database
            .transact(move |connection| {
                let (now, forgotten) = (now(), now().saturating_sub(millis(REMEMBERED)));
                let mut enqueue = connection.prepare_cached(ENQUEUE)?;
                rows.iter().map(|(id, job)| Ok(enqueue.execute(params![id, job, now, forgotten])? == 1)).collect()
            })
            .await
    }

    async fn claim(&self, slots: usize, lease: Duration, wait: Duration) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        loop {
            let found = self.database.transact(move |connection| claim(connection, slots, lease)).await?;
            if !found.is_empty() || Instant::now() + POLL > until {
                return Ok(found);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn renew(&self, claims: &[Claim], lease: Duration) -> Result<Vec<bool>> {
        let claims = claims.to_vec();
        self.database
            .transact(move |connection| {
                let mut renew = connection
                    .prepare_cached("UPDATE jobs SET due = ?3 WHERE id = ?1 AND token = ?2 AND state = 'leased'")?;
                claims
                    .iter()
                    .map(|claim| Ok(renew.execute(params![claim.id, claim.token, after(lease)])? == 1))
                    .collect()
            })
            .await
    }

    async fn settle(&self, claim: &Claim, settlement: &Settlement) -> Result<Settled> {
        let (claim, settlement) = (claim.clone(), settlement.clone());
        self.database.transact(move |connection| settle(connection, &claim, &settlement)).await
    }

    async fn counts(&self) -> Result<Counts> {
        self.database
            .query(|connection| {
                connection.query_row(COUNT, [now()], |row| {
                    let [ready, leased, delayed, done, dead] =
                        [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
                    Ok(Counts { ready, leased, delayed, done, dead })
                })
            })
            .await
    }

    async fn backlog(&self) -> Result<u64> {
        let open = "SELECT count(*) FROM jobs WHERE state IN ('ready', 'leased')";
        self.database.query(move |connection| connection.query_row(open, [], |row| row.get(0))).await
    }

    async fn dead(&self) -> Result<Vec<DeadLetter>> {
        self.database
            .query(|connection| {
                let mut dead = connection.prepare(
                    "SELECT id, job, reason, error, attempts FROM jobs WHERE state = 'dead' ORDER BY due, id",
                )?;
                dead.query_map([], |row| {
                    let job = job(&row.get::<_, String>(0)?, row.get(1)?);
                    let error: String = row.get(3)?;
                    Ok(DeadLetter {
                        job,
                        reason: parse(row, 2)?,
                        error: error.into(),
                        attempts: row.get(4)?,
                        without_payload: false,
                    })
                })?
                .collect()
            })
            .await
    }

    async fn requeue(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.database.transact(move |connection| {
            let requeue = "UPDATE jobs SET state = 'ready', due = ?2, attempts = 0, deliveries = 0, strikes = 0 WHERE id = ?1 AND state = 'dead'";
            Ok(connection.execute(requeue, params![id, now()])? == 1)
        })
        .await
    }
}

fn claim(connection: &Connection, slots: usize, lease: Duration) -> rusqlite::Result<Vec<Delivery>> {
    let mut claim = connection.prepare_cached(CLAIM)?;
    claim
        .query_map(params![now(), after(lease), i64::try_from(slots).unwrap_or(i64::MAX)], |row| {
            let claim = Claim { id: row.get(1)?, token: row.get(2)?, reply: String::new() };
            let job = job(&claim.id, row.get(0)?);
            Ok(Delivery { job, claim, attempts: row.get(3)?, deliveries: row.get(4)?, strikes: row.get(5)? })
        })?
        .collect()
}

fn job(id: &str, text: String) -> Job {
    serde_json::from_str(&text).unwrap_or_else(|_| Job::unreadable(id, text))
}

fn settle(connection: &Connection, claim: &Claim, settlement: &Settlement) -> rusqlite::Result<Settled> {
    let (state, due, failed, reason, error) = match settlement {
        Settlement::Done => ("done", now(), 0, None, None),
        Settlement::Retry { after: pause, error } => ("ready", after(*pause), 1, None, Some(error.as_ref())),
        Settlement::Dead { reason, error } => {
            ("dead", now(), i64::from(*reason == Reason::Attempts), Some(json(reason)), Some(error.as_ref()))
        }
        // Before all that waits: it was its turn already.
        Settlement::Release | Settlement::Stuck => ("ready", 0, 0, None, None),
    };
    let strikes = i64::from(*settlement == Settlement::Stuck);
    let mut settle = connection.prepare_cached(SETTLE)?;
    let changed = settle.execute(params![claim.id, claim.token, state, due, failed, reason, error, strikes])?;
    Ok(if changed == 1 { Settled::Applied } else { Settled::Fenced })
}

pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("keys are strings, so it has a form in JSON")
}

pub(super) fn parse<T: DeserializeOwned>(row: &Row, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
