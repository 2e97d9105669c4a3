//! The worker under measurement: this very program as a process of its own.

use crate::{
    commands::{ANSWER, client},
    engine::Address,
};
use anyhow::{Context, Result, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(2);

pub(super) struct Process {
    child: Child,
    admin: String,
}

impl Process {
    /// Starts it; says how long it took from the call until it took jobs.
    pub(super) fn start(place: &Address, concurrency: u16) -> Result<(Self, Duration)> {
        let began = Instant::now();
        let mut child = Command::new(env::current_exe()?)
            .envs(place.environment())
            .args(["--log", "warn,plimsoll_worker::worker=info"])
            .args(["run", "--admin", "127.0.0.1:0", "--last-words", "/dev/null", "--concurrency"])
            .arg(concurrency.to_string())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no pipe")?).lines().map_while(Result::ok);
        let mut fields = lines.by_ref().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let admin = fields.find_map(|line| line["admin"].as_str().map(str::to_owned)).context("it did not listen")?;
        fields.find(|line| line["state"] == "running").context("it did not run")?;
        let started = began.elapsed();
        // Read on, or it would block once the pipe is full.
        thread::spawn(move || lines.for_each(drop));
        Ok((Process { child, admin }, started))
    }

    /// Has it take no jobs.
    pub(super) fn pause(&self) -> Result<()> {
        self.tell("pause")?;
        self.wait(|status| status["state"] == "paused")
    }

    /// Has it take jobs again.
    pub(super) fn resume(&self) -> Result<()> {
        self.tell("resume")
    }

    pub(super) fn wait_until_busy(&self) -> Result<()> {
        self.wait(|status| status["in_flight"].as_u64() > Some(0))
    }

    /// Resident memory, in MiB.
    pub(super) fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }

    /// Tells it to stop; says how long it took.
    pub(super) fn stop(&mut self) -> Result<Duration> {
        let began = Instant::now();
        kill(Pid::from_raw(self.child.id().try_into()?), Signal::SIGTERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the worker ended with {status}");
        Ok(began.elapsed())
    }

    fn tell(&self, what: &str) -> Result<()> {
        client()?.post(format!("http://{}/{what}", self.admin)).send()?.error_for_status()?;
        Ok(())
    }

    fn wait(&self, enough: impl Fn(&Value) -> bool) -> Result<()> {
        let until = Instant::now() + ANSWER;
        let client = client()?;
        loop {
            let status = client.get(format!("http://{}/status", self.admin)).send()?.text()?;
            if enough(&serde_json::from_str(&status)?) {
                return Ok(());
            }
            ensure!(Instant::now() < until, "it stayed {status}");
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already, unless something went wrong.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
