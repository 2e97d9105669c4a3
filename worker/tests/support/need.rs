//! What a test needs and a machine may lack.

use std::{env, fs::OpenOptions, io::Write, path::Path, thread};

/// What was found, or a skip: a line in a file that `make test` prints at its end. A machine that sets `CI` must have
/// everything, so there the test fails.
pub(crate) fn need<T>(what: &str, found: Option<T>, remedy: &str) -> Option<T> {
    if found.is_none() {
        let line =
            format!("{} {}: no {what}: {remedy}", env!("CARGO_CRATE_NAME"), thread::current().name().unwrap_or("?"));
        assert!(env::var_os("CI").is_none_or(|value| value.is_empty()), "CI must not skip {line}");
        eprintln!("skipped {line}");
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped");
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        // One write, so that lines of tests that run at once stay whole.
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    found
}
