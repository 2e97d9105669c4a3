//! What a panic said, where the host can find it after the trap.
//!
//! A guest imports no function, so it cannot print. It leaves the text in its memory instead, and the host reads it
//! from the core dump that it takes on a trap: [`message`] finds it there.

#[cfg(target_family = "wasm")]
use std::{
    fmt::{self, Write},
    panic::PanicHookInfo,
    sync::atomic::{AtomicU8, Ordering::Relaxed},
};

/// Stands once in the memory of a guest, before any text that a manifest brings in: behind it are the UTF-8 text of
/// the panic and a NUL; the NUL alone as long as there was no panic.
pub const MARKER: &str = "plimsoll:panic:";

/// Room for the text; what is longer is cut.
const CAPACITY: usize = 512;

/// The text of the panic in a dump of a guest's memory.
pub fn message(memory: &[u8]) -> Option<String> {
    let marker = MARKER.as_bytes();
    let start = memory.windows(marker.len()).position(|window| window == marker)? + marker.len();
    let text = memory[start..].iter().take(CAPACITY).take_while(|byte| **byte != 0);
    let text = String::from_utf8_lossy(&text.copied().collect::<Vec<_>>()).into_owned();
    (!text.is_empty()).then_some(text)
}

/// Arranges that a panic leaves its text behind.
#[cfg(target_family = "wasm")]
pub(crate) fn record() {
    // A function has no size, so this box allocates nothing.
    std::panic::set_hook(Box::new(hook));
}

#[cfg(target_family = "wasm")]
fn hook(info: &PanicHookInfo<'_>) {
    let mut text = Text { length: 0 };
    // Nobody is left to hear that a part did not fit.
    let _ = text.write_str(info.payload_as_str().unwrap_or("no text"));
    if let Some(place) = info.location() {
        let _ = write!(text, " ({}:{})", place.file(), place.line());
    }
}

/// Marker, text, and at least one NUL. `used`, because nothing in the guest reads it.
#[cfg(target_family = "wasm")]
#[used]
static BUFFER: [AtomicU8; MARKER.len() + CAPACITY + 1] = {
    let mut buffer = [const { AtomicU8::new(0) }; MARKER.len() + CAPACITY + 1];
    let mut index = 0;
    while index < MARKER.len() {
        buffer[index] = AtomicU8::new(MARKER.as_bytes()[index]);
        index += 1;
    }
    buffer
};

#[cfg(target_family = "wasm")]
struct Text {
    length: usize,
}

#[cfg(target_family = "wasm")]
impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &BUFFER[MARKER.len() + self.length..MARKER.len() + CAPACITY];
        for (cell, byte) in room.iter().zip(text.bytes()) {
            cell.store(byte, Relaxed);
        }
        self.length += text.len().min(room.len());
        if text.len() > room.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_between_marker_and_nul() {
        let memory = |text: &str| [b"stack\0\0", MARKER.as_bytes(), text.as_bytes(), b"\0behind"].concat();
        for (memory, expected) in [
            (memory("index out of bounds (src/lib.rs:7)"), Some("index out of bounds (src/lib.rs:7)")),
            (memory("grüß dich"), Some("grüß dich")),
            (memory(""), None),
            (b"no marker".to_vec(), None),
            (MARKER.as_bytes().to_vec(), None),
            ([MARKER.as_bytes(), b"no end"].concat(), Some("no end")),
        ] {
            assert_eq!(message(&memory).as_deref(), expected);
        }
    }
}
