//! How much an answer may say. Names and texts in it come from manifests and modules.
//!
//! The parts come to less than 64 KiB as JSON, so an answer has no more, whatever was found.

use crate::printable::printable;

/// Most causes of a refusal.
pub(super) const CAUSES: usize = 100;

/// In bytes as JSON: the message of a refusal.
pub(super) const MESSAGE: usize = 20 << 10;

/// The causes of a refusal.
pub(super) const ALL_CAUSES: usize = 26 << 10;

/// The warnings. The API server keeps 4096 characters of them.
pub(super) const WARNINGS: usize = 6 << 10;

/// The audit annotations.
pub(super) const ANNOTATIONS: usize = 8 << 10;

/// Most bytes of one annotation, and of one text in a line of the log.
pub const LINE: usize = 4 << 10;

/// Most bytes of one text of a module: a message, a help.
pub(super) const TEXT: usize = 2 << 10;

/// Most bytes of a name or a path of a field.
pub(super) const NAME: usize = 256;

/// On one line, without what moves a cursor, and no longer than that many bytes.
pub fn shown(text: &str, most: usize) -> String {
    // What is cut off need not be cleaned.
    let start = &text[..text.floor_char_boundary(most)];
    let mut clean = printable(start).into_owned();
    if start.len() < text.len() || clean.len() > most {
        clean.truncate(clean.floor_char_boundary(most.saturating_sub('…'.len_utf8())));
        clean.push('…');
    }
    clean
}

/// Room for texts of one kind.
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    pub(super) fn of(bytes: usize) -> Self {
        Budget { left: bytes }
    }

    /// Takes the place of some texts, if there is any.
    pub(super) fn fits<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let size: usize = texts.into_iter().map(|text| FRAME + as_json(text)).sum();
        let fits = size <= self.left;
        if fits {
            self.left -= size;
        }
        fits
    }
}

/// Quotes, a comma, and the name of the field.
const FRAME: usize = 16;

/// How long a text is as JSON.
fn as_json(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..b' ' => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_on_one_line_and_bounded() {
        for (text, expected) in [
            ("short", "short"),
            ("two\nlines\u{1b}[2J", "two lines\u{fffd}[2J"),
            ("exactly 16 bytes", "exactly 16 bytes"),
            ("no more than 16 bytes", "no more than …"),
            ("ääääääääääää", "ääääää…"),
        ] {
            let shown = shown(text, 16);
            assert_eq!(shown, expected);
            assert!(shown.len() <= 16);
        }
    }

    #[test]
    fn the_length_as_json_is_what_serde_writes() {
        for text in ["", "plain", "\"quoted\" \\ and\nlines\t", "\u{1}\u{1f}", "größe 日本"] {
            assert_eq!(as_json(text) + 2, serde_json::to_string(text).unwrap().len());
        }
    }
}
