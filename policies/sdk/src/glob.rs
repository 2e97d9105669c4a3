//! Globs over names and tags: `*` is any text, `?` any one byte, everything else is itself.
//!
//! Written by hand, because a guest would build a matcher anew for every object. The host keeps the crate `globset` for
//! what operators write about names and paths (exceptions, `namespaces:`, `--exclude`): there `**`, `[ab]` and `{a,b}` are
//! what people know from `.gitignore`, a broken glob is an error with its reason, and each is built once.

/// Whether `glob` matches the whole of `text`, in time linear in the product of their lengths.
pub fn matches(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut g, mut t) = (0, 0);
    // Where to go on when the text after the last `*` does not fit: behind that `*`, one byte further in the text.
    let mut retry = None;
    while t < text.len() {
        match glob.get(g) {
            Some(b'*') => {
                g += 1;
                retry = Some((g, t));
                continue;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                (g, t) = (g + 1, t + 1);
                continue;
            }
            _ => {}
        }
        let Some((behind, from)) = retry else { return false };
        (g, t) = (behind, from + 1);
        retry = Some((g, t));
    }
    glob[g..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;
    use proptest::prelude::*;

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        for (glob, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "prod", true),
            ("prod", "prod", true),
            ("prod", "prod2", false),
            ("prod*", "prod2", true),
            ("*-ga", "1.2-ga", true),
            ("*-ga", "1.2-ga-1", false),
            ("r?", "r1", true),
            ("r?", "r", false),
            ("r?", "r12", false),
            ("build-*-*", "build-7-x", true),
            ("build-*-*", "build-7", false),
            ("*a*b*c", "aabbabc", true),
            ("*a*b*c", "aabbab", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(glob, text), expected, "{glob} {text}");
        }
    }

    /// The definition, too slow for use.
    fn defined(glob: &[u8], text: &[u8]) -> bool {
        match (glob, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => defined(rest, text) || (!text.is_empty() && defined(glob, &text[1..])),
            ([b'?', glob @ ..], [_, text @ ..]) => defined(glob, text),
            ([a, glob @ ..], [b, text @ ..]) if a == b => defined(glob, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(glob in "[ab*?]{0,7}", text in "[ab]{0,8}") {
            prop_assert_eq!(matches(&glob, &text), defined(glob.as_bytes(), text.as_bytes()));
        }
    }
}
