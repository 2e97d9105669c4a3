//! Offsets of a text as the protocol counts: lines, and UTF-16 code units in them.

use super::protocol::{Position, Range};

/// The lines of a text, which end with `\n`, `\r\n` or `\r`.
pub(super) struct Places<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = (0..bytes.len()).filter(|at| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        Places { text, starts: [0].into_iter().chain(ends.map(|end| end + 1)).collect() }
    }

    pub(super) fn range(&self, bytes: &std::ops::Range<usize>) -> Range {
        Range { start: self.position(bytes.start), end: self.position(bytes.end) }
    }

    pub(super) fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte);
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        let units = self.text[self.starts[line]..byte].chars().map(char::len_utf16).sum::<usize>();
        Position { line: number(line), character: number(units) }
    }

    /// The byte at a position; the end of its line where that is shorter, of the text where there is no such line.
    pub(super) fn byte(&self, Position { line, character }: Position) -> usize {
        let line = line as usize;
        let Some(&start) = self.starts.get(line) else { return self.text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let text = self.text[start..end].trim_end_matches(['\r', '\n']);
        let mut units = 0;
        for (at, one) in text.char_indices() {
            if units >= character as usize {
                return start + at;
            }
            units += one.len_utf16();
        }
        start + text.len()
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn counts_as_editors_do() {
        let text = "a: 😀é x\r\nb\rc\n\nlast";
        let places = Places::of(text);
        for (needle, position) in
            [("é", at(0, 5)), ("x", at(0, 7)), ("b", at(1, 0)), ("c", at(2, 0)), ("last", at(4, 0))]
        {
            assert_eq!(places.position(text.find(needle).unwrap()), position, "{needle}");
        }
        assert_eq!((places.byte(at(1, 9)), places.byte(at(9, 0)), places.position(99)), (14, text.len(), at(4, 4)));
    }

    proptest! {
        #[test]
        fn every_character_is_found_again(text in "[aé😀\r\n ]{0,40}") {
            let places = Places::of(&text);
            for (byte, character) in text.char_indices().filter(|(_, character)| !"\r\n".contains(*character)) {
                prop_assert_eq!(places.byte(places.position(byte)), byte, "{}", character);
            }
        }
    }
}
