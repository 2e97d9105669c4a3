//! Runs policies as WebAssembly: the only code that names `wasmtime`.
//!
//! An [`Engine`] turns a component into a [`Module`], which says what its policies are and judges objects. Whoever
//! wrote a module, it can read the object that it is given and nothing else, and it costs one verdict at most: it
//! imports no function, every call runs in a fresh instance with a deadline and bounds on memory, stack and answer
//! ([`limits`]), and what it returns is doubted.

mod answer;
mod bounds;
mod builtin;
pub mod compile;
mod config;
mod description;
mod failure;
pub mod limits;
mod load;
mod module;
mod pages;
mod runtime;
mod text;
mod ticker;
mod time;
mod wit;

pub use failure::Failure;
pub use load::LoadError;
pub use module::{Module, Question, SetQuestion};
pub use time::Time;

use runtime::Runtime;
use sha2::{Digest, Sha256};
use std::{borrow::Cow, num::NonZeroUsize, sync::Arc};
use wasmtime::component::Component;

/// Where modules are loaded and run. Made in about half a millisecond; one per process is enough.
pub struct Engine {
    runtime: Arc<Runtime>,
}

/// The engine could not get what it needs from the operating system.
#[derive(Debug, thiserror::Error)]
#[error("the policy engine does not start: {0}")]
pub struct StartError(String);

impl Engine {
    /// An engine with room for as many evaluations at one time as there are threads.
    pub fn new(threads: NonZeroUsize) -> Result<Self, StartError> {
        let runtime = Runtime::start(threads).map_err(|error| StartError(format!("{error:#}")))?;
        Ok(Engine { runtime: Arc::new(runtime) })
    }

    /// The built-in policies.
    pub fn builtin(&self) -> Result<Module, LoadError> {
        let component = builtin::load(self.runtime.engine()).map_err(|e| load::refused(&e))?;
        let pages = pages::read(builtin::WASM).map_err(LoadError::Component)?;
        let pages = pages.into_iter().map(|(id, page)| (id, Cow::Borrowed(page))).collect();
        load::load(&self.runtime, &component, pages, builtin::DIGEST.to_owned())
    }

    /// A module of somebody else, as a component's bytes, compiled by this process: bounded in what is compiled, not in
    /// time and memory.
    pub fn compile(&self, wasm: &[u8]) -> Result<Module, LoadError> {
        self.load(wasm, &compile::here(wasm)?)
    }

    /// The same, compiled by a process of its own, with bounds on time and memory. For the program `plimsoll` alone: the
    /// process is the running program once more, as [`compile::SUBCOMMAND`].
    pub fn compile_apart(&self, wasm: &[u8]) -> Result<Module, LoadError> {
        self.load(wasm, &compile::apart(wasm)?)
    }

    fn load(&self, wasm: &[u8], code: &[u8]) -> Result<Module, LoadError> {
        #[expect(unsafe_code, reason = "code that was compiled ahead of time is run as it is")]
        // SAFETY: wasmtime made this code just now, here or in a process of this very program, and nobody had it in
        // between.
        let component = unsafe { Component::deserialize(self.runtime.engine(), code) };
        let component = component.map_err(|e| load::refused(&e))?;
        let pages = pages::read(wasm).map_err(LoadError::Component)?;
        let pages = pages.into_iter().map(|(id, page)| (id, Cow::Owned(page.to_owned()))).collect();
        load::load(&self.runtime, &component, pages, digest(wasm))
    }
}

/// `sha256:…`.
fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}
