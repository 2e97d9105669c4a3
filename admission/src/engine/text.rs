//! Text that a module returned, made fit to be passed on.

use super::limits::TEXT;
use std::borrow::Cow;

/// Without control characters but line feeds, and no longer than [`TEXT`] bytes.
pub(super) fn clean(text: &str) -> String {
    cleaned(text.to_owned())
}

/// As [`clean`], for a text that nobody else needs.
pub(super) fn cleaned(text: String) -> String {
    cut(without_controls(text).into_owned())
}

/// Control characters but line feeds replaced.
pub(super) fn without_controls<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    if !has_controls(text.as_bytes()) {
        return text;
    }
    let replaced = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    Cow::Owned(text.chars().map(replaced).collect())
}

/// Nearly no text has any, so this looks at bytes: U+0080 to U+009F are C2 and one of these.
fn has_controls(text: &[u8]) -> bool {
    text.iter().any(|&byte| byte < b' ' && byte != b'\n' || byte == 0x7f)
        || memchr::memchr_iter(0xc2, text).any(|at| text.get(at + 1).is_some_and(|&next| next < 0xa0))
}

/// Control characters replaced, line feeds too.
pub(super) fn one_line(text: &str) -> String {
    without_controls(text.replace('\n', "\u{fffd}")).into_owned()
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT {
        text.truncate(text.floor_char_boundary(TEXT - '…'.len_utf8()));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_control_characters_out() {
        for (text, expected) in [
            ("grace is 30s, not 50s", "grace is 30s, not 50s"),
            ("first\nsecond", "first\nsecond"),
            ("\u{1b}[31mred\r\0", "\u{fffd}[31mred\u{fffd}\u{fffd}"),
            ("a\u{7f}b\u{80}c\u{9f}d", "a\u{fffd}b\u{fffd}c\u{fffd}d"),
            ("30\u{a0}s × 2 ≥ 1\u{b7}m", "30\u{a0}s × 2 ≥ 1\u{b7}m"),
        ] {
            assert_eq!(cleaned(text.to_owned()), expected);
        }
    }

    #[test]
    fn cuts_at_the_limit_between_characters() {
        let fits = "ä".repeat(TEXT / 2);
        assert_eq!(cleaned(fits.clone()), fits);
        let cut = cleaned(fits + "ä");
        assert!(cut.len() <= TEXT && cut.len() > TEXT - 4 && cut.ends_with("ä…"), "{}", cut.len());
    }
}
