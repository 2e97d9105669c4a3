//! `drain`: asks a running worker to take no jobs, and waits until it has none.

use super::{client, say};
use crate::{exit::Exit, settings::duration};
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;
use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Args)]
pub(crate) struct Drain {
    /// Have it take jobs again
    #[arg(long)]
    resume: bool,
    /// Its admin address
    #[arg(long, env = "WORKER_ADMIN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    admin: SocketAddr,
    /// How long to wait
    #[arg(long, default_value = "5m", value_parser = duration)]
    timeout: Duration,
}

impl Drain {
    pub(crate) fn run(&self) -> Result<Exit> {
        let what = if self.resume { "resume" } else { "pause" };
        let admin = super::probe::reachable(self.admin);
        let answer = client()?.post(format!("http://{admin}/{what}")).send().with_context(|| no_worker(admin))?;
        ensure!(answer.status().is_success(), "{admin}: {}: {}", answer.status(), answer.text()?.trim());
        if self.resume {
            say("resumed")?;
            return Ok(Exit::Clean);
        }
        let until = Instant::now() + self.timeout;
        while let Some(left) = left(admin)? {
            if Instant::now() >= until {
                let why = match left {
                    0 => "a call that may bring jobs is still under way".to_owned(),
                    left => format!("{left} jobs are still being worked on"),
                };
                eprintln!("error: {why}; it takes no more, and `drain --resume` undoes that");
                return Ok(Exit::Released);
            }
            thread::sleep(LOOK);
        }
        say("drained")?;
        Ok(Exit::Clean)
    }
}

/// Jobs that it still has; none once it has none, and takes none.
fn left(admin: SocketAddr) -> Result<Option<u64>> {
    let status: Value = serde_json::from_str(&client()?.get(format!("http://{admin}/status")).send()?.text()?)?;
    let jobs = status["in_flight"].as_u64().unwrap_or_default();
    let heard =
        status["state"].as_str().is_some_and(|state| !["boot", "starting", "running", "degraded"].contains(&state));
    let takes_none = heard && status["takes_work"] == false;
    Ok((jobs > 0 || !takes_none).then_some(jobs))
}

fn no_worker(admin: SocketAddr) -> String {
    format!("no worker answers at {admin}; --admin says where")
}
