//! A queue that a test has to itself, and the commands that act on it.

use super::{Worker, program};
use crate::{Outcome, folder};
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A migrated queue in a folder of its own; gone when the value is.
pub struct Queue {
    folder: TempDir,
    url: String,
    environment: Vec<(String, String)>,
}

impl Queue {
    /// In a file.
    pub fn sqlite() -> Self {
        let folder = folder([]);
        let url = format!("sqlite://{}", folder.path().join("queue.db").display());
        Queue::at(url, folder)
    }

    /// At an address, with a folder for what the processes leave behind.
    pub fn at(url: String, folder: TempDir) -> Self {
        let queue = Queue { folder, url, environment: Vec::new() };
        queue.succeed(&["migrate"]);
        queue
    }

    /// All that is run from now on gets this variable too.
    #[must_use]
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// Where files for the test may be.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `plimsoll-worker ARGS` with this queue.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(args).env("WORKER_QUEUE_URL", &self.url).envs(self.environment.iter().cloned());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Outcome {
        outcome(&mut self.command(args))
    }

    /// Runs a command that must succeed; what it printed.
    pub fn succeed(&self, args: &[&str]) -> String {
        let outcome = self.run(args);
        assert_eq!(outcome.code, 0, "{args:?}: {outcome:?}");
        outcome.stdout
    }

    /// Puts jobs in; their ids.
    pub fn enqueue(&self, handler: &str, payload: &Value, count: usize) -> Vec<String> {
        let (payload, count) = (payload.to_string(), count.to_string());
        let ids = self.succeed(&["enqueue", handler, "--payload", &payload, "--count", &count]);
        ids.lines().map(str::to_owned).collect()
    }

    /// `status --format json`.
    pub fn status(&self) -> Value {
        serde_json::from_str(&self.succeed(&["status", "--format", "json"])).expect("a status")
    }

    /// Starts a worker that picks its admin port, and waits until it listens there.
    pub async fn start(&self, flags: &[&str]) -> Worker {
        Worker::start(self, flags).await
    }
}

/// Runs a program to its end.
pub fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Outcome { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}
