//! From a policy crate to a WebAssembly component.
//!
//! ```text
//! compiler (active toolchain │ rustup target add │ Debian's packages) ─▶ cargo ─▶ core module ─▶ component
//! ```
//!
//! The built-in policies are committed as built, so that nobody who does not change them needs any of this; their
//! [`Lock`] says what they were built from. What is deliberately not here: running a module. That is `plimsoll`'s.

mod builtin;
mod cargo;
mod command;
mod compiler;
mod component;
mod debian;
mod lock;
mod sources;

pub use builtin::{Bytes, check, write};
pub use cargo::{Plan, build};
pub use compiler::{Compiler, Way};
pub use component::encode;
pub use lock::{Lock, digest};
pub use sources::source_digest;

/// The target of all policies: WebAssembly without any system interface.
pub const TARGET: &str = "wasm32-unknown-unknown";
