//! Memory goes back to the system after a large review: the allocator of glibc by itself keeps most of it for ever, and
//! the pod would look as if it leaked.

/// Gives back what is free. Takes milliseconds, so it is for after what took much.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn release_memory() {
    #[expect(unsafe_code, reason = "no safe interface has this call")]
    // SAFETY: it takes any number, touches free memory alone, and is safe to call from every thread.
    unsafe {
        nix::libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn release_memory() {}
