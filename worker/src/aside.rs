//! What is done beside the life, on a plain thread: it may block for good, and the end of the process ends it.

use std::thread;

/// Does something aside. If the machine has no thread left it is not done: whoever waits for it has a deadline anyway.
pub(crate) fn aside(work: impl FnOnce() + Send + 'static) {
    if let Err(error) = thread::Builder::new().spawn(work) {
        let error = error.to_string();
        tracing::error!(error, "no thread");
    }
}
