//! A worker's life through its front door: real processes, signals, sockets.
#![allow(missing_docs, reason = "a test binary has no readers of its documentation")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod access;
#[path = "../support/clock.rs"]
mod ahead;
mod boot;
mod call;
mod cancel;
mod clock;
mod contradictions;
mod dead;
mod delay;
mod drain;
mod ends;
mod exits;
mod feed;
mod files;
mod handlers;
mod health;
mod intake;
mod limits;
#[path = "../support/nats.rs"]
#[allow(dead_code, reason = "other test binaries use the rest")]
mod nats;
#[path = "../support/need.rs"]
mod need;
mod pause;
#[path = "../support/place.rs"]
#[allow(dead_code, reason = "other test binaries use the rest")]
mod place;
#[path = "../support/process.rs"]
#[allow(dead_code, reason = "other test binaries use the rest")]
mod process;
mod retention;
mod signals;
mod stalled;
mod strikes;
