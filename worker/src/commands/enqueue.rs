//! `enqueue`: jobs into the queue, changes into the feed.

use super::{connected, say};
use crate::{
    change::NewChange,
    engine::{Address, Engine, Error},
    exit::Exit,
    job::{self, Job, TraceContext},
    settings::{duration, moment, name},
    telemetry::{Telemetry, error_type},
};
use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use uuid::Uuid;

/// What is put there at once.
const BATCH: usize = 500;

/// How long the spans of it may take to leave.
const FLUSH: Duration = Duration::from_secs(2);

/// Handler of the feed.
const PROJECT: &str = "project";

#[derive(Args)]
pub(crate) struct Enqueue {
    /// The handler that is to do it; `project` puts changes into the feed
    #[arg(value_parser = name)]
    handler: String,
    /// What the handler gets; for `project` with a `key`, whose changes keep their order
    #[arg(long, default_value = "{}", value_name = "JSON")]
    payload: String,
    /// How many
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// Ids are this, `-` and a number; a job whose id is there already is left as it is, which is said
    #[arg(long, value_parser = name)]
    id_prefix: Option<String>,
    /// None is begun before that: like 30s or 2h, up to 3days
    #[arg(long, value_parser = duration, value_name = "DURATION", conflicts_with = "run_at")]
    delay: Option<Duration>,
    /// None is begun before that moment, by the clock of the queue: like 2026-11-30T20:00:00Z, up to three days ahead
    #[arg(long, value_parser = moment, value_name = "TIME")]
    run_at: Option<SystemTime>,
}

impl Enqueue {
    pub(crate) fn run(&self, address: &Address, log: &str) -> Result<Exit> {
        let payload: Value =
            serde_json::from_str(&self.payload).with_context(|| format!("--payload: `{}` is no JSON", self.payload))?;
        ensure!(payload.is_object(), "--payload: `{}` is no object; write it like {{\"ms\": 50}}", self.payload);
        job::check_payload(&payload).map_err(|error| anyhow!("--payload: {error}"))?;
        let key = payload.get("key").filter(|_| self.handler == PROJECT);
        ensure!(key.is_none_or(Value::is_string), "--payload: the key of a change is text; write {{\"key\": \"5\"}}");
        ensure!(
            self.handler != PROJECT || self.delay.is_none() && self.run_at.is_none(),
            "--delay, --run-at: changes of a feed keep their order, so none is put off"
        );
        let telemetry = Telemetry::start(&Uuid::now_v7().to_string(), log)?;
        let put = connected(address, |engine| self.put(engine, &telemetry, &address.name, &payload));
        telemetry.flush(FLUSH);
        put?;
        Ok(Exit::Clean)
    }

    async fn put(&self, engine: Arc<dyn Engine>, telemetry: &Telemetry, queue: &str, payload: &Value) -> Result<()> {
        let messaging = telemetry.messaging(engine.system(), queue);
        let ids: Vec<_> = (0..self.count).map(|number| self.id(number)).collect();
        let delay = match self.run_at {
            Some(moment) => engine.until(moment).await?,
            None => self.delay.unwrap_or_default(),
        };
        let mut old = 0;
        for ids in ids.chunks(BATCH) {
            let span = messaging.send(ids.len());
            let trace = messaging.trace_context(&span);
            let began = Instant::now();
            let sent = self.send(&engine, ids, delay, payload, &trace).await;
            messaging.sent(&span, ids.len(), began.elapsed(), sent.as_ref().err().map(error_type));
            old += sent?.into_iter().filter(|new| !new).count();
            // Only what is in the queue for sure.
            say(ids.join("\n"))?;
        }
        if old > 0 {
            eprintln!("already there: {old} of {} ids; their jobs are left as they are", ids.len());
        }
        Ok(())
    }

    /// Says for each whether it is new.
    async fn send(
        &self,
        engine: &Arc<dyn Engine>,
        ids: &[String],
        delay: Duration,
        payload: &Value,
        trace: &TraceContext,
    ) -> crate::engine::Result<Vec<bool>> {
        if self.handler == PROJECT {
            let key = |id: &String| payload.get("key").and_then(Value::as_str).unwrap_or(id).to_owned();
            let change = |id| NewChange { key: key(id), payload: payload.clone(), trace: trace.clone() };
            let feed = engine.clone().feed().ok_or_else(|| Error::Refused("this engine has no feed".to_owned()))?;
            return feed.publish(&ids.iter().map(change).collect::<Vec<_>>()).await.map(|()| vec![true; ids.len()]);
        }
        let handler = &self.handler;
        let job = |id: &String| Job {
            id: id.clone(),
            handler: handler.clone(),
            payload: payload.clone(),
            trace: trace.clone(),
        };
        engine.enqueue_after(&ids.iter().map(job).collect::<Vec<_>>(), delay).await
    }

    fn id(&self, number: usize) -> String {
        self.id_prefix.as_ref().map_or_else(|| Uuid::now_v7().to_string(), |prefix| format!("{prefix}-{number}"))
    }
}
