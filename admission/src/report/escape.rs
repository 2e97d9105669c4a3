//! Text to HTML and XML: the only way that text takes into them.

use crate::printable::printable;

/// As text or as the value of a quoted attribute. XML cannot hold control characters and non-characters at all, however
/// they are written.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_is_markup(text in any::<String>()) {
            let escaped = escape(&text);
            let forbidden = ['<', '>', '"', '\'', '\u{fffe}', '\u{ffff}'];
            prop_assert!(!escaped.contains(forbidden));
            let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
            let is_known = |rest: &str| known.iter().any(|entity| rest.starts_with(entity));
            prop_assert!(escaped.split('&').skip(1).all(is_known));
        }
    }
}
