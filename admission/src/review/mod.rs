//! AdmissionReview to answer; pure: no IO, not async, no clock.
//!
//! [`Review::read`] takes what the API server sends, [`decide`] judges it with the engine and the defaults that a
//! scan uses, and [`Decision::answer`] is what goes back. What may refuse:
//!
//! - CREATE: findings at `deny`.
//! - UPDATE: those among them that the old object did not have, or had less gravely, so that a new rule never blocks
//!   what already runs.
//! - A policy that gave no verdict, or an object that could not be judged, where `on-failure: deny` says so.
//! - Nothing in a namespace whose mode is `warn`.
//! - Nothing else: not DELETE, not a subresource, not an object that is being deleted (or its finalizers could not be
//!   removed), not a change of metadata or status alone, not what an owner that is judged makes.

mod answer;
mod before;
mod bounds;
mod decide;
mod decision;
mod field;
mod message;
mod outline;
mod request;
mod unchanged;

pub use answer::Answer;
pub use bounds::{LINE, shown};
pub use decide::{Terms, decide, undecided};
pub use decision::{Decision, Outcome, Weighed, Weight};
pub use outline::{Head, Outline};
pub use request::{Malformed, Operation, Review};
