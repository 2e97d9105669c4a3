//! Modules of somebody else, compiled when they are loaded.

use super::{
    config::config,
    load::{LoadError, refused},
};
use wasmtime::{CodeBuilder, Engine};

/// Machine code for this very machine.
pub(super) fn compile(wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    const MAGIC: &[u8] = b"\0asm";
    const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
    if !wasm.starts_with(MAGIC) {
        return Err(LoadError::Component("it does not begin with `\\0asm`".to_owned()));
    }
    if wasm.starts_with(CORE_MODULE) {
        return Err(LoadError::CoreModule);
    }
    let engine = config(None).and_then(|config| Engine::new(&config)).map_err(|e| refused(&e))?;
    CodeBuilder::new(&engine)
        .wasm_binary(wasm, None)
        .and_then(|builder| builder.compile_component_serialized())
        .map_err(|e| refused(&e))
}
