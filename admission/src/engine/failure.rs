//! Why a call of a module came to nothing.

use super::limits::{DEADLINE, MEMORY};
use std::fmt;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, WasmCoreDump};

/// Why a call of a module came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It ran longer than [`DEADLINE`].
    #[error("it was stopped after {} ms", DEADLINE.as_millis())]
    Deadline,
    /// It asked for more than 4 MiB of memory.
    #[error("it asked for more than {} MiB of memory", MEMORY >> 20)]
    Memory,
    /// It called itself too often.
    #[error("it ran out of stack")]
    Stack,
    /// It panicked; the text and place of the panic.
    #[error("it panicked: {0}")]
    Panic(String),
    /// It trapped without a panic.
    #[error("it trapped: {0}")]
    Trap(String),
    /// It returned what is no answer.
    #[error("its answer cannot be taken: {0}")]
    BadAnswer(String),
    /// It reported an error of its own.
    #[error("it reports: {0}")]
    Reported(String),
    /// More calls at one time than the engine was made for: no fault of the module.
    #[error("more evaluations at one time than the engine has room for")]
    NoRoom,
}

/// Says that a guest asked for more memory than it may have.
#[derive(Debug)]
pub(super) struct MemoryExceeded;

impl std::error::Error for MemoryExceeded {}

impl fmt::Display for MemoryExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Failure::Memory, f)
    }
}

impl Failure {
    /// The cause of an error that wasmtime returned; the store is the one in which it happened.
    pub(super) fn of<T: 'static>(error: &wasmtime::Error, store: &Store<T>) -> Self {
        if error.is::<MemoryExceeded>() {
            return Failure::Memory;
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Failure::NoRoom;
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Failure::Deadline,
            Some(Trap::StackOverflow) => Failure::Stack,
            Some(trap) => panic_text(error, store).map_or_else(|| Failure::Trap(describe(*trap)), Failure::Panic),
            None => Failure::BadAnswer(super::text::clean(&error.root_cause().to_string())),
        }
    }
}

fn describe(trap: Trap) -> String {
    trap.to_string().trim_start_matches("wasm trap: ").to_owned()
}

fn panic_text<T: 'static>(error: &wasmtime::Error, store: &Store<T>) -> Option<String> {
    let dump = error.downcast_ref::<WasmCoreDump>()?;
    let text = dump.memories().iter().find_map(|memory| plimsoll_policy::panic::message(memory.data(store)))?;
    Some(super::text::clean(&text))
}
