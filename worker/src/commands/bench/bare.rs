//! The least that takes jobs and writes down that they are done: no leases, no retries, no telemetry, no handlers.

use crate::engine::{Address, CALL, Url};
use anyhow::{Context, Result, anyhow};
use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, PullConsumer, pull},
    stream::{Config, RetentionPolicy},
};
use futures_util::StreamExt;
use rusqlite::Connection;
use std::{fs, path::Path, time::Instant};

/// Jobs per second of the bare loop.
pub(super) fn jobs_per_second(place: &Address, jobs: u32, at_a_time: usize) -> Result<f64> {
    let seconds = match &place.url {
        Url::Sqlite(file) => sqlite(file, jobs, at_a_time)?,
        Url::Nats(url) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(nats(url, &place.name, jobs, at_a_time))?
        }
    };
    Ok(f64::from(jobs) / seconds)
}

/// One transaction takes as many as go at a time, and one for each says that it is done, as safe as the worker's.
fn sqlite(file: &Path, jobs: u32, at_a_time: usize) -> Result<f64> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(CALL)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE jobs (id INTEGER PRIMARY KEY, job TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'ready');
         CREATE INDEX ready ON jobs (id) WHERE state = 'ready'; BEGIN",
    )?;
    let mut insert = connection.prepare("INSERT INTO jobs (job) VALUES ('{\"handler\":\"noop\",\"payload\":{}}')")?;
    (0..jobs).try_for_each(|_| insert.execute([]).map(drop))?;
    connection.execute_batch("COMMIT")?;
    let mut take = connection.prepare(
        "UPDATE jobs SET state = 'leased' WHERE id IN (SELECT id FROM jobs WHERE state = 'ready' LIMIT ?) RETURNING id, job",
    )?;
    let mut done = connection.prepare("UPDATE jobs SET state = 'done' WHERE id = ?")?;
    let began = Instant::now();
    loop {
        let taken =
            take.query_map([i64::try_from(at_a_time)?], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let taken: Vec<_> = taken.collect::<rusqlite::Result<_>>()?;
        if taken.is_empty() {
            return Ok(began.elapsed().as_secs_f64());
        }
        taken.iter().try_for_each(|(id, _)| done.execute([id]).map(drop))?;
    }
}

/// A batch is fetched, and each job's acknowledgement awaited, as many at a time.
async fn nats(url: &str, name: &str, jobs: u32, at_a_time: usize) -> Result<f64> {
    let context = context(url).await?;
    let config = Config {
        name: format!("{name}-bare"),
        subjects: vec![format!("{name}.bare")],
        retention: RetentionPolicy::WorkQueue,
        ..Config::default()
    };
    let stream = context.create_stream(config).await?;
    for _ in 0..jobs.div_ceil(1000) {
        let mut acks = Vec::new();
        for _ in 0..1000.min(jobs) {
            acks.push(context.publish(format!("{name}.bare"), "{\"handler\":\"noop\",\"payload\":{}}".into()).await?);
        }
        for ack in acks {
            ack.await?;
        }
    }
    let config = pull::Config {
        durable_name: Some("workers".to_owned()),
        ack_policy: AckPolicy::Explicit,
        max_ack_pending: -1,
        ..pull::Config::default()
    };
    let consumer: PullConsumer = stream.create_consumer(config).await?;
    let began = Instant::now();
    let mut left = i64::from(jobs.div_ceil(1000) * 1000.min(jobs));
    while left > 0 {
        let batch = consumer.fetch().max_messages(at_a_time).messages().await?;
        let done = batch.map(|message| async {
            message.map_err(|error| anyhow!(error))?.double_ack().await.map_err(|error| anyhow!(error))
        });
        let done: Vec<Result<()>> = done.buffer_unordered(at_a_time).collect().await;
        left -= i64::try_from(done.len())?;
        done.into_iter().collect::<Result<()>>()?;
    }
    Ok(began.elapsed().as_secs_f64())
}

async fn context(url: &str) -> Result<jetstream::Context> {
    Ok(jetstream::new(async_nats::connect(url).await.with_context(|| url.to_owned())?))
}

/// Removes a file and what SQLite keeps beside it.
pub(super) fn clear_sqlite(file: &Path) -> Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Removes the streams of a queue.
pub(super) fn clear_nats(url: &str, name: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let context = context(url).await?;
        let names: Vec<_> = context.stream_names().filter_map(|name| async { name.ok() }).collect().await;
        for stream in names.iter().filter(|stream| stream.contains(name)) {
            context.delete_stream(stream).await?;
        }
        Ok(())
    })
}
