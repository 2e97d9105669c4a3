//! Text of a stranger, made safe for a terminal.

use std::borrow::Cow;

/// Replaces what would move the cursor, change colours or hide text, character by character, so that columns hold:
/// white space by a space, everything else by `�`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| replacement(c) == c) {
        return Cow::Borrowed(text);
    }
    text.chars().map(replacement).collect()
}

fn replacement(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => ' ',
        // Marks and overrides of writing direction, zero-width characters, separators.
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_no_escape_sequence() {
        for (text, expected) in [
            ("nginx:1.27 é 日本", "nginx:1.27 é 日本"),
            ("a\u{1b}[31mb\u{7}", "a�[31mb�"),
            ("a\u{9b}31mb", "a�31mb"),
            ("two\nlines\r\tand", "two lines  and"),
            ("user\u{202e}txt.exe", "user�txt.exe"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
