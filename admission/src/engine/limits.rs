//! What a module may cost and may say. Whoever wrote it, it costs one verdict at most.

use std::time::Duration;

/// Longest time that one call of a module takes; a thousand times what the built-in policies need, so that a machine
/// under load does not turn verdicts into failures.
pub const DEADLINE: Duration = Duration::from_millis(200);

/// Longest time that all calls of one module about one object take, however many policies it has; one that is not
/// built in.
pub const MODULE: Duration = Duration::from_millis(600);

/// The same for a set of objects.
pub const SET_MODULE: Duration = Duration::from_secs(6);

/// The same as [`DEADLINE`] for a call about a set of objects, which is asked once per namespace and input.
pub const SET_DEADLINE: Duration = Duration::from_secs(2);

/// How often the clock of the deadline moves.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Most memory of an instance, in bytes; a hundred times what the built-in policies need. What `manifest` makes of the
/// largest object fits into it.
pub const MEMORY: usize = 16 << 20;

/// The same for a call about a set.
pub const SET_MEMORY: usize = 64 << 20;

/// Most bytes of an object as JSON that a policy is given, if it wants the whole object: what it makes of the text is
/// several times as large.
pub const RAW: usize = 256 << 10;

/// Most stack of a call, in bytes, on the host's stack: an eighth of what a thread has by default. The stack that a
/// Rust guest keeps in its own memory is smaller still.
pub(crate) const STACK: usize = 256 << 10;

/// Most core instances, memories and tables of a component. One that a compiler made of one crate has one of each.
pub(crate) const INSTANCES: u32 = 4;

/// Most entries of a table of function pointers; a large guest has a few hundred.
pub(crate) const TABLE: usize = 4096;

/// Most bytes that the host copies out of one answer. An honest one has a few kilobytes.
pub(crate) const ANSWER: usize = 4 << 20;

/// Most findings about one object. An object would have to have a thousand containers.
pub const FINDINGS: usize = 4096;

/// Most places that explain one finding.
pub const RELATED: usize = 100;

/// Most edits that fix one finding.
pub const EDITS: usize = 100;

/// Most bytes of a message or a help text. What is longer is cut, not refused: a policy may quote the manifest, and a
/// manifest must not be able to make a policy fail.
pub const TEXT: usize = 4096;

/// Most bytes of a pointer. One that is longer is cut to the steps that fit.
pub const POINTER: usize = 4096;

/// Most policies of a module.
pub const POLICIES: usize = 100;

/// Most rules of a policy.
pub const RULES: usize = 200;

/// Most bytes of the name of a policy or a rule.
pub const NAME: usize = 64;
