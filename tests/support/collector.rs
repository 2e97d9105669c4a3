//! Rotel, an OpenTelemetry collector (PyPI), that prints what it gets.

use crate::{need::or_skip, target, webhook::eventually};
use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};
use tokio::net::TcpStream;

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

/// The program, where `tests/setup` puts it.
fn program() -> Option<PathBuf> {
    let folders = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let versions = folders(target().join("tools")).filter(|folder| folder.to_string_lossy().contains("rotel-"));
    let libraries = versions.flat_map(|folder| folders(folder.join("lib")));
    libraries.map(|library| library.join("site-packages/rotel/rotel-agent")).find(|path| path.is_file())
}

impl Collector {
    /// None, and a skip, where it is not installed.
    pub async fn start() -> Option<Self> {
        let program = or_skip("rotel", program().ok_or("tests/setup installs it"))?;
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
