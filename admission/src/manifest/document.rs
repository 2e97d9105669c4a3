//! A text to documents: where each begins and ends. Nothing is parsed here, but for the end of one JSON value when
//! several follow each other.

use super::{Position, Problem};
use memchr::{memchr, memchr_iter, memmem};
use serde::de::IgnoredAny;

/// A document of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document<'a> {
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
    let documents = Segments { text, from: 0, open: false }.flat_map(move |segment| {
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
    /// Whether the document at `from` began with a marker, so that it counts even when it is empty.
    open: bool,
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let start = self.from;
        let mut at = start;
        loop {
            let Some(marker) = next_marker(self.text, at) else { return self.last(start) };
            let after = marker + 3;
            if self.text.as_bytes()[marker] == b'.' {
                let end = line_end(self.text, after);
                let whole = &self.text[start..end];
                if self.open || !is_blank(whole) {
                    (self.from, self.open) = (end, false);
                    return Some(whole);
                }
                at = end;
            } else if self.open || !is_blank(&self.text[start..marker]) {
                self.from = marker;
                // What follows is a document of its own; the marker itself is found again as its first line.
                let whole = &self.text[start..marker];
                self.open = false;
                return Some(whole);
            } else {
                // Directives and comments in front of a marker belong to the document that it begins.
                self.open = true;
                at = after;
            }
        }
    }
}

impl<'a> Segments<'a> {
    fn last(&mut self, start: usize) -> Option<&'a str> {
        let rest = &self.text[start..];
        let counts = std::mem::take(&mut self.open) || !is_blank(rest);
        self.from = self.text.len();
        counts.then_some(rest)
    }
}

fn next_marker(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if is_line_start(bytes, from) && is_marker(&bytes[from..]) {
        return Some(from);
    }
    let find = |needle: &[u8], until: usize| {
        memmem::find_iter(&bytes[from..until], needle).map(|hit| from + hit + 1).find(|hit| is_marker(&bytes[*hit..]))
    };
    let dashes = find(b"\n---", bytes.len());
    // Only up to the dashes: otherwise each document would search the rest of the text for dots.
    find(b"\n...", dashes.unwrap_or(bytes.len())).or(dashes)
}

fn is_line_start(bytes: &[u8], at: usize) -> bool {
    at == 0 || bytes[at - 1] == b'\n'
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
