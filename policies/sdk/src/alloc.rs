//! The guest's allocator: a bump over the memory that every fresh instance already has.
//!
//! An instance lives for one call, so nothing is given back except the last block. Rust's default allocator grows
//! memory at the first allocation, which costs a system call and page faults per evaluation (1.6 × as slow). No
//! crate does this: `static-alloc` cannot grow, `lol_alloc` grows from the first byte on.
#![allow(unsafe_code, reason = "an allocator hands out raw memory; each place says why it is sound")]

use std::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32::{memory_grow, memory_size},
    ptr,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

const WASM_PAGE: usize = 65_536;

#[global_allocator]
static ALLOCATOR: Bump = Bump { next: AtomicUsize::new(0) };

/// The address of the next free byte; 0 before the first allocation. Atomic only to be `Sync`: a guest has one
/// thread, and a relaxed access compiles to a plain one.
struct Bump {
    next: AtomicUsize,
}

impl Bump {
    fn next(&self) -> usize {
        match self.next.load(Relaxed) {
            0 => (&raw const __heap_base).addr(),
            next => next,
        }
    }

    /// Moves the end of what is handed out to `start + size`, growing memory if need be.
    fn reach(&self, start: usize, size: usize) -> Option<()> {
        let end = start.checked_add(size)?;
        let missing = end.saturating_sub(memory_size::<0>() * WASM_PAGE);
        if missing > 0 && memory_grow::<0>(missing.div_ceil(WASM_PAGE)) == usize::MAX {
            return None;
        }
        self.next.store(end, Relaxed);
        Some(())
    }

    fn is_last(&self, block: *mut u8, size: usize) -> bool {
        block.addr() + size == self.next()
    }
}

// SAFETY: the linker puts this symbol behind the stack and all data; only its address is taken.
unsafe extern "C" {
    safe static __heap_base: u8;
}

// SAFETY: a block lies within memory, is aligned, and overlaps no other live block: `next` only moves past it, and
// back to its start when it is freed. Nothing here unwinds.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.next().checked_next_multiple_of(layout.align());
        match start.and_then(|start| self.reach(start, layout.size()).map(|()| start)) {
            Some(start) => ptr::with_exposed_provenance_mut(start),
            None => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if self.is_last(block, layout.size()) {
            self.next.store(block.addr(), Relaxed);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.is_last(block, layout.size()) {
            return self.reach(block.addr(), size).map_or(ptr::null_mut(), |()| block);
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller promises that `size`, rounded up to the alignment, is a valid size.
        let layout_of_new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: `size` is greater than the size of a block, so it is not zero.
        let new = unsafe { self.alloc(layout_of_new) };
        if !new.is_null() {
            // SAFETY: both blocks are at least as long as the old one, and a new block overlaps no live one.
            unsafe { ptr::copy_nonoverlapping(block, new, layout.size()) };
        }
        new
    }
}
