//! What compiled code depends on: one piece of code for the build script, which compiles the built-in policies, and
//! for the program, which runs them.

use wasmtime::{Config, Result, WasmFeatures};

/// What Rust compiled for `wasm32-unknown-unknown` does not need. Fewer features are less to trust.
const UNUSED: WasmFeatures = WasmFeatures::SIMD
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::FUNCTION_REFERENCES);

/// Settings for compiling and for running.
///
/// `target` is a triple: code then runs on every processor of that architecture. Without one it is compiled for the
/// processor at hand.
pub(crate) fn config(target: Option<&str>) -> Result<Config> {
    let mut config = Config::new();
    if let Some(target) = target {
        config.target(target)?;
    }
    config
        .wasm_features(UNUSED, false)
        // The deadline. Costs 10 %; fuel would cost 20 %.
        .epoch_interruption(true)
        // All that a 32-bit pointer can reach is a guest's own or a guard, so code needs no checks of bounds: it is a
        // fifth smaller and a fifth faster. Costs 4 GiB of addresses per slot of the pool, and no memory.
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .memory_may_move(false)
        // Nobody reads a backtrace: the cause of a failure is the trap, and the text of the panic.
        .generate_address_map(false)
        .native_unwind_info(false);
    Ok(config)
}
