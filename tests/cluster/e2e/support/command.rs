//! Programs as people type them, and what these people see.

use std::{
    fmt,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What a command came to.
pub(crate) struct Seen {
    command: String,
    /// Whether its exit code was 0.
    pub(crate) succeeded: bool,
    /// Its exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output, then standard error.
    pub(crate) text: String,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Seen {
    /// What was printed by a command that cannot but succeed.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert!(self.succeeded, "{self}");
        self.text
    }

    /// Without the name of a namespace that is another one each time.
    pub(super) fn without(mut self, namespace: &str) -> Self {
        self.text = self.text.replace(namespace, "NAMESPACE");
        self
    }

    /// What was printed by a command that cannot but fail.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert!(!self.succeeded, "{self}");
        self.text
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let outcome = if self.succeeded { "succeeded" } else { "failed" };
        write!(f, "{} {outcome} after {:.1?}:\n{}", self.command, self.took, self.text)
    }
}

/// Runs `kubectl` with arguments that blanks separate.
pub(crate) fn kubectl(args: &str) -> Seen {
    run(Path::new("kubectl"), &args.split(' ').collect::<Vec<_>>(), "")
}

/// Runs a program with a text on standard input.
pub(crate) fn run(program: &Path, args: &[&str], stdin: &str) -> Seen {
    let start = Instant::now();
    let command = format!("{} {}", program.display(), args.join(" "));
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command}: {error}; `make e2e` runs these tests in a cluster"));
    // A program that does not read its input closes the pipe: no fault of the test.
    let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("programs print UTF-8"));
    let (succeeded, code) = (output.status.success(), output.status.code());
    Seen { command, succeeded, code, text: text.concat(), took: start.elapsed() }
}

/// Waits until something holds; fails after a minute, with the last thing that was seen instead.
#[track_caller]
pub(crate) fn eventually<T, E: fmt::Display>(what: &str, mut look: impl FnMut() -> Result<T, E>) -> T {
    let start = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if start.elapsed() > Duration::from_secs(60) => panic!("not within a minute: {what}\n{seen}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Shows a measured number, also when the test passes: what `println!` prints is shown only when it fails.
pub(crate) fn number(text: &str) {
    writeln!(std::io::stderr(), "    {text}").expect("somebody listens");
}
