//! The processes of the webhook's pods. The tests are in the cluster's process namespace, which holds those of the pods.

use std::{fs, process::Command};

/// The processes of all replicas.
pub(crate) struct Replicas(Vec<u32>);

impl Replicas {
    /// Those that run now.
    pub(crate) fn running() -> Self {
        let entries = fs::read_dir("/proc").expect("a process table").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Replicas(pids.filter(|pid| serves(*pid)).collect())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Kills them, as the kernel does when memory runs out.
    pub(crate) fn kill(&self) {
        self.signal("KILL");
    }

    /// They hang until this is dropped.
    pub(crate) fn freeze(self) -> Frozen {
        self.signal("STOP");
        Frozen(self)
    }

    fn signal(&self, name: &str) {
        let pids = self.0.iter().map(ToString::to_string);
        let status = Command::new("kill").arg(format!("-{name}")).args(pids).status().expect("kill is there");
        assert!(status.success(), "kill -{name} {:?}: {status}", self.0);
    }
}

/// Replicas that hang.
pub(crate) struct Frozen(Replicas);

impl Drop for Frozen {
    fn drop(&mut self) {
        let pids = self.0.0.iter().map(ToString::to_string);
        // One that the kubelet has replaced meanwhile is no longer there.
        let _ = Command::new("kill").arg("-CONT").args(pids).status();
    }
}

fn serves(pid: u32) -> bool {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = command.split(|byte| *byte == 0);
    words.next().is_some_and(|program| program.ends_with(b"plimsoll")) && words.next() == Some(b"serve")
}
