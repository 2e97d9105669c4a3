//! The pure parts, by their public interface. Not unit tests of the library: these would compile all of it a second time.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod assignment;
mod held;
mod life;
mod retry;
