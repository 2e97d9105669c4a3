//! What a module may cost and may say. Whoever wrote it, it costs one verdict at most.

use std::time::Duration;

/// Longest time that one call of a module takes; a thousand times what the built-in policies need, so that a machine
/// under load does not turn verdicts into failures.
pub const DEADLINE: Duration = Duration::from_millis(200);

/// Longest time that all calls of one module about one object take, however many policies it has; one that is not
/// built in.
pub const MODULE_TIME: Duration = Duration::from_millis(600);

/// The same for a set of objects.
pub const SET_MODULE_TIME: Duration = Duration::from_secs(6);

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
pub const STACK: usize = 256 << 10;

/// Most entries of a table of function pointers; a large guest has a few hundred.
pub(crate) const TABLE: usize = 4096;

/// Most bytes that the host copies out of one answer. An honest one has a few kilobytes.
pub(crate) const ANSWER: usize = 4 << 20;

/// The same for an answer about a set.
pub(crate) const SET_ANSWER: usize = SET_MEMORY;

/// Most findings about one object. An object would have to have a thousand containers.
pub const FINDINGS: usize = 4096;

/// Most findings about a set: a few for each object of the largest set that is judged.
pub const SET_FINDINGS: usize = 40_000;

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

/// Most bytes of a module; thirty times what the built-in policies have.
pub const MODULE: usize = 4 << 20;

/// Most functions of a module. A function costs the compiler about as much as it has bytes.
pub const FUNCTIONS: usize = 20_000;

/// Most bytes of one function. A compiler's work grows faster than a function.
pub const FUNCTION: usize = 256 << 10;

/// Most locals of one function.
pub const LOCALS: usize = 5_000;

/// Most loops inside each other: each checks the deadline, and a thousand of them compile for a minute.
pub const LOOPS: usize = 64;

/// Most blocks inside each other; a `match` of a thousand arms is so deep.
pub const NESTING: usize = 2_000;

/// Most core instances, memories and tables of a module, each. Every thread has room for twice as many, so that no
/// module takes the room of another.
pub const PARTS: usize = 4;

/// Most core modules, components and component instances inside a module.
pub const SECTIONS: usize = 32;

/// Longest time that compiling one module takes, and most time of processors; a hundred times what a policy takes.
pub const COMPILE_TIME: Duration = Duration::from_secs(20);

/// Most memory of the process that compiles a module, in bytes.
pub const COMPILE_MEMORY: usize = 192 << 20;

/// Most machine code of a module, in bytes.
pub const MACHINE_CODE: usize = 32 << 20;
