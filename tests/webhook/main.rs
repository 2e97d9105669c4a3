//! `plimsoll serve` through its front door: real TLS, real processes, real signals, real collectors.

mod answers;
mod blinding;
mod connections;
mod deadlines;
mod differential;
mod failures;
#[path = "../cases/engine/guest.rs"]
mod guest;
mod life;
mod loading;
mod malformed;
mod memory;
mod metrics;
mod namespaces;
mod others_got_wrong;
mod padding;
mod passes;
mod reload;
mod rolling;
mod rotation;
mod tls;
mod tracing;
mod updates;
