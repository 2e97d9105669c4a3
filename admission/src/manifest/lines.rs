//! Places in a text: byte ranges as the reader keeps them, and the lines and columns that people read.

use memchr::{memchr, memchr_iter, memrchr};
use std::sync::OnceLock;

/// A range of bytes of the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

/// A place in a text. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The lines of a text. Made once per text; the table behind it is built when a place is first asked for.
///
/// The table has an entry for each kibibyte and not for each line, so an answer takes the same time wherever it is,
/// also in a text that is one line of megabytes.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    blocks: OnceLock<Vec<Block>>,
}

/// What stands before the first byte of a block.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// Line breaks.
    breaks: usize,
    /// Where the line that the block begins in starts.
    line_start: usize,
    /// Characters.
    characters: usize,
}

const BLOCK: usize = 1024;
const BYTE_ORDER_MARK: char = '\u{feff}';

impl<'t> Lines<'t> {
    /// Of this text.
    pub fn of(text: &'t str) -> Self {
        Lines { text, blocks: OnceLock::new() }
    }

    /// The text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Where a byte is. An offset beyond the end is the end.
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte);
        let (line, start) = self.line_of(byte);
        // A byte order mark has no width.
        let mark = usize::from(byte > start && self.text[start..].starts_with(BYTE_ORDER_MARK));
        Position { line, column: self.characters(byte) - self.characters(start) - mark + 1 }
    }

    /// The first byte of a place; the end of the text where there is no such place.
    pub fn byte(&self, Position { line, column }: Position) -> usize {
        let Some(start) = self.line_start(line) else { return self.text.len() };
        let mark = usize::from(self.text[start..].starts_with(BYTE_ORDER_MARK));
        let wanted = self.characters(start) + mark + column.saturating_sub(1);
        let blocks = self.blocks();
        let index = blocks.partition_point(|block| block.characters <= wanted).saturating_sub(1);
        let from = self.text.ceil_char_boundary(index * BLOCK);
        let left = wanted - self.characters(from).min(wanted);
        forward(&self.text[from..], left).map_or(self.text.len(), |at| from + at)
    }

    /// A line by its number from 1, without its line break; empty where there is none.
    pub fn line(&self, number: usize) -> &'t str {
        self.line_start(number).map_or("", |start| self.line_from(start))
    }

    /// The line that a byte is in, as far as it is near.
    pub(super) fn near(&self, byte: usize) -> &'t str {
        const NEAR: usize = 512;
        let byte = self.text.floor_char_boundary(byte);
        let (_, start) = self.line_of(byte);
        let from = self.text.ceil_char_boundary(start.max(byte.saturating_sub(NEAR)));
        let near = &self.text[from..self.text.floor_char_boundary(byte + NEAR).max(from)];
        let behind = byte.saturating_sub(from);
        let end = memchr(b'\n', &near.as_bytes()[behind.min(near.len())..]).map_or(near.len(), |at| behind + at);
        &near[..end]
    }

    /// What stands in the line of a span: up to `before` characters in front of it, and up to `after` from its start.
    /// Tells whether the line begins or ends beyond that.
    pub fn window(&self, span: Span, before: usize, after: usize) -> Window<'t> {
        let at = self.text.floor_char_boundary(span.start);
        let (_, start) = self.line_of(at);
        let from = back(&self.text[start..at], before).map_or(start, |cut| start + cut);
        let rest = &self.text[at..];
        let near = &rest[..forward(rest, after).unwrap_or(rest.len())];
        let line_end = memchr(b'\n', near.as_bytes());
        let shown = near[..line_end.unwrap_or(near.len())].trim_end_matches('\r');
        let end = self.text.floor_char_boundary(span.end.max(at)).min(at + shown.len());
        Window {
            before: self.text[from..at].trim_start_matches(BYTE_ORDER_MARK),
            marked: &self.text[at..end],
            after: &self.text[end..at + shown.len()],
            starts_before: from > start,
            ends_after: line_end.is_none() && near.len() < rest.len() && !rest[near.len()..].starts_with(['\r', '\n']),
        }
    }

    fn line_from(&self, start: usize) -> &'t str {
        let rest = &self.text[start..];
        let line = &rest[..memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())];
        line.trim_end_matches('\r').trim_start_matches(BYTE_ORDER_MARK)
    }

    fn line_start(&self, number: usize) -> Option<usize> {
        let breaks = number.checked_sub(1)?;
        let blocks = self.blocks();
        // The last block before which there are not yet as many line breaks.
        let index = blocks.partition_point(|block| block.breaks < breaks).saturating_sub(1);
        let from = index * BLOCK;
        if breaks == 0 {
            return Some(0);
        }
        let left = breaks - blocks.get(index)?.breaks;
        memchr_iter(b'\n', &self.text.as_bytes()[from..]).nth(left - 1).map(|newline| from + newline + 1)
    }

    /// Number and start of the line that a byte is in.
    fn line_of(&self, byte: usize) -> (usize, usize) {
        let (block, from) = self.block(byte);
        let before = &self.text.as_bytes()[from..byte];
        let start = memrchr(b'\n', before).map_or(block.line_start, |newline| from + newline + 1);
        (block.breaks + memchr_iter(b'\n', before).count() + 1, start)
    }

    /// Characters before a byte.
    fn characters(&self, byte: usize) -> usize {
        let (block, from) = self.block(byte);
        block.characters + count(&self.text.as_bytes()[from..byte])
    }

    fn block(&self, byte: usize) -> (Block, usize) {
        let index = byte / BLOCK;
        (self.blocks()[index], index * BLOCK)
    }

    fn blocks(&self) -> &[Block] {
        self.blocks.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut next = Block { breaks: 0, line_start: 0, characters: 0 };
            let mut blocks = Vec::with_capacity(bytes.len() / BLOCK + 1);
            blocks.push(next);
            for (index, block) in bytes.chunks_exact(BLOCK).enumerate() {
                next.breaks += memchr_iter(b'\n', block).count();
                next.line_start = memrchr(b'\n', block).map_or(next.line_start, |at| index * BLOCK + at + 1);
                next.characters += count(block);
                blocks.push(next);
            }
            blocks
        })
    }
}

