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

/// The lines around a line, each cut at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// Those before it.
    pub before: Vec<String>,
    /// Those after it.
    pub after: Vec<String>,
}

impl Around {
    /// Up to `count` lines before and after a line, given by its number.
    pub fn of(lines: &Lines<'_>, line: usize, count: usize) -> Self {
        if count == 0 {
            return Around::default();
        }
        let last = lines.position(lines.text().trim_end().len()).line;
        let cut = |number: usize| {
            let text = lines.line(number);
            match text.char_indices().nth(BEFORE + AFTER) {
                Some((end, _)) => [&text[..end], CUT].concat(),
                None => text.to_owned(),
            }
        };
        Around {
            before: (line.saturating_sub(count).max(1)..line).map(cut).collect(),
            after: (line + 1..=(line + count).min(last)).map(cut).collect(),
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

    #[test]
    fn has_the_lines_around_as_far_as_there_are_any() {
        let long = "x".repeat(1000);
        let text = format!("a: 1\nb: 2\r\n{long}\nd: 4\n\n");
        let around = |line| {
            let Around { before, after } = Around::of(&Lines::of(&text), line, 2);
            [before, after].map(|lines| lines.join("|").replace(&"x".repeat(BEFORE + AFTER), "x"))
        };
        assert_eq!(around(1), ["", "b: 2|x…"]);
        assert_eq!(around(3), ["a: 1|b: 2", "d: 4"]);
        assert_eq!(around(4), ["b: 2|x…", ""]);
        assert_eq!(Around::of(&Lines::of(&text), 2, 0), Around::default());
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
