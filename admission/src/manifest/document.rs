//! A text to documents: where each begins and ends. Nothing is parsed here, but for the end of one JSON value when
//! several follow each other.

use super::{Position, Problem};
use memchr::{memchr, memchr_iter, memmem};
use serde::de::IgnoredAny;

/// A document of a text, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document<'a> {
    /// Number in the text, from 0, empty ones counted.
    pub(super) index: usize,
    /// From its marker or directives to the next marker.
    pub(super) text: &'a str,
    /// Line of its first byte in the whole text, from 1.
    pub(super) line: usize,
    /// Characters before it on that line; only a JSON value may begin within a line.
    pub(super) indent: usize,
}

impl Document<'_> {
    /// Whether there is nothing but markers, comments and blank lines.
    pub(super) fn is_empty(&self) -> bool {
        is_blank(self.text)
    }

    /// Where a line and column of this document, both from 1, are in the whole text.
    pub(super) fn position(&self, line: usize, column: usize) -> Position {
        let indent = if line == 1 { self.indent } else { 0 };
        Position { line: self.line + line - 1, column: column + indent }
    }

    pub(super) fn problem(&self, position: Position, message: impl Into<String>) -> Problem {
        Problem { document: Some(self.index), position: Some(position), message: message.into() }
    }
}

/// The documents of a text, one after another. The text has no byte order mark.
pub(super) fn documents(text: &str) -> impl Iterator<Item = Document<'_>> {
    let mut line = 1;
    let documents = Segments::new(text).flat_map(move |segment| {
        let pieces = json_values(segment);
        let mut placed = Vec::with_capacity(pieces.len());
        let mut at = 0;
        for piece in pieces {
            let start = piece.as_ptr() as usize - segment.as_ptr() as usize;
            line += lines(&segment[at..start]);
            let line_start = segment[..start].rfind('\n').map_or(0, |newline| newline + 1);
            let indent = segment[line_start..start].chars().count();
            placed.push((piece, line, indent));
            at = start;
        }
        line += lines(&segment[at..]);
        placed
    });
    documents.enumerate().map(|(index, (text, line, indent))| Document { index, text, line, indent })
}

fn lines(text: &str) -> usize {
    memchr_iter(b'\n', text.as_bytes()).count()
}

/// Splits at the markers `---` and `...`, each at the beginning of a line and followed by white space.
struct Segments<'a> {
    text: &'a str,
    from: usize,
    dashes: Markers,
    dots: Markers,
}

impl<'a> Segments<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, from: 0, dashes: Markers::new(b"\n---"), dots: Markers::new(b"\n...") }
    }

    fn next_marker(&mut self, from: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let markers = [self.dashes.next(bytes, from), self.dots.next(bytes, from)];
        markers.into_iter().flatten().min()
    }

    fn cut(&mut self, start: usize, end: usize) -> Option<&'a str> {
        self.from = end;
        Some(&self.text[start..end])
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let start = self.from;
        let mut at = start;
        // Once a marker opened it, a document counts even when it is empty.
        let mut open = false;
        loop {
            let Some(marker) = self.next_marker(at) else {
                let counts = open || !is_blank(&self.text[at..]);
                return self.cut(start, self.text.len()).filter(|_| counts);
            };
            let counts = open || !is_blank(&self.text[at..marker]);
            if self.text.as_bytes()[marker] == b'.' {
                at = line_end(self.text, marker);
                if counts {
                    return self.cut(start, at);
                }
            } else if counts {
                return self.cut(start, marker);
            } else {
                // Directives and comments in front of a marker belong to the document that it begins.
                open = true;
                at = marker + MARKER;
            }
        }
    }
}

const MARKER: usize = "---".len();

/// Where the next marker of a kind is: looked for once, however often it is asked for.
struct Markers {
    needle: &'static [u8; 4],
    found: Option<usize>,
    searched: bool,
}

impl Markers {
    fn new(needle: &'static [u8; 4]) -> Self {
        Self { needle, found: None, searched: false }
    }

    fn next(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        if !self.searched || self.found.is_some_and(|found| found < from) {
            let at_start = (from == 0 && bytes.starts_with(&self.needle[1..])).then_some(0);
            let hits = || memmem::find_iter(&bytes[from.saturating_sub(1)..], self.needle);
            let later = || hits().map(|hit| from.saturating_sub(1) + hit + 1).find(|hit| is_marker(&bytes[*hit..]));
            self.found = at_start.filter(|_| is_marker(bytes)).or_else(later);
            self.searched = true;
        }
        self.found
    }
}

fn is_marker(line: &[u8]) -> bool {
    (line.starts_with(b"---") || line.starts_with(b"..."))
        && line.get(3).is_none_or(|next| matches!(next, b' ' | b'\t' | b'\r' | b'\n'))
}

fn line_end(text: &str, from: usize) -> usize {
    memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |newline| from + newline + 1)
}

/// Whether there is nothing but markers, directives, comments and blank lines.
fn is_blank(text: &str) -> bool {
    text.lines().all(|line| {
        let content = match is_marker(line.as_bytes()) {
            true => line[3..].trim_start(),
            false if line.starts_with('%') => "",
            false => line.trim_start(),
        };
        content.is_empty() || content.starts_with('#')
    })
}

/// The JSON that a document holds, if it begins like it: no comments before the first brace.
pub(super) fn as_json(text: &str) -> Option<&str> {
    let body = match text.strip_prefix("---") {
        Some(rest) if is_marker(text.as_bytes()) => rest,
        _ => text,
    };
    let body = body.trim_start();
    body.starts_with('{').then_some(body)
}

/// JSON values may follow each other without a marker, as kubectl reads them; anything else is one document.
fn json_values(segment: &str) -> Vec<&str> {
    let Some(body) = as_json(segment) else { return vec![segment] };
    let mut ends = Vec::new();
    let mut rest = body;
    while let Some(end) = json_end(rest) {
        ends.push(body.len() - rest.len() + end);
        rest = &rest[end..];
        if !rest.trim_start().starts_with('{') {
            break;
        }
    }
    if ends.len() < 2 && rest.trim().is_empty() || ends.is_empty() {
        return vec![segment];
    }
    let lead = segment.len() - body.len();
    let mut pieces = Vec::with_capacity(ends.len() + 1);
    let mut from = lead;
    for end in ends {
        pieces.push(segment[from..lead + end].trim_start());
        from = lead + end;
    }
    let left = segment[from..].trim_start();
    if !is_blank(left) {
        pieces.extend(resynchronised(left));
    }
    pieces
}

/// After a value that is no JSON, the next brace at the beginning of a line begins another one.
fn resynchronised(broken: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for hit in memmem::find_iter(broken.as_bytes(), b"\n{") {
        if json_end(&broken[hit + 1..]).is_some() && hit + 1 > from {
            pieces.push(&broken[from..=hit]);
            from = hit + 1;
        }
    }
    pieces.push(&broken[from..]);
    pieces
}

fn json_end(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}
