//! How long calls may take, added up: each takes away what it used.

use std::time::{Duration, Instant};

/// Time for calls of modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    left: Duration,
}

impl Time {
    /// So much of it.
    pub fn of(left: Duration) -> Self {
        Time { left }
    }

    /// What is left.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// Does something that takes time.
    pub(super) fn spend<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let outcome = work();
        self.left = self.left.saturating_sub(start.elapsed());
        outcome
    }

    /// A part of it, taken away here: [`Self::give_back`] returns what is left of the part.
    pub fn part(&mut self, most: Duration) -> Time {
        let part = self.left.min(most);
        self.left -= part;
        Time { left: part }
    }

    /// Returns what is left of a part.
    pub fn give_back(&mut self, part: Time) {
        self.left += part.left;
    }
}
