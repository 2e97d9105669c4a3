//! A worker as a process: watched, asked, and ended by its id.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Nothing that a test waits for takes longer, or it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again, up to a limit.
pub(crate) fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < limit, "no {what} within {limit:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A worker that runs. Dropping it kills it.
pub(crate) struct Worker {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    reader: Option<JoinHandle<()>>,
}

/// How a worker ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None where a signal killed it.
    pub(crate) code: Option<i32>,
    /// How long it was waited for.
    pub(crate) after: Duration,
    pub(crate) log: Vec<Value>,
}

impl Ended {
    /// Null where it said none.
    pub(crate) fn last_words(&self) -> Value {
        let said = self.log.iter().find(|line| line["message"] == "ended");
        said.and_then(|line| serde_json::from_str(line["last_words"].as_str()?).ok()).unwrap_or_default()
    }

    /// The values of a field in all lines with this message.
    pub(crate) fn all(&self, message: &str, field: &str) -> Vec<Value> {
        self.log.iter().filter(|line| line["message"] == message).map(|line| line[field].clone()).collect()
    }
}

impl Worker {
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, into) = (BufReader::new(child.stderr.take().unwrap()).lines(), log.clone());
        let read = move || {
            for line in lines.map_while(Result::ok) {
                into.lock().unwrap().push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        };
        Worker { child, log, reader: Some(thread::spawn(read)) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> Vec<Value> {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a line of its log.
    pub(crate) fn logged(&self, message: &str) -> Value {
        until(message, PATIENCE, || self.log().into_iter().find(|line| line["message"] == message))
    }

    /// Waits until it has come there.
    pub(crate) fn comes_to(&self, state: &str) {
        until(state, PATIENCE, || self.log().iter().any(|line| line["state"] == state).then_some(()));
    }

    /// Waits until it works on so many jobs.
    pub(crate) fn works_on(&self, jobs: u64) {
        until("jobs in flight", PATIENCE, || {
            let status: Value = serde_json::from_str(&self.get("/status").1).ok()?;
            (status["in_flight"] == jobs).then_some(())
        });
    }

    /// An address that it says it listens on: `admin` or `intake`.
    pub(crate) fn address(&self, which: &str) -> SocketAddr {
        self.logged("listening")[which].as_str().unwrap().parse().unwrap()
    }

    /// Status and body of an admin path; 0 where nobody answers.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        ask(self.address("admin"), "GET", path, "").unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Whether it has ended by itself.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let began = Instant::now();
        let status = until("end of the process", PATIENCE, || self.child.try_wait().unwrap());
        let after = began.elapsed();
        self.reader.take().map(JoinHandle::join);
        Ended { code: status.code(), after, log: self.log() }
    }

    /// Tells it to stop, and waits for its end.
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::SIGTERM);
        self.ended()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One request on a connection of its own, as the kubelet asks; status and body.
pub(crate) fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(request(method, path, body, "close").as_bytes()).ok()?;
    answer(&mut stream)
}

pub(crate) fn request(method: &str, path: &str, body: &str, connection: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: worker\r\nconnection: {connection}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads until the other side closes.
pub(crate) fn answer(stream: &mut TcpStream) -> Option<(u16, String)> {
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    Some((status, text.split_once("\r\n\r\n")?.1.to_owned()))
}
