//! The built-in policies: their WebAssembly, and the machine code that the build script made of it.
//!
//! On x86-64 the code is run where it lies in the program's file. Copied into memory first, as wasmtime does by
//! itself, its 1.3 MB cost 1.5 ms and 330 page faults at each start; in place it is 0.3 ms. Elsewhere it is copied:
//! there, code that was just made executable also takes care of the instruction cache, which wasmtime knows best.

use wasmtime::{Config, Engine, Result, component::Component};

/// `policies/builtin/builtin.wasm`.
pub(super) const WASM: &[u8] = include_bytes!("../../../policies/builtin/builtin.wasm");

/// Digest of [`WASM`].
pub(super) const DIGEST: &str = env!("PLIMSOLL_BUILTIN_DIGEST");

/// On the boundary of a page, so that its sections are too.
#[repr(C, align(4096))]
struct Aligned<T: ?Sized>(T);

static CODE: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/builtin.code")));

/// Copies the code and loads the copy.
fn copy(engine: &Engine) -> Result<Component> {
    #[expect(unsafe_code, reason = "code that was compiled ahead of time is run as it is")]
    // SAFETY: wasmtime made this code, in the build script.
    unsafe {
        Component::deserialize(engine, &CODE.0)
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) use copy as load;

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn allow(_config: &mut Config) {}

#[cfg(target_arch = "x86_64")]
pub(super) use in_place::{allow, load};

#[cfg(target_arch = "x86_64")]
mod in_place {
    use super::{CODE, Component, Config, Engine, Result, copy};
    use rustix::mm::{MprotectFlags, mprotect};
    use std::{
        ptr::NonNull,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
    };
    use wasmtime::CustomCodeMemory;

    /// Prepares an engine for [`load`].
    pub(in super::super) fn allow(config: &mut Config) {
        config.with_custom_code_memory(Some(Arc::new(Pages)));
    }

    /// In place the first time. Wasmtime takes each address for the code of one module only, so whoever loads it
    /// again gets a copy.
    pub(in super::super) fn load(engine: &Engine) -> Result<Component> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if TAKEN.swap(true, Ordering::Relaxed) {
            return copy(engine);
        }
        #[expect(unsafe_code, reason = "code that was compiled ahead of time is run as it is")]
        // SAFETY: as in `copy`; it is part of the program, so it stays, and nobody writes to it.
        unsafe {
            Component::deserialize_raw(engine, NonNull::from(&CODE.0))
        }
    }

    /// Makes code executable. It is never writable at the same time: here it never was, and in memory that wasmtime
    /// mapped it no longer is.
    struct Pages;

    impl CustomCodeMemory for Pages {
        fn required_alignment(&self) -> usize {
            4096
        }

        fn publish_executable(&self, code: *const u8, length: usize) -> Result<()> {
            #[expect(unsafe_code, reason = "no safe interface can know what a page holds")]
            // SAFETY: wasmtime asks for the pages of a code section and no others; they stay readable.
            unsafe {
                mprotect(code.cast_mut().cast(), length, MprotectFlags::READ | MprotectFlags::EXEC)?;
            }
            Ok(())
        }

        /// Nothing to do: the program's own pages may stay as they are, and the others are about to be unmapped.
        fn unpublish_executable(&self, _code: *const u8, _length: usize) -> Result<()> {
            Ok(())
        }
    }
}
