//! Competing consumers on the table `jobs`.

use super::{POLL, Sqlite, cancel, dead, millis, now};
use crate::{
    engine::{Queue, Result, too_late},
    job::{Buried, Cancellation, Claim, Counts, Delivery, Job, Page, Reason, Renewed, Settled, Settlement},
    retry::LONGEST,
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::Instant;

/// The oldest jobs first: what was given back, retried or lost comes before what nobody had yet. A lease that ran out is as
/// good as a job that is ready, but whoever had it never settled it; unless nobody wants it any more.
const CLAIM: &str =
    "UPDATE jobs SET state = iif(unwanted, 'cancelled', 'leased'), due = ?1 + iif(unwanted, 0, ?2), span = ?2,
        deliveries = deliveries + 1, token = token + 1, strikes = strikes + (state = 'leased')
    WHERE position IN (SELECT position FROM (
        SELECT * FROM (SELECT position FROM jobs WHERE state IN ('delayed', 'leased') AND due <= ?1 ORDER BY due LIMIT ?3)
        UNION ALL
        SELECT * FROM (SELECT position FROM jobs WHERE state = 'ready' ORDER BY position LIMIT ?3)
    ) ORDER BY position LIMIT ?3)
    RETURNING (SELECT job FROM payloads WHERE payloads.position = jobs.position), id, token, attempts, deliveries, strikes,
        position, unwanted";

/// Changes nothing unless the delivery is the last one and still open: this is the fence. By position, because an id that is
/// not remembered any more may come again, with tokens that begin anew.
const SETTLE: &str = "UPDATE jobs
    SET state = iif(unwanted AND ?3 IN ('ready', 'delayed'), 'cancelled', ?3),
        due = iif(unwanted AND ?3 IN ('ready', 'delayed'), ?10, ?4), span = ?5, attempts = attempts + ?6, reason = ?7, error = coalesce(?8, error),
        strikes = strikes + ?9
    WHERE position = ?1 AND token = ?2 AND state = 'leased'";

const RENEW: &str = "UPDATE jobs SET due = ?3 + ?4, span = ?4 WHERE position = ?1 AND token = ?2 AND state = 'leased' RETURNING unwanted";

/// What seems to last longer than it was meant to when it was written: the clock was set back since. It lasts as long from now.
const SHORTEN: &str = "UPDATE jobs SET due = ?1 + span WHERE state IN ('delayed', 'leased') AND due > ?1 + span";

/// How often a process looks for it.
const LOOK: Duration = Duration::from_secs(1);

const COUNT: &str = "SELECT
    count(*) FILTER (WHERE state = 'ready' OR (state IN ('delayed', 'leased') AND due <= ?1)),
    count(*) FILTER (WHERE state = 'leased' AND due > ?1),
    count(*) FILTER (WHERE state = 'delayed' AND due > ?1),
    count(*) FILTER (WHERE state = 'done'),
    count(*) FILTER (WHERE state = 'dead'),
    count(*) FILTER (WHERE state = 'cancelled') FROM jobs";

const BACKLOG: &str = "SELECT (SELECT count(*) FROM jobs WHERE state = 'ready')
    + (SELECT count(*) FROM jobs WHERE state IN ('delayed', 'leased'))";

#[async_trait]
impl Queue for Sqlite {
    async fn enqueue_after(&self, jobs: &[Job], delay: Duration) -> Result<Vec<bool>> {
        if delay > LONGEST {
            return Err(too_late(delay));
        }
        let rows: Vec<_> = jobs.iter().map(|job| (job.id.clone(), json(job))).collect();
        self.database
            .transact(move |connection| rows.iter().map(|(id, job)| insert(connection, id, job, delay)).collect())
            .await
    }

    async fn cancel(&self, id: &str) -> Result<Cancellation> {
        let id = id.to_owned();
        self.database.transact(move |connection| cancel::cancel(connection, &id)).await
    }

    async fn claim(&self, slots: usize, lease: Duration, wait: Duration) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        loop {
            self.shorten().await?;
            let found = self.database.transact(move |connection| claim(connection, slots, lease)).await?;
            if !found.is_empty() || Instant::now() + POLL > until {
                return Ok(found);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn renew(&self, claims: &[Claim], lease: Duration) -> Result<Vec<Renewed>> {
        let claims = claims.to_vec();
        self.database
            .transact(move |connection| claims.iter().map(|claim| renew(connection, claim, lease)).collect())
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
                    let [ready, leased, delayed, done, dead, cancelled] =
                        [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
                    Ok(Counts { ready, leased, delayed, done, dead, cancelled })
                })
            })
            .await
    }

    async fn backlog(&self) -> Result<u64> {
        self.database.query(|connection| connection.query_row(BACKLOG, [], |row| row.get(0))).await
    }

    async fn dead(&self, from: Option<&str>) -> Result<Page> {
        let from = dead::place(from)?;
        self.database.query(move |connection| dead::page(connection, from)).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<Buried>> {
        let id = id.to_owned();
        self.database.query(move |connection| dead::one(connection, &id)).await
    }

    async fn requeue(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.database.transact(move |connection| dead::requeue(connection, &id)).await
    }

    async fn discard(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.database.transact(move |connection| dead::discard(connection, &id)).await
    }
}

impl Sqlite {
    /// Looks now and then whether the clock was set back.
    async fn shorten(&self) -> Result<()> {
        if !self.looked.is_due(LOOK) {
            return Ok(());
        }
        let waits = self.database.transact(|connection| connection.execute(SHORTEN, [now()])).await?;
        if waits > 0 {
            let file = self.file.display();
            tracing::warn!(%file, waits, "the clock was set back; leases and pauses last as long from now");
        }
        Ok(())
    }
}

const INSERT: &str = "INSERT OR IGNORE INTO jobs (id, state, due, span) VALUES (?, ?, ?, ?)";

/// Whether it is new.
fn insert(connection: &Connection, id: &str, job: &str, delay: Duration) -> rusqlite::Result<bool> {
    let delay = millis(delay);
    // Without a delay it needs no clock.
    let (state, due) = if delay == 0 { ("ready", 0) } else { ("delayed", now().saturating_add(delay)) };
    let new = connection.prepare_cached(INSERT)?.execute(params![id, state, due, delay])? == 1;
    if new {
        let mut payload = connection.prepare_cached("INSERT INTO payloads (position, job) VALUES (?, ?)")?;
        payload.execute(params![connection.last_insert_rowid(), job])?;
    }
    Ok(new)
}

fn claim(connection: &Connection, slots: usize, lease: Duration) -> rusqlite::Result<Vec<Delivery>> {
    let mut claim = connection.prepare_cached(CLAIM)?;
    let rows = claim.query_map(params![now(), millis(lease), i64::try_from(slots).unwrap_or(i64::MAX)], |row| {
        let claim = Claim { id: row.get(1)?, token: row.get(2)?, reply: row.get::<_, i64>(6)?.to_string() };
        let text: Option<String> = row.get(0)?;
        let delivery = Delivery {
            job: job(&claim.id, text.unwrap_or_default()),
            claim,
            attempts: row.get(3)?,
            deliveries: row.get(4)?,
            strikes: row.get(5)?,
        };
        let unwanted: bool = row.get(7)?;
        Ok((!unwanted).then_some(delivery))
    })?;
    rows.filter_map(rusqlite::Result::transpose).collect()
}

fn renew(connection: &Connection, claim: &Claim, lease: Duration) -> rusqlite::Result<Renewed> {
    let mut renew = connection.prepare_cached(RENEW)?;
    let unwanted = renew.query_row(params![position(claim), claim.token, now(), millis(lease)], |row| row.get(0));
    Ok(match unwanted.optional()? {
        Some(false) => Renewed::Held,
        Some(true) => Renewed::Cancelled,
        None => Renewed::Lost,
    })
}

/// Where the row of a claim is; no row has 0.
fn position(claim: &Claim) -> i64 {
    claim.reply.parse().unwrap_or_default()
}

pub(super) fn job(id: &str, text: String) -> Job {
    serde_json::from_str(&text).unwrap_or_else(|_| Job::unreadable(id, text))
}

fn settle(connection: &Connection, claim: &Claim, settlement: &Settlement) -> rusqlite::Result<Settled> {
    let now = now();
    let (state, due, span, failed, reason, error) = match settlement {
        Settlement::Done => ("done", now, 0, 0, None, None),
        Settlement::Cancelled => ("cancelled", now, 0, 0, None, None),
        Settlement::Release | Settlement::Stuck => ("ready", 0, 0, 0, None, None),
        // Without a pause it needs no clock.
        Settlement::Retry { after, error } if after.is_zero() => ("ready", 0, 0, 1, None, Some(error.as_ref())),
        Settlement::Retry { after, error } => {
            let pause = millis(*after);
            ("delayed", now.saturating_add(pause), pause, 1, None, Some(error.as_ref()))
        }
        Settlement::Dead { reason, error } => {
            ("dead", now, 0, i64::from(*reason == Reason::Attempts), Some(json(reason)), Some(error.as_ref()))
        }
    };
    let strikes = i64::from(*settlement == Settlement::Stuck);
    let mut settle = connection.prepare_cached(SETTLE)?;
    let changed =
        settle.execute(params![position(claim), claim.token, state, due, span, failed, reason, error, strikes, now])?;
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
