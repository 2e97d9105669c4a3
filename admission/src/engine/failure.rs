//! Why a call of a module came to nothing.

use super::runtime::Limits;
use std::{fmt, time::Duration};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, WasmCoreDump};

/// Why a call of a module came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It ran longer than this.
    #[error("it was stopped after {} ms", .0.as_millis())]
    Deadline(Duration),
    /// Its module had used up its time before.
    #[error("its module has used up its time")]
    NoTime,
    /// It asked for more memory than this, in bytes.
    #[error("it asked for more than {} MiB of memory", .0 >> 20)]
    Memory(usize),
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
        f.write_str("more memory than it may have")
    }
}

impl Failure {
    /// The cause of an error that wasmtime returned; the store is the one in which it happened.
    pub(super) fn of(error: &wasmtime::Error, store: &Store<Limits>) -> Self {
        if error.is::<MemoryExceeded>() {
            return Failure::Memory(store.data().budget.memory);
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Failure::NoRoom;
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Failure::Deadline(store.data().budget.deadline),
            Some(Trap::StackOverflow) => Failure::Stack,
            Some(trap) => panic_text(error, store).map_or_else(|| Failure::Trap(describe(*trap)), Failure::Panic),
            None => Failure::BadAnswer(super::text::clean(&error.root_cause().to_string())),
        }
    }
}

fn describe(trap: Trap) -> String {
    trap.to_string().trim_start_matches("wasm trap: ").to_owned()
}

fn panic_text(error: &wasmtime::Error, store: &Store<Limits>) -> Option<String> {
    let dump = error.downcast_ref::<WasmCoreDump>()?;
    let text = dump.memories().iter().find_map(|memory| plimsoll_policy::panic::message(memory.data(store)))?;
    Some(super::text::clean(&text))
}
