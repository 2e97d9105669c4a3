//! Builds policies as WebAssembly.
