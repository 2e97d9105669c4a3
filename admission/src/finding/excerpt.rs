//! The source line of a place, cut to what a person can take in: a manifest can be one line of two megabytes.

use crate::manifest::{Lines, Span, Window};

const BEFORE: usize = 50;
const AFTER: usize = 80;
const CUT: &str = "…";

/// The source around a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or the part of it around the column with `…` where it was cut; empty where there is none.
    pub text: String,
    /// How many characters of `text` stand before the column.
    pub before: usize,
    /// How many characters of `text` to underline.
    pub width: usize,
}

impl Excerpt {
    /// The line of a span, cut around its start.
    pub fn of(lines: &Lines<'_>, span: Span) -> Self {
        let Window { before, marked, after, starts_before, ends_after } = lines.window(span, BEFORE, AFTER);
        let cut = |is_cut: bool| if is_cut { CUT } else { "" };
        Excerpt {
            text: [cut(starts_before), before, marked, after, cut(ends_after)].concat(),
            before: before.chars().count() + usize::from(starts_before),
            width: marked.chars().count().max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_a_short_line_whole() {
        let excerpt = Excerpt::of(&Lines::of("  image: nginx\r\n"), Span { start: 9, end: 14 });
        assert_eq!(excerpt, Excerpt { text: "  image: nginx".to_owned(), before: 9, width: 5 });
    }

    #[test]
    fn cuts_a_long_line_on_both_sides_of_the_column() {
        let line = "é".repeat(100_000) + "!" + &"b".repeat(100_000);
        let excerpt = Excerpt::of(&Lines::of(&line), Span { start: 200_000, end: 200_001 });
        assert_eq!(excerpt.text.chars().count(), BEFORE + AFTER + 2);
        assert_eq!(excerpt.text.chars().nth(excerpt.before), Some('!'));
    }

    proptest! {
        #[test]
        fn underlines_what_stands_at_the_column(line in "[a-zé\t ]{1,300}", at in 0usize..300, width in 0usize..400) {
            let starts: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
            let start = starts[at % starts.len()];
            let excerpt = Excerpt::of(&Lines::of(&line), Span { start, end: start + width });
            let shown: Vec<char> = excerpt.text.chars().collect();
            prop_assert_eq!(Some(shown[excerpt.before]), line[start..].chars().next());
            prop_assert!(excerpt.width >= 1 && excerpt.before + excerpt.width <= shown.len());
        }
    }
}
