//! A worker as a process.

use super::Queue;
use crate::{
    follow,
    webhook::{Answer, admin, eventually, send},
};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// A worker that runs. Dropping it kills it.
pub struct Worker {
    child: Child,
    /// Where health and metrics are.
    pub admin: SocketAddr,
    log: Arc<Mutex<Vec<Value>>>,
    last_words: PathBuf,
}

/// How a worker ended.
#[derive(Debug)]
pub struct Exited {
    /// Exit code; none where a signal killed it.
    pub code: Option<i32>,
    /// How long it was waited for.
    pub after: Duration,
    /// What it left for whoever asks why it ended; null if it was killed.
    pub last_words: Value,
    /// The lines of its log.
    pub log: Vec<Value>,
}

impl Worker {
    /// Starts one, and waits until it listens.
    pub(super) async fn start(queue: &Queue, flags: &[&str]) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let last_words = queue.folder().join(format!("last-words-{}.json", STARTED.fetch_add(1, Relaxed)));
        // The kubelet makes that file.
        fs::write(&last_words, "").expect("a file");
        let mut command = queue.command(&["run", "--admin", "127.0.0.1:0"]);
        command.args(flags).env("WORKER_LAST_WORDS", &last_words);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let log = follow(&mut child);
        let listening = eventually("listening", async || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("it ended with {status}: {:#?}", log.lock().expect("the log"));
            }
            log.lock().expect("the log").iter().find(|line| line["message"] == "listening").cloned()
        })
        .await;
        let admin = listening["admin"].as_str().and_then(|text| text.parse().ok()).expect("an address");
        Worker { child, admin, log, last_words }
    }

    /// Answer of an admin path; none where nobody answers.
    pub async fn get(&self, path: &str) -> Option<Answer> {
        admin(self.admin, path).await
    }

    /// Waits until it takes jobs.
    pub async fn ready(&self) {
        eventually("readiness", async || self.get("/readyz").await.filter(|answer| answer.status == 200)).await;
    }

    /// The value of a series of `/metrics`, written as there: `worker_jobs_in_flight`.
    pub async fn metric(&self, series: &str) -> Option<f64> {
        let text = self.get("/metrics").await?.text();
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// The lines of its log so far.
    pub fn log(&self) -> Vec<Value> {
        self.log.lock().expect("the log").clone()
    }

    /// Waits for a line of its log with this message.
    pub async fn logged(&self, message: &str) -> Value {
        let find = || self.log().into_iter().find(|line| line["message"] == message);
        eventually(message, async || find()).await
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// Tells it to stop, and waits for its end.
    pub async fn stop(self) -> Exited {
        self.signal(Signal::SIGTERM);
        self.exited().await
    }

    /// Waits for its end.
    pub async fn exited(mut self) -> Exited {
        let began = Instant::now();
        let status = eventually("its end", async || self.child.try_wait().expect("a child")).await;
        let after = began.elapsed();
        let last_words = fs::read_to_string(&self.last_words).unwrap_or_default();
        let last_words = serde_json::from_str(&last_words).unwrap_or_default();
        Exited { code: status.code(), after, last_words, log: self.log() }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
