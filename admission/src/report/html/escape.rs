//! Text to HTML: the only way that text takes into the page.

use crate::printable::printable;

/// As text or as the value of a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The same, with pieces between backticks as code.
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
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let entities = escaped.split('&').skip(1);
            prop_assert!(entities.into_iter().all(|rest| ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|entity| rest.starts_with(entity))));
            let bare = prose(&text).replace("<code>", "").replace("</code>", "");
            prop_assert!(!bare.contains(['<', '>']));
        }
    }
}
