//! `plimsoll serve` through its front door: real TLS, real processes, real signals, real collectors.

mod answers;
mod deadlines;
mod failures;
#[path = "../cases/engine/guest.rs"]
mod guest;
mod malformed;
mod namespaces;
mod passes;
mod updates;
