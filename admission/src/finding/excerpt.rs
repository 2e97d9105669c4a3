//! The source line of a place, cut to what a person can take in: a manifest can be one line of two megabytes.

const BEFORE: usize = 50;
const AFTER: usize = 80;
const CUT: char = '…';

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
    /// Cuts `line` around `column` (in characters, from 1), to underline `width` characters from there.
    pub fn of(line: &str, column: usize, width: usize) -> Self {
        let column = column.max(1) - 1;
        let start = column.saturating_sub(BEFORE);
        let mut rest = line.trim_end_matches(['\r', '\n']).chars().skip(start);
        let mut text: String = rest.by_ref().take(column - start + AFTER).collect();
        if rest.next().is_some() {
            text.push(CUT);
        }
        let mut before = column - start;
        if start > 0 {
            text.insert(0, CUT);
            before += 1;
        }
        let left = text.chars().count().saturating_sub(before);
        Excerpt { text, before, width: width.clamp(1, left.max(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_a_short_line_whole() {
        let excerpt = Excerpt::of("  image: nginx\r\n", 10, 5);
        assert_eq!(excerpt, Excerpt { text: "  image: nginx".to_owned(), before: 9, width: 5 });
    }

    #[test]
    fn cuts_a_long_line_on_both_sides_of_the_column() {
        let line = "é".repeat(100_000) + "!" + &"b".repeat(100_000);
        let excerpt = Excerpt::of(&line, 100_001, 1);
        assert_eq!(excerpt.text.chars().count(), BEFORE + AFTER + 2);
        assert_eq!(excerpt.text.chars().nth(excerpt.before), Some('!'));
    }

    proptest! {
        #[test]
        fn underlines_what_stands_at_the_column(line in "[a-zé\t ]{1,300}", at in 0usize..300, width in 0usize..400) {
            let characters: Vec<char> = line.chars().collect();
            let at = at % characters.len();
            let excerpt = Excerpt::of(&line, at + 1, width);
            let shown: Vec<char> = excerpt.text.chars().collect();
            prop_assert_eq!(shown[excerpt.before], characters[at]);
            prop_assert!(excerpt.width >= 1 && excerpt.before + excerpt.width <= shown.len());
        }
    }
}
