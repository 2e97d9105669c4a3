//! What the tests share: the checkout, the programs as people run them, and peers that others wrote.

pub mod api_server;
pub mod browser;
pub mod collector;
pub mod need;
pub mod prometheus;
pub mod terminator;
pub mod webhook;
pub mod worker;

use serde_json::Value;
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, OnceLock},
    thread,
};

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in a folder of the checkout")
}

/// The target folder that this test was built into.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let deps = test.parent().expect("a program stands in a folder");
    deps.parent().and_then(Path::parent).expect("target/<profile>/deps").to_owned()
}

/// `plimsoll`.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| built("plimsoll"))
}

/// A program, built if need be: `cargo test` builds the binaries of the package under test only. `PLIMSOLL_FEATURES` adds
/// features to it.
fn built(name: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // As the Makefile builds it: with the features of the whole workspace.
    let build = ["build", "--release", "--quiet", "--locked", "--workspace", "--bin", name];
    let mut build_it = Command::new(cargo);
    build_it.args(build).arg("--target-dir").arg(target()).current_dir(root());
    build_it.args(std::env::var("PLIMSOLL_FEATURES").map(|features| format!("--features={features}")));
    forget_this_package(&mut build_it);
    let status = build_it.status();
    assert!(status.is_ok_and(|status| status.success()), "cargo build of {name} failed");
    target().join("release").join(name)
}

/// What `cargo test` says of the package under test is not for a cargo that is started by it: build scripts that ask would
/// all run again.
pub fn forget_this_package(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_this_package(name)) {
        command.env_remove(name);
    }
}

fn is_about_this_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix))
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// What it printed on standard output.
    pub stdout: String,
    /// What it printed on standard error.
    pub stderr: String,
}

impl Outcome {
    /// The report that `-f json` printed.
    pub fn report(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no report: {error}\n{self:?}"))
    }

    /// The report's findings, each as `file:line:column level rule`, or `Kind namespace/name level rule`; what is excepted has that for a level.
    pub fn findings(&self) -> Vec<String> {
        let line = |finding: &Value| {
            let level = if finding["status"] == "open" { &finding["level"] } else { &finding["status"] };
            format!("{} {} {}", place(finding), text(level), text(&finding["rule"]))
        };
        self.list("findings").iter().map(line).collect()
    }

    /// The same without notes, which say nothing that must be acted on.
    pub fn grave(&self) -> Vec<String> {
        self.findings().into_iter().filter(|finding| !finding.contains(" note ")).collect()
    }

    /// The report's problems, each as `file:line:column message`.
    pub fn problems(&self) -> Vec<String> {
        self.list("problems")
            .iter()
            .map(|problem| format!("{} {}", place(problem), text(&problem["message"])))
            .collect()
    }

    fn list(&self, name: &str) -> Vec<Value> {
        self.report()[name].as_array().expect("a list").clone()
    }
}

/// Of a cluster it is the object.
fn place(value: &Value) -> String {
    if value["file"].is_null() {
        let part = |field: &str| value["object"][field].as_str().unwrap_or_default();
        return format!("{} {}/{}", part("kind"), part("namespace"), part("name"));
    }
    let number = |key: &str| value[key].as_u64().map(|number| format!(":{number}")).unwrap_or_default();
    format!("{}{}{}", text(&value["file"]), number("line"), number("column"))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// `plimsoll scan -f json` in a folder.
pub fn scan(folder: &Path, args: &[&str]) -> Outcome {
    plimsoll(folder, &[&["scan", "-f", "json"], args].concat(), "")
}

/// `plimsoll scan -f json` of standard input.
pub fn scan_text(args: &[&str], stdin: &str) -> Outcome {
    plimsoll(folder([]).path(), &[&["scan", "-f", "json", "-"], args].concat(), stdin)
}

/// A Deployment `app` about which there are only notes, if the image is `app:1.2.3`. The image is on line 12.
pub fn deployment(image: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  selector: {{ matchLabels: {{ app: app }} }}
  template:
    metadata: {{ labels: {{ app: app }}, annotations: {{ plimsoll.dev/shutdown-timeout: 20s }} }}
    spec:
      containers:
        - name: app
          image: {image}
          readinessProbe: {{ httpGet: {{ path: /readyz, port: 8080 }} }}
"
    )
}

/// Runs `plimsoll` in a folder, with a text on standard input.
pub fn plimsoll(folder: &Path, args: &[&str], stdin: &str) -> Outcome {
    launched(&[], folder, args, stdin)
}

/// The same, started by another program, which is given first with its arguments.
pub fn launched(launcher: &[&str], folder: &Path, args: &[&str], stdin: &str) -> Outcome {
    let program = program().as_os_str();
    let mut words = launcher.iter().map(OsStr::new).chain([program]).chain(args.iter().map(OsStr::new));
    let mut child = Command::new(words.next().unwrap_or(program))
        .args(words)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input closes the pipe: no fault of the test.
    let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Outcome { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A folder with files, gone when the value is.
pub fn folder<const N: usize>(files: [(&str, &str); N]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a file stands in a folder")).expect("a folder for the file");
        std::fs::write(file, text).expect("a file");
    }
    folder
}

/// Keeps what a program logs; a line that is no JSON is kept as a text.
fn follow(child: &mut Child) -> Arc<Mutex<Vec<Value>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let (lines, kept) = (BufReader::new(child.stderr.take().expect("piped")).lines(), Arc::clone(&log));
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            kept.lock().expect("the log").push(value);
        }
    });
    log
}
