//! Text to HTML with the code that is in it.

use crate::report::escape::escape;

/// Escaped, with pieces between backticks as code.
pub(super) fn prose(text: &str) -> String {
    let mut pieces = text.split('`').peekable();
    let mut prose = String::new();
    let mut is_code = false;
    while let Some(piece) = pieces.next() {
        let piece = escape(piece);
        // A backtick that no other one closes is a character.
        match (is_code, pieces.peek()) {
            (true, Some(_)) => prose.extend(["<code>", &piece, "</code>"]),
            (true, None) => prose.extend(["`", &piece]),
            (false, _) => prose.push_str(&piece),
        }
        is_code = !is_code;
    }
    prose
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn backticks_are_code() {
        assert_eq!(prose("a `b<c>` d"), "a <code>b&lt;c&gt;</code> d");
        assert_eq!(prose("a `b"), "a `b");
        assert_eq!(prose("``"), "<code></code>");
    }

    proptest! {
        #[test]
        fn no_text_is_markup(text in any::<String>()) {
            let bare = prose(&text).replace("<code>", "").replace("</code>", "");
            prop_assert!(!bare.contains(['<', '>']));
        }
    }
}
