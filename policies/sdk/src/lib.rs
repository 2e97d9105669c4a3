//! Everything a Plimsoll policy is written with.
//!
//! A policy implements [`Policy`]: it gets a [`Workload`] as the API server would store it, defaults filled in,
//! and pushes [`Finding`]s. [`export!`] turns one or more policies into a WebAssembly component that imports no
//! function; the same crate compiles natively for tests. The host uses these types too, so what it packs is what
//! a policy unpacks.
//!
//! What is deliberately not here: reading YAML and filling in defaults (the host does it once for all policies),
//! and anything that reaches out of the guest.

pub mod agent;
#[cfg(target_family = "wasm")]
mod alloc;
pub mod contract;
mod controller;
mod duration;
pub mod examples;
#[cfg(target_family = "wasm")]
mod export;
mod finding;
pub mod glob;
pub mod image;
pub mod page;
pub mod panic;
mod pointer;
mod policy;
pub mod request;
mod rule;
mod selector;
mod set;
pub mod shell;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod waiting;
pub mod workload;
mod written;

pub use duration::Duration;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use export::__private;
pub use finding::{Edit, Finding, Findings, Related, Safety};
pub use pointer::Pointer;
pub use policy::{Description, Input, Policy};
pub use request::Run;
pub use rule::{Level, Levels, Rule, about};
pub use set::{Autoscaler, Claim, DisruptionBudget, Member, Service, ServicePort, Set, Utilization};
pub use workload::Workload;

/// Exports one or more policies as one WebAssembly module: `plimsoll_policy::export!(MyPolicy);`, in the `lib.rs` of a
/// crate with `crate-type = ["cdylib", "rlib"]`.
///
/// Compiled for anything else than WebAssembly it expands to nothing.
#[cfg(not(target_family = "wasm"))]
#[macro_export]
macro_rules! export {
    ($($policy:ty),+ $(,)?) => {};
}
