//! How much the monitor reads and remembers. What is beyond is left out of explanations; it changes no verdict.

/// Bytes of a manifest, or of Helm's record once it is unpacked. Beyond it is an error.
pub const MANIFEST: u64 = 64 * 1024 * 1024;

/// Events that are remembered.
pub const EVENTS: usize = 5000;

/// Pods that ended and are remembered.
pub const DEPARTED: usize = 500;

/// Lines of one log.
pub const LOG_LINES: u32 = 10;

/// Bytes of one log.
pub const LOG_BYTES: u32 = 8 * 1024;
