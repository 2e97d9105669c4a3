//! `plimsoll-worker` as people run it: queues of its own, processes that are watched, spoken to and ended by their id.

mod process;
mod queue;

pub use process::{Exited, Worker};
pub use queue::{Queue, outcome};

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// `plimsoll-worker`.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| crate::built("plimsoll-worker"))
}
