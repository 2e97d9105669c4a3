//! Where guests run: the pool, the clock, and stores that have every limit.

use super::{
    builtin,
    config::config,
    failure::{Failure, MemoryExceeded},
    limits::{ANSWER, DEADLINE, MEMORY, PARTS, SET_ANSWER, SET_DEADLINE, SET_MEMORY, STACK, TABLE},
    ticker::{Ticker, ticks},
    time::Time,
};
use std::{num::NonZeroUsize, time::Duration};
use wasmtime::{Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ResourceLimiter, Store};

/// Slots per thread: two for each of up to four modules, so that an instance finds a slot that is warm from its own
/// module. A slot that nobody touches costs nothing but addresses; too few cost 4 ×. No module can use up those of its
/// thread: a component has fewer instances than that.
const SLOTS_PER_THREAD: u32 = 8;
const _: () = assert!(PARTS < SLOTS_PER_THREAD as usize);

/// At least the memory of a guest at rest, so that cleaning up after one is a copy and no system call.
const KEEP_MEMORY: usize = 192 << 10;

/// The same for the tables of function pointers.
const KEEP_TABLE: usize = 16 << 10;

pub(super) struct Runtime {
    engine: Engine,
    /// Ends with the runtime; modules hold the runtime, so no guest runs without it.
    _ticker: Ticker,
}

impl Runtime {
    pub(super) fn start(threads: NonZeroUsize) -> wasmtime::Result<Self> {
        let mut config = config(None)?;
        // Nothing is compiled here: `compile.rs` has an engine of its own for that, built when there is need.
        config.enable_compiler(false).max_wasm_stack(STACK).coredump_on_trap(true).allocation_strategy(pool(threads));
        builtin::allow(&mut config);
        let engine = Engine::new(&config)?;
        let ticker = Ticker::start(engine.clone())?;
        Ok(Runtime { engine, _ticker: ticker })
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The only place that makes a store: none is without a deadline.
    pub(super) fn store(&self, budget: Budget) -> Store<Limits> {
        let mut store = Store::new(&self.engine, Limits { budget });
        store.limiter(|limits| limits);
        store.set_epoch_deadline(ticks(budget.deadline));
        store.set_hostcall_fuel(budget.answer);
        store
    }
}

fn pool(threads: NonZeroUsize) -> InstanceAllocationStrategy {
    let slots = u32::try_from(threads.get()).unwrap_or(u32::MAX).saturating_mul(SLOTS_PER_THREAD);
    let mut pool = PoolingAllocationConfig::new();
    let parts = PARTS as u32;
    pool.total_component_instances(slots)
        .max_core_instances_per_component(parts)
        .max_memories_per_component(parts)
        .max_tables_per_component(parts)
        .total_core_instances(slots)
        .total_memories(slots)
        .total_tables(slots)
        .max_unused_warm_slots(slots)
        .max_memory_size(SET_MEMORY)
        .table_elements(TABLE)
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE);
    InstanceAllocationStrategy::Pooling(pool)
}

/// What one call may cost.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    pub(super) deadline: Duration,
    /// In bytes.
    pub(super) memory: usize,
    /// What the host copies out of the answer, in bytes.
    pub(super) answer: usize,
}

impl Budget {
    /// A call about one object, or none.
    pub(super) const OBJECT: Budget = Budget { deadline: DEADLINE, memory: MEMORY, answer: ANSWER };
    /// A call about a set of objects.
    pub(super) const SET: Budget = Budget { deadline: SET_DEADLINE, memory: SET_MEMORY, answer: SET_ANSWER };

    /// The same in no more time than there is.
    pub(super) fn within(self, time: &Time) -> Result<Budget, Failure> {
        let deadline = self.deadline.min(time.left());
        if deadline.is_zero() { Err(Failure::NoTime) } else { Ok(Budget { deadline, ..self }) }
    }
}

/// What a guest may grow to.
pub(super) struct Limits {
    pub(super) budget: Budget,
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.budget.memory { Err(MemoryExceeded.into()) } else { Ok(true) }
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE)
    }
}
