//! A line on the terminal that says how far a scan is, if it takes so long that somebody would ask.

use crate::watch::Watch;
use std::{
    io::{IsTerminal, Write, stderr},
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// What is done by then needs no line.
const PATIENCE: Duration = Duration::from_millis(500);
const EVERY: Duration = Duration::from_millis(100);
const CLEAR_LINE: &str = "\r\x1b[K";

/// Shows the line until it is dropped.
pub(super) struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Of a scan. Nothing is shown unless standard error is a terminal.
    pub(super) fn of(watch: &Arc<Watch>) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        if !stderr().is_terminal() || is_dumb {
            return Progress { stop: None, thread: None };
        }
        let (stop, stopped) = channel::<()>();
        let watch = Arc::clone(watch);
        let show = move || {
            let mut wait = PATIENCE;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = EVERY;
                // A terminal that is gone is no reason to stop.
                let _ = write!(stderr(), "{CLEAR_LINE}scanning: {}", watch.how_far());
            }
            if wait == EVERY {
                let _ = write!(stderr(), "{CLEAR_LINE}");
            }
        };
        Progress { stop: Some(stop), thread: thread::Builder::new().spawn(show).ok() }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
