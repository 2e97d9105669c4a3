//! A command whose clock is wrong.

use crate::need::need;
use std::{fs, path::PathBuf, process::Command};

/// The library that tells a program another time.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().filter_map(Result::ok);
    let found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|file| file.is_file());
    need("libfaketime", found, "tests/setup installs it")
}

/// The command with a clock that is ahead by so much, such as `+1h`; none where this machine cannot do that.
pub(crate) fn ahead(mut command: Command, by: &str) -> Option<Command> {
    command.env("LD_PRELOAD", library()?).env("FAKETIME", by).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Some(command)
}
