//! The only code that says `wasmtime`.
