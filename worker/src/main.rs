//! `plimsoll-worker`: a queue and change-feed worker that loses nothing when it is stopped or killed.

use plimsoll_worker::{cli, exit::Exit, handlers::Handlers, hooks::Hooks, signals::Signals};
use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: as PID 1 a SIGTERM is lost until it is caught.
    match Signals::catch() {
        Ok(signals) => cli::run(signals, Handlers::samples, Hooks::default()).into(),
        Err(error) => {
            eprintln!("error: signals cannot be caught: {error}");
            Exit::Internal.into()
        }
    }
}
