//! `bench`: the worker as its own process against a bare loop over the same engine's client, side by side.
//!
//! Both take as many jobs at a time, do nothing, and have each written down as done before they count it.

mod bare;
mod process;

use super::{connected, say};
use crate::{
    engine::{Address, Url},
    exit::Exit,
    job::Job,
};
use anyhow::{Result, ensure};
use bare::Done;
use clap::Args;
use process::Process;
use serde_json::json;
use std::time::{Duration, Instant};

/// Payload of the jobs that run when the worker is told to stop.
const SLEEP_MS: u64 = 100;

#[derive(Args)]
pub(crate) struct Bench {
    /// Jobs per run
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(100..))]
    jobs: u32,
    /// Jobs at a time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Runs, of which the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
}

impl Bench {
    /// On a queue of its own at the same server, or in a file of its own beside the one of --queue-url.
    pub(crate) fn run(&self, address: &Address) -> Result<Exit> {
        let (mut bare, mut unfenced, mut worker) = (Vec::new(), Vec::new(), Vec::new());
        let mut last = None;
        for run in 0..self.runs {
            let place = Place::new(address, run);
            bare.push(self.bare(&place, Done::Fenced)?);
            if matches!(address.url, Url::Nats(_)) {
                unfenced.push(self.bare(&place, Done::Acknowledged)?);
            }
            let measured = self.worker(&place.0)?;
            place.clear()?;
            worker.push(measured.jobs_per_second);
            last = Some(measured);
        }
        let (bare, worker) = (median(bare), median(worker));
        let ratio = worker / bare;
        say(format_args!("jobs per second    worker {worker:.0}, bare loop {bare:.0}: {ratio:.2} x (budget 0.7 x)"))?;
        if !unfenced.is_empty() {
            let unfenced = median(unfenced);
            let ratio = worker / unfenced;
            say(format_args!("                   bare loop without a fence {unfenced:.0}: {ratio:.2} x"))?;
        }
        if let Some(Measured { start, drain, rest, loaded, .. }) = last {
            say(format_args!("start to running   {} ms", start.as_millis()))?;
            let drain = drain.as_millis();
            say(format_args!("SIGTERM to exit    {drain} ms, with jobs of {SLEEP_MS} ms in flight"))?;
            let jobs = self.jobs;
            say(format_args!("memory             {rest:.1} MiB at rest, {loaded:.1} MiB after {jobs} jobs"))?;
        }
        Ok(Exit::Clean)
    }

    fn bare(&self, place: &Place, done: Done) -> Result<f64> {
        let jobs_per_second = bare::jobs_per_second(&place.0, self.jobs, self.concurrency.into(), done)?;
        place.clear()?;
        Ok(jobs_per_second)
    }

    fn worker(&self, place: &Address) -> Result<Measured> {
        connected(place, |engine| async move { Ok(engine.migrate(1).await?) })?;
        let (mut process, start) = Process::start(place, self.concurrency)?;
        let rest = process.memory()?;
        // It must find all of them at once, or the speed of the enqueueing would be measured.
        process.pause()?;
        fill(place, self.jobs, "noop", &json!({}))?;
        let began = Instant::now();
        process.resume()?;
        wait_for_done(place, self.jobs)?;
        let elapsed = began.elapsed();
        let loaded = process.memory()?;
        fill(place, self.concurrency.into(), "sleep", &json!({ "ms": SLEEP_MS }))?;
        process.wait_until_busy()?;
        let drain = process.stop()?;
        let jobs_per_second = f64::from(self.jobs) / elapsed.as_secs_f64();
        Ok(Measured { jobs_per_second, start, drain, rest, loaded })
    }
}

struct Measured {
    jobs_per_second: f64,
    start: Duration,
    drain: Duration,
    /// In MiB.
    rest: f64,
    /// In MiB.
    loaded: f64,
}

/// A queue that nobody else uses.
struct Place(Address);

impl Place {
    fn new(address: &Address, run: u8) -> Self {
        let name = format!("bench-{}-{run}", std::process::id());
        let url = match &address.url {
            Url::Sqlite(file) => Url::Sqlite(file.with_file_name(format!("{name}.db"))),
            Url::Nats(server) => Url::Nats(server.clone()),
        };
        Place(Address { url, name })
    }

    /// Removes everything that was made there.
    fn clear(&self) -> Result<()> {
        match &self.0.url {
            Url::Sqlite(file) => bare::clear_sqlite(file),
            Url::Nats(url) => bare::clear_nats(url, &self.0.name),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = self.clear() {
            eprintln!("{error:#}");
        }
    }
}

fn fill(place: &Address, jobs: u32, handler: &str, payload: &serde_json::Value) -> Result<()> {
    let job = |number| Job {
        id: format!("{handler}-{number}"),
        handler: handler.to_owned(),
        payload: payload.clone(),
        trace: Default::default(),
    };
    let jobs: Vec<_> = (0..jobs).map(job).collect();
    connected(place, |engine| async move {
        for jobs in jobs.chunks(1000) {
            engine.enqueue(jobs).await?;
        }
        Ok(())
    })
}

fn wait_for_done(place: &Address, jobs: u32) -> Result<()> {
    connected(place, |engine| async move {
        let until = Instant::now() + Duration::from_secs(300);
        while engine.backlog().await? > 0 {
            ensure!(Instant::now() < until, "{jobs} jobs were not done within five minutes");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    })
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
