//! Rotel, an OpenTelemetry collector (PyPI), that prints what it gets.

use crate::{target, webhook::eventually};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};
use tokio::net::TcpStream;

/// The last one on PyPI that needs no Python newer than 3.9.
const ROTEL: &str = "rotel==0.0.1a15";

/// A collector that runs. Dropping it kills it.
pub struct Collector {
    child: Child,
    grpc: String,
    http: String,
    text: Arc<Mutex<String>>,
}

/// A port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// The program, installed once below `target`; none where that cannot be done.
fn program() -> Option<PathBuf> {
    let folder = target().join("tools").join(ROTEL.replace("==", "-"));
    let find = || {
        let versions = std::fs::read_dir(folder.join("lib")).ok()?.flatten();
        versions.map(|version| version.path().join("site-packages/rotel/rotel-agent")).find(|path| path.is_file())
    };
    let run = |program: &std::ffi::OsStr, args: &[&str]| {
        let output = Command::new(program).args(args).stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    };
    find().or_else(|| {
        let made = run("python3".as_ref(), &["-m", "venv", folder.to_str()?])
            && run(folder.join("bin/pip").as_os_str(), &["install", "--quiet", ROTEL]);
        if made { find() } else { None }
    })
}

impl Collector {
    /// None, and a line that says so, where it cannot be installed.
    pub async fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: {ROTEL} could not be installed with python3 and pip");
            return None;
        };
        let (grpc, http) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
        let mut child = Command::new(program)
            .args(["start", "--otlp-grpc-endpoint", &grpc, "--otlp-http-endpoint", &http, "--exporter", "blackhole"])
            .args(["--debug-log", "traces", "--debug-log", "metrics", "--debug-log", "logs"])
            .args(["--debug-log-verbosity", "detailed"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let text = Arc::new(Mutex::new(String::new()));
        let (lines, kept) = (BufReader::new(child.stdout.take().expect("piped")).lines(), Arc::clone(&text));
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *kept.lock().expect("the text") += &(line + "\n");
            }
        });
        let collector = Collector { child, grpc, http, text };
        eventually("rotel", async || TcpStream::connect(&collector.http).await.ok().map(drop)).await;
        Some(collector)
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The same for `OTEL_EXPORTER_OTLP_PROTOCOL=grpc`.
    pub fn grpc_endpoint(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// What it printed so far.
    pub fn text(&self) -> String {
        self.text.lock().expect("the text").clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
