//! How a connection waits for its turn to write.
//!
//! SQLite has no queue for that: whoever waits asks again, and its own handler does so ever more seldom, up to every 100 ms. While
//! another connection writes one transaction after the other, the gaps between them are shorter than that, and who waits
//! finds none of them before its time is over: "database is locked". So this asks once a millisecond, which costs some
//! microseconds each time.

use crate::engine::CALL;
use std::{
    cell::Cell,
    thread,
    time::{Duration, Instant},
};

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(1);

thread_local! {
    /// When this thread began to wait. One thread waits for one connection.
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Whether to ask again, after it was asked so often in vain.
pub(super) fn wait(asked: i32) -> bool {
    let now = Instant::now();
    let since = if asked == 0 { now } else { SINCE.get().unwrap_or(now) };
    SINCE.set(Some(since));
    let waits = now.duration_since(since) < CALL;
    if waits {
        thread::sleep(PAUSE);
    }
    waits
}
