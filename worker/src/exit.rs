//! How a process ends, as whoever started it reads it.

use std::{fmt, process::ExitCode};

/// Exit codes of `run`; the other commands use those that apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Everything that was begun is settled.
    Clean,
    /// The queue was not there, or not ready, until the deadline of the start.
    Dependency,
    /// A fault of the program itself.
    Internal,
    /// Jobs did not end in time and were given back; nothing is lost.
    Released,
    /// A setting is wrong.
    Configuration,
    /// A second SIGINT: stopped at once. Leases run out by themselves.
    Forced,
}

impl Exit {
    /// The number, after sysexits.h where it has one.
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Dependency => 69,
            Exit::Internal => 70,
            Exit::Released => 75,
            Exit::Configuration => 78,
            Exit::Forced => 130,
        }
    }
}

/// As the context of an error: no setting mends it, because this machine lacks something. A process that cannot begin
/// because of it ends with [`Exit::Internal`].
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) &'static str);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
