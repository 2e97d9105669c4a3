//! Processes of the workers. The tests are in the cluster's process namespace, which holds those of the pods.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{collections::HashMap, fs};

/// The processes of `plimsoll-worker run` by the `--owner` that each was given.
pub(super) fn by_owner() -> HashMap<String, Pid> {
    let entries = fs::read_dir("/proc").expect("a process table").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((owner(pid)?, Pid::from_raw(pid)))).collect()
}

fn owner(pid: i32) -> Option<String> {
    let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> = command.split('\0').collect();
    let at = words.iter().position(|word| *word == "--owner")?;
    (words[0].ends_with("plimsoll-worker") && words[1] == "run").then(|| words[at + 1].to_owned())
}

/// A process that hangs until this is dropped.
pub(super) struct Stopped(Pid);

impl Stopped {
    /// Stops it.
    pub(super) fn new(process: Pid) -> Self {
        kill(process, Signal::SIGSTOP).expect("it runs");
        Stopped(process)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // The kubelet may have killed it meanwhile.
        let _ = kill(self.0, Signal::SIGCONT);
    }
}
