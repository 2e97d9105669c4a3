//! A queue that a test has for itself, and the commands that act on it.

use crate::{
    nats::Server,
    process::{Worker, until},
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// Where the work is.
pub(crate) struct Place {
    url: String,
    variables: Vec<(&'static str, String)>,
    folder: TempDir,
    pub(crate) server: Option<Server>,
}

/// `status --format json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Status {
    pub(crate) ready: u64,
    pub(crate) leased: u64,
    pub(crate) delayed: u64,
    pub(crate) done: u64,
    pub(crate) dead: u64,
    pub(crate) effects: Effects,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Effects {
    pub(crate) total: u64,
    pub(crate) distinct: u64,
}

impl Place {
    /// A file, with a queue in it.
    pub(crate) fn sqlite() -> Self {
        let place = Place::bare();
        place.succeed(&["migrate"]);
        place
    }

    /// A file in which there is no queue.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("queue.db").display());
        Place { url, variables: vec![], folder, server: None }
    }

    /// A NATS server, with a queue in it.
    pub(crate) fn nats(program: &Path) -> Self {
        let server = Server::start(program);
        let place =
            Place { url: server.url(), variables: vec![], folder: tempfile::tempdir().unwrap(), server: Some(server) };
        place.succeed(&["migrate"]);
        place
    }

    /// At a URL, whatever is there.
    pub(crate) fn at(url: &str) -> Self {
        Place { url: url.to_owned(), variables: vec![], folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// One for each engine that there is.
    pub(crate) fn all() -> Vec<Self> {
        [Place::sqlite()].into_iter().chain(crate::nats::installed().map(|program| Place::nats(&program))).collect()
    }

    /// With a variable of the environment for all that is run there.
    pub(crate) fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.push((variable, value.to_owned()));
        self
    }

    /// The file of the embedded engine.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("queue.db")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `plimsoll-worker ARGS`, without settings of whoever runs the test.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll-worker"));
        command
            .args(args)
            .env_clear()
            .env("WORKER_QUEUE_URL", &self.url)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that must succeed; what it printed.
    pub(crate) fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Puts jobs, or changes, there; their ids.
    pub(crate) fn enqueue(&self, handler: &str, payload: &Value, count: usize) -> Vec<String> {
        let (payload, count) = (payload.to_string(), count.to_string());
        let ids = self.succeed(&["enqueue", handler, "--payload", &payload, "--count", &count]);
        ids.lines().map(str::to_owned).collect()
    }

    pub(crate) fn status(&self) -> Status {
        serde_json::from_str(&self.succeed(&["status", "--format", "json"])).unwrap()
    }

    /// As long as the engine is away there is none.
    pub(crate) fn status_if_any(&self) -> Option<Status> {
        serde_json::from_slice(&self.run(&["status", "--format", "json"]).stdout).ok()
    }

    /// Waits until it looks so.
    pub(crate) fn becomes(&self, what: &str, is_so: impl Fn(&Status) -> bool) -> Status {
        until(what, Duration::from_secs(60), || self.status_if_any().filter(&is_so))
    }

    /// Starts a worker; it may not listen yet.
    pub(crate) fn spawn(&self, flags: &[&str]) -> Worker {
        let mut command = self.command(&["run", "--admin", "127.0.0.1:0"]);
        command.args(flags);
        Worker::spawn(command)
    }

    /// Starts a worker, and waits until it takes jobs.
    pub(crate) fn start(&self, flags: &[&str]) -> Worker {
        let worker = self.spawn(flags);
        until("readiness", Duration::from_secs(30), || (worker.get("/readyz").0 == 200).then_some(()));
        worker
    }
}
