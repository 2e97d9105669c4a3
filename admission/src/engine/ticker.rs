//! The clock of the deadline.

use super::limits::{DEADLINE, TICK};
use std::{
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::JoinHandle,
};

/// Number of ticks after which a call is interrupted. One more than fit into the deadline: the first may come at once.
pub(super) const TICKS: u64 = (DEADLINE.as_millis() / TICK.as_millis()) as u64 + 1;

/// Moves the epoch of an engine until it is dropped.
pub(super) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("ticker".to_owned()).stack_size(64 << 10).spawn(move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has no way to panic, and a panic would change nothing here.
            let _ = thread.join();
        }
    }
}
