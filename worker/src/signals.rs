//! SIGTERM, SIGINT and SIGQUIT, caught from the first statement of `main` on.
//!
//! PID 1 of a container gets no signal that it has no handler for: until there is one, a SIGTERM is lost.

use signal_hook::{
    consts::{SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals as Caught,
};
use std::{io, process, thread};

/// A signal that asks for an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// What Kubernetes and `docker stop` send.
    Term,
    /// Ctrl-C.
    Int,
    /// Ctrl-\.
    Quit,
}

impl Signal {
    /// As everybody calls it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Term => "SIGTERM",
            Signal::Int => "SIGINT",
            Signal::Quit => "SIGQUIT",
        }
    }
}

/// Signals that were caught and wait to be read.
pub struct Signals(Caught);

impl Signals {
    /// Begins to catch them.
    ///
    /// # Errors
    /// The system refuses.
    pub fn catch() -> io::Result<Self> {
        Caught::new([SIGTERM, SIGINT, SIGQUIT]).map(Signals)
    }

    /// Tells of each, on a thread of its own.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn tell(mut self, mut tell: impl FnMut(Signal) + Send + 'static) -> io::Result<()> {
        let listen = move || {
            for number in self.0.forever() {
                tell(match number {
                    SIGINT => Signal::Int,
                    SIGQUIT => Signal::Quit,
                    _ => Signal::Term,
                });
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
    }

    /// Ends the process at the first one, for commands that have nothing to lose.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn end_at_first(mut self) -> io::Result<()> {
        let listen = move || {
            if let Some(number) = self.0.forever().next() {
                process::exit(128 + number);
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
    }
}