/// The part of a line around a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window<'t> {
    /// In front of the span.
    pub before: &'t str,
    /// The span as far as it is in the window.
    pub marked: &'t str,
    /// Behind the span.
    pub after: &'t str,
    /// Whether the line begins before the window.
    pub starts_before: bool,
    /// Whether the line ends after the window.
    pub ends_after: bool,
}

/// Characters, of which each has one byte that continues none.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// Where the last `characters` of a text begin; none where it has no more than that.
fn back(text: &str, characters: usize) -> Option<usize> {
    text.char_indices().rev().nth(characters).map(|(at, character)| at + character.len_utf8())
}

/// Where the first `characters` of a text end; none where it has no more than that.
fn forward(text: &str, characters: usize) -> Option<usize> {
    text.char_indices().nth(characters).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_character_is_where_counting_finds_it(pieces in prop::collection::vec("[aé😀 ]{0,700}", 0..6)) {
            let text = pieces.join("\n");
            let lines = Lines::of(&text);
            let (mut line, mut column) = (1, 1);
            for (at, character) in text.char_indices() {
                prop_assert_eq!(lines.position(at), Position { line, column });
                prop_assert_eq!(lines.byte(Position { line, column }), at);
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            for (index, expected) in text.split('\n').enumerate() {
                prop_assert_eq!(lines.line(index + 1), expected);
            }
            prop_assert_eq!(lines.line(0), "");
            prop_assert_eq!(lines.line(pieces.len().max(1) + 1), "");
        }
    }

    #[test]
    fn a_byte_order_mark_and_a_carriage_return_have_no_width() {
        let lines = Lines::of("\u{feff}ab\r\ncd");
        assert_eq!(lines.position(4), Position { line: 1, column: 2 });
        assert_eq!((lines.line(1), lines.line(2)), ("ab", "cd"));
        assert_eq!(lines.position(99), Position { line: 2, column: 3 });
    }

    #[test]
    fn a_window_is_cut_at_the_line_and_at_its_size() {
        let lines = Lines::of("one\nfirst second third\r\nlast");
        let window = |before, after| lines.window(Span { start: 10, end: 16 }, before, after);
        let whole =
            Window { before: "first ", marked: "second", after: " third", starts_before: false, ends_after: false };
        assert_eq!(window(50, 80), whole);
        assert_eq!(window(6, 12), whole);
        let cut = Window { before: "st ", marked: "sec", after: "", starts_before: true, ends_after: true };
        assert_eq!(window(3, 3), cut);
    }
}
