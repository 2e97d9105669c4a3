//! What a test needs and a machine may lack.

use crate::target;
use std::{
    env,
    fmt::Display,
    fs::{OpenOptions, create_dir_all},
    io::Write,
    path::PathBuf,
    thread,
};

/// A program in `PATH`, or a skip.
pub fn need(program: &str) -> Option<PathBuf> {
    or_skip(program, in_path(program).ok_or("tests/setup installs it"))
}

/// What was found, or a skip: `make test` lists all skips at its end. A machine that sets `CI` must have everything, so
/// there the test fails. The error says what to do.
pub fn or_skip<T>(what: &str, found: Result<T, impl Display>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(error) => {
            let line = format!("{}: no {what}: {error:#}", test());
            assert!(env::var_os("CI").is_none_or(|value| value.is_empty()), "CI must not skip {line}");
            eprintln!("skipped {line}");
            record(&line);
            None
        }
    }
}

/// Looks where Debian keeps servers, too.
pub fn in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The binary and the name of the running test.
fn test() -> String {
    let exe = env::current_exe().ok();
    let stem = exe.as_ref().and_then(|exe| exe.file_stem()).map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let binary = stem.rsplit_once('-').map_or(&*stem, |(binary, _hash)| binary);
    format!("{binary} {}", thread::current().name().unwrap_or("?"))
}

/// One write per line, so that lines of tests that run at once stay whole.
fn record(line: &str) {
    let folder = target().join("tmp");
    let file = create_dir_all(&folder)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(folder.join("skipped")));
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())).expect("a skip must be recorded");
}
