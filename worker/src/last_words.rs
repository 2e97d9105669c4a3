//! What a worker says at its end: one line of JSON, for the log and for `/dev/termination-log`, where the kubelet reads it
//! into the status of the pod.

use crate::{ends::Ends, life::State, telemetry::Exports};
use serde::Serialize;
use std::{fs::OpenOptions, io::Write, path::Path};

/// The kubelet cuts what is longer than 4 KiB for a whole pod of containers; two kibibytes leave room for others.
const LONGEST: usize = 2048;

/// The last words.
#[derive(Debug, Serialize)]
pub struct LastWords<'a> {
    /// The states that it went through.
    pub path: &'a [State],
    /// The signal, or the fault, that ended it.
    pub because: &'a str,
    /// Jobs or changes that were in flight when it was told to stop. Each of them ended in one of the ways that follow.
    pub in_flight: usize,
    /// How they ended.
    #[serde(flatten)]
    pub ends: Ends,
    /// What became of its telemetry.
    pub telemetry: Exports,
    /// Log lines that standard error did not take.
    pub lines_dropped: u64,
    /// From the signal to these words.
    pub elapsed_ms: u128,
    /// Its exit code.
    pub exit: u8,
}

impl LastWords<'_> {
    /// Says them.
    pub fn say(&self, file: &Path) {
        let mut text = serde_json::to_string(self).unwrap_or_default();
        if text.len() > LONGEST {
            // Only the path can be long: a worker may have been paused a hundred times.
            let short = LastWords { path: &self.path[self.path.len().saturating_sub(4)..], ..*self };
            text = serde_json::to_string(&short).unwrap_or_default();
        }
        tracing::info!(last_words = text, "ended");
        // Outside of a container there is no such file, and nobody who reads it.
        if let Ok(mut file) = OpenOptions::new().write(true).truncate(true).open(file) {
            let _unread = file.write_all(text.as_bytes());
        }
    }
}
