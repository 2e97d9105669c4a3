//! The clock of the deadline.

use super::limits::TICK;
use std::{
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

/// Number of ticks after which a call is interrupted. One more than fit into the deadline: the first may come at once.
pub(super) const fn ticks(deadline: Duration) -> u64 {
    (deadline.as_millis() / TICK.as_millis()) as u64 + 1
}

/// Moves the epoch of an engine until it is dropped.
pub(super) struct Ticker {
    /// Hanging up stops the thread. Nobody waits for it: that would cost the end of each scan up to a millisecond.
    _line: Sender<()>,
}

impl Ticker {
    pub(super) fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let (line, other_end) = mpsc::channel();
        thread::Builder::new().name("ticker".to_owned()).stack_size(64 << 10).spawn(move || {
            while other_end.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker { _line: line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_ends_when_the_ticker_is_dropped() {
        let engine = wasmtime::Engine::default();
        let held_by_the_thread = engine.weak();
        drop(Ticker::start(engine).unwrap());
        while held_by_the_thread.upgrade().is_some() {
            thread::yield_now();
        }
    }
}
