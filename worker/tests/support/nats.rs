//! A NATS server of its own for a test: on a free port, in a folder that goes when it goes.

use crate::need::need;
use std::{
    io::Read,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest start of a server, also one that has to read what another left.
const START: Duration = Duration::from_secs(20);

/// The server that this system has, in `PATH` or from its package.
pub(crate) fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join("nats-server")).find(|program| program.is_file());
    need("nats-server", found, "tests/setup installs it")
}

/// The server that `tests/cluster/cluster build nats` builds, if it has.
pub(crate) fn built() -> Option<PathBuf> {
    let find = || {
        let cluster = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cluster/cluster");
        let answer = Command::new(cluster).args(["path", "nats"]).output().ok()?;
        let program = PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim()).join("nats-server");
        program.is_file().then_some(program)
    };
    need("second nats-server", find(), "`tests/cluster/cluster build nats` builds it")
}

/// A server that runs, and is killed in the end.
pub(crate) struct Server {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// Starts an empty server.
    pub(crate) fn start(program: &Path) -> Self {
        Server::configured(program, "")
    }

    /// Starts an empty server with a configuration.
    pub(crate) fn configured(program: &Path, configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("server.conf"), configuration).unwrap();
        let mut server = Server { program: program.to_owned(), folder, port: 0, process: None };
        server.resume();
        server
    }

    /// `nats://host:port`, the same after a restart.
    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Kills the server, as a fault would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again after [`Server::kill`], on what it has stored.
    pub(crate) fn resume(&mut self) {
        let folder = self.folder.path();
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let process = Command::new(&self.program)
            .args(["--addr", "127.0.0.1", "--port", &port, "--jetstream", "--store_dir"])
            .arg(folder.join("store"))
            .arg("--config")
            .arg(folder.join("server.conf"))
            .arg("--ports_file_dir")
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let ports = folder.join(format!("nats-server_{}.ports", process.id()));
        self.process = Some(process);
        self.port = self.until("a port", || self.port_in(&ports));
        self.until("a greeting", || greets(self.port).then_some(()));
    }

    fn port_in(&self, file: &Path) -> Option<u16> {
        let ports: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
    }

    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let begun = Instant::now();
        while begun.elapsed() < START {
            if let Some(found) = look() {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("{} has not shown {what} after {START:?}: {log}", self.program.display());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A server sends `INFO` to whoever connects.
fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut greeting = [0; 4];
    stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && stream.read_exact(&mut greeting).is_ok()
        && greeting == *b"INFO"
}
