//! Compiles the built-in policies ahead of time, so that a start costs milliseconds.

#[path = "src/engine/config.rs"]
mod config;

use sha2::{Digest, Sha256};
use std::{env, error::Error, fs, path::Path};
use wasmtime::{CodeBuilder, Engine};

const BUILTIN: &str = "../policies/builtin/builtin.wasm";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={BUILTIN}");
    println!("cargo::rerun-if-changed=src/engine/config.rs");
    let wasm = fs::read(BUILTIN).map_err(|error| format!("{BUILTIN}: {error}; `make policies` builds it"))?;

    // A triple stands for any processor of that architecture: the code runs on other machines than this one.
    let engine = Engine::new(&config::config(Some(&env::var("TARGET")?))?)?;
    let code = CodeBuilder::new(&engine).wasm_binary(&wasm, None)?.compile_component_serialized()?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtin.code"), code)?;
    println!("cargo::rustc-env=PLIMSOLL_BUILTIN_DIGEST=sha256:{:x}", Sha256::digest(&wasm));
    Ok(())
}
