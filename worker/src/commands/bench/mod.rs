//! `bench`: the worker as its own process against a bare loop over the same engine's client, side by side.
//!
//! Both take as many jobs at a time, do nothing, and have each written down as done before they count it.

mod bare;
mod process;

use super::{connected, say};
use crate::{
    engine::{Address, Url},
    exit::Exit,
    handlers::Sink,
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
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..))]
    jobs: u32,
    /// Jobs at a time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Runs, of which the median counts, also of ratios
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
}

impl Bench {
    /// On a queue of its own at the same server, or in a file of its own beside the one of --queue-url.
    pub(crate) fn run(&self, address: &Address) -> Result<Exit> {
        let runs = (0..self.runs).map(|run| self.measure(&Place::new(address, run))).collect::<Result<Vec<_>>>()?;
        let of = |value: fn(&Run) -> f64| median(runs.iter().map(value).collect());
        let (worker, bare) = (of(|run| run.worker.jobs_per_second), of(|run| run.bare));
        let ratio = of(|run| run.worker.jobs_per_second / run.bare);
        say(format_args!("jobs per second    worker {worker:.0}, bare loop {bare:.0}: {ratio:.2} x (budget 0.7 x)"))?;
        if matches!(address.url, Url::Nats(_)) {
            let (unfenced, ratio) = (of(|run| run.unfenced), of(|run| run.worker.jobs_per_second / run.unfenced));
            say(format_args!("                   bare loop without a fence {unfenced:.0}: {ratio:.2} x"))?;
        }
        say(format_args!("start to running   {:.0} ms", of(|run| run.worker.start_ms)))?;
        let drain = of(|run| run.worker.drain_ms);
        say(format_args!("SIGTERM to exit    {drain:.0} ms, with jobs of {SLEEP_MS} ms in flight"))?;
        let (rest, loaded, jobs) = (of(|run| run.worker.rest_mib), of(|run| run.worker.loaded_mib), self.jobs);
        say(format_args!("memory             {rest:.1} MiB at rest, {loaded:.1} MiB after {jobs} jobs"))?;
        Ok(Exit::Clean)
    }

    /// All loops one after the other: the machine is not equally fast at all times.
    fn measure(&self, place: &Place) -> Result<Run> {
        let bare = self.bare(place, Done::Fenced)?;
        let unfenced = match place.0.url {
            Url::Nats(_) => self.bare(place, Done::Acknowledged)?,
            Url::Sqlite(_) => bare,
        };
        Ok(Run { bare, unfenced, worker: self.worker(&place.0)? })
    }

    fn bare(&self, place: &Place, done: Done) -> Result<f64> {
        let jobs_per_second = bare::jobs_per_second(&place.0, self.jobs, self.concurrency.into(), done)?;
        place.clear()?;
        Ok(jobs_per_second)
    }

    fn worker(&self, place: &Address) -> Result<Measured> {
        connected(place, |engine| async move {
            engine.migrate(Some(1)).await?;
            Ok(Sink::of(place).migrate().await?)
        })?;
        let (mut process, start) = Process::start(place, self.concurrency)?;
        let rest_mib = process.memory()?;
        // It must find all of them at once, or the speed of the enqueueing would be measured.
        process.pause()?;
        fill(place, self.jobs, "noop", &json!({}))?;
        let began = Instant::now();
        process.resume()?;
        wait_for_done(place, self.jobs)?;
        let elapsed = began.elapsed();
        let loaded_mib = process.memory()?;
        fill(place, self.concurrency.into(), "sleep", &json!({ "ms": SLEEP_MS }))?;
        process.wait_until_busy()?;
        let drain = process.stop()?;
        Ok(Measured {
            jobs_per_second: f64::from(self.jobs) / elapsed.as_secs_f64(),
            start_ms: 1000.0 * start.as_secs_f64(),
            drain_ms: 1000.0 * drain.as_secs_f64(),
            rest_mib,
            loaded_mib,
        })
    }
}

/// The bare loops in jobs per second, and the worker.
struct Run {
    bare: f64,
    unfenced: f64,
    worker: Measured,
}

struct Measured {
    jobs_per_second: f64,
    start_ms: f64,
    drain_ms: f64,
    rest_mib: f64,
    loaded_mib: f64,
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
            Url::Nats(servers) => bare::clear_nats(servers, &self.0.name),
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
