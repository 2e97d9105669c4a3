//! `plimsoll serve` as a process: started, spoken to, ended by its id.

use super::{Answer, Authority, Connection, Mounted, admin, eventually};
use crate::{follow, program};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rustls::ClientConfig;
use serde_json::Value;
use std::{
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
};

/// What to start.
#[derive(Clone, Copy, Default)]
pub struct Setup<'a> {
    /// The text of the configuration; empty for none.
    pub config: &'a str,
    /// Other files of that folder.
    pub files: &'a [(&'a str, &'a str)],
    /// Flags beside those for ports, configuration and certificate.
    pub flags: &'a [&'a str],
    /// Variables of its environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// What starts it, as in `unshare --fork`; nothing for the test itself.
    pub launcher: &'a [&'a str],
}

/// A webhook that runs. Dropping it kills it.
pub struct Webhook {
    child: Child,
    /// Where the API server calls.
    pub address: SocketAddr,
    /// Where health and metrics are.
    pub admin: SocketAddr,
    /// Signed the first certificate.
    pub authority: Authority,
    /// What an API server with that CA in its `caBundle` is.
    pub client: Arc<ClientConfig>,
    /// `tls.crt` and `tls.key`.
    pub certificate: Mounted,
    /// `plimsoll.yaml`, and what is beside it.
    pub config: Mounted,
    log: Arc<Mutex<Vec<Value>>>,
}

/// How a webhook ended.
pub struct Exited {
    /// Exit code; none where a signal killed it.
    pub code: Option<i32>,
    /// The lines of its log.
    pub log: Vec<Value>,
}

impl Webhook {
    /// With this configuration, and nothing special about the rest.
    pub async fn with(config: &str) -> Self {
        Webhook::start(Setup { config, ..Setup::default() }).await
    }

    /// With a new CA.
    pub async fn start(setup: Setup<'_>) -> Self {
        let authority = Authority::new();
        let leaf = authority.leaf();
        let client = authority.client(None);
        Webhook::start_as(setup, authority, client, &[("tls.crt", &leaf.chain), ("tls.key", &leaf.key)]).await
    }

    /// With these files for a certificate.
    pub async fn start_as(
        setup: Setup<'_>,
        authority: Authority,
        client: Arc<ClientConfig>,
        files: &[(&str, &str)],
    ) -> Self {
        let certificate = Mounted::new(files);
        let config = Mounted::new(&[&[("plimsoll.yaml", setup.config)], setup.files].concat());
        let mut child = command(&setup, &certificate, &config).spawn().expect("it starts");
        let log = follow(&mut child);
        let find = |log: &[Value]| log.iter().find(|line| line["message"] == "listening").cloned();
        let mut look = async || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("it ended with {status}: {:#?}", log.lock().expect("the log"));
            }
            find(&log.lock().expect("the log"))
        };
        let listening = eventually("listening", &mut look).await;
        let address = |name: &str| listening[name].as_str().and_then(|text| text.parse().ok()).expect("an address");
        let (address, admin) = (address("webhook"), address("admin"));
        Webhook { child, address, admin, authority, client, certificate, config, log }
    }

    /// A new connection.
    pub async fn connect(&self) -> Connection {
        Connection::open(self.address, &self.client).await.expect("a connection")
    }

    /// Posts over a new connection.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.connect().await.post(path, body.to_string()).await.expect("an answer")
    }

    /// The `response` to an AdmissionReview.
    pub async fn review(&self, review: &Value) -> Value {
        let answer = self.post("/validate?timeout=10s", review).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut answer = answer.json();
        assert_eq!(answer["response"]["uid"], review["request"]["uid"]);
        answer["response"].take()
    }

    /// Status and text of an admin path.
    pub async fn admin(&self, path: &str) -> (u16, String) {
        let answer = admin(self.admin, path).await.expect("the admin port answers");
        (answer.status, answer.text())
    }

    /// The value of a series of `/metrics`, written as there: `plimsoll_shed_total`.
    pub async fn metric(&self, series: &str) -> Option<f64> {
        let (_, text) = self.admin("/metrics").await;
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

    /// Its process, or what launched it.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// Waits for its end.
    pub async fn exited(mut self) -> Exited {
        let status: ExitStatus = eventually("its end", async || self.child.try_wait().expect("a child")).await;
        Exited { code: status.code(), log: self.log() }
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub(crate) fn send(process: u32, signal: Signal) {
    let process = Pid::from_raw(process.try_into().expect("a process id"));
    kill(process, signal).expect("it runs");
}

fn command(setup: &Setup<'_>, certificate: &Mounted, config: &Mounted) -> Command {
    let words = setup.launcher.iter().map(|word| (*word).into()).chain([program().as_os_str().to_owned()]);
    let words: Vec<_> = words.collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.arg("--tls-dir").arg(certificate.path());
    if !setup.config.is_empty() {
        command.arg("--config").arg(config.file("plimsoll.yaml"));
    }
    // Ends are tested by themselves: elsewhere nobody waits for one.
    if !setup.flags.contains(&"--drain-delay") {
        command.args(["--drain-delay", "0s"]);
    }
    command.args(setup.flags).envs(setup.environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
