//! The least that takes jobs and writes down that they are done: no leases, no retries, no telemetry, no handlers.
//!
//! On JetStream there are two such loops. An acknowledgement is the least that there is, but it does not fence (see the
//! engine): the other loop writes the record that does, as the worker must.

use crate::engine::{Address, CALL, Servers, Url, nats::client};
use anyhow::{Result, anyhow};
use async_nats::jetstream::{
    self, Message,
    consumer::{AckPolicy, PullConsumer, pull},
    message::PublishMessage,
    stream::{Config, RetentionPolicy},
};
use futures_util::StreamExt;
use rusqlite::Connection;
use std::{fs, path::Path, time::Instant};

/// How a bare loop says that a job is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// Whoever does not hold the job any more is refused, as the worker is.
    Fenced,
    /// Whoever says so is believed.
    Acknowledged,
}

/// Jobs per second of the bare loop.
pub(super) fn jobs_per_second(place: &Address, jobs: u32, at_a_time: usize, done: Done) -> Result<f64> {
    let seconds = match &place.url {
        Url::Sqlite(file) => sqlite(file, jobs, at_a_time)?,
        Url::Nats(servers) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(nats(servers, &place.name, jobs, at_a_time, done))?
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

/// A batch is fetched, and the answer to what says that a job is done awaited, as many at a time.
async fn nats(servers: &Servers, name: &str, jobs: u32, at_a_time: usize, done: Done) -> Result<f64> {
    let context = context(servers).await?;
    let consumer = fill_nats(&context, name, jobs).await?;
    let began = Instant::now();
    let mut left = jobs as usize;
    while left > 0 {
        let batch = consumer.fetch().max_messages(at_a_time).messages().await?;
        let ended =
            batch.map(|message| async { finish(&context, message.map_err(|error| anyhow!(error))?, done).await });
        let ended: Vec<Result<()>> = ended.buffer_unordered(at_a_time).collect().await;
        left = left.saturating_sub(ended.len());
        ended.into_iter().collect::<Result<()>>()?;
    }
    Ok(began.elapsed().as_secs_f64())
}

async fn fill_nats(context: &jetstream::Context, name: &str, jobs: u32) -> Result<PullConsumer> {
    let config = |part: &str| Config {
        name: format!("{name}-{part}"),
        subjects: vec![format!("{name}.{part}.*")],
        ..Config::default()
    };
    context.create_stream(Config { max_messages_per_subject: 1, ..config("bare-records") }).await?;
    let work = Config { retention: RetentionPolicy::WorkQueue, ..config("bare") };
    let stream = context.create_stream(work).await?;
    for first in (0..jobs).step_by(1000) {
        let mut acks = Vec::new();
        for job in first..jobs.min(first + 1000) {
            let job = format!("{name}.bare.{job}");
            acks.push(context.publish(job, "{\"handler\":\"noop\",\"payload\":{}}".into()).await?);
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
    Ok(stream.create_consumer(config).await?)
}

async fn finish(context: &jetstream::Context, message: Message, done: Done) -> Result<()> {
    match done {
        Done::Acknowledged => message.double_ack().await,
        Done::Fenced => {
            let subject = message.subject.replacen(".bare.", ".bare-records.", 1);
            let record =
                PublishMessage::build().payload("{\"state\":\"done\"}".into()).expected_last_subject_sequence(0);
            context.send_publish(subject, record).await?.await?;
            message.ack().await
        }
    }
    .map_err(|error| anyhow!(error))
}

async fn context(servers: &Servers) -> Result<jetstream::Context> {
    Ok(jetstream::new(client(servers).await?))
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
pub(super) fn clear_nats(servers: &Servers, name: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let context = context(servers).await?;
        let names: Vec<_> = context.stream_names().filter_map(|name| async { name.ok() }).collect().await;
        for stream in names.iter().filter(|stream| stream.contains(name)) {
            context.delete_stream(stream).await?;
        }
        Ok(())
    })
}
