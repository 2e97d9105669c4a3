//! A text to documents: where each begins and ends. Nothing is parsed here, but for the end of one JSON value when
//! several follow each other.

use super::{Limits, Lines, Problem, Span, Tree, read};
use memchr::{memchr, memmem};
use serde::de::IgnoredAny;
use serde_json::Value;

/// A document of a text, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document<'t> {
    /// Number in the text, from 0, empty ones counted.
    pub index: usize,
    /// Offset of its first byte in the whole text.
    pub(super) start: usize,
    /// From its marker or directives to the next marker; without a byte order mark.
    pub(super) text: &'t str,
}

impl<'t> Document<'t> {
    /// The template that Helm rendered it from: `# Source: chart/templates/app.yaml` stands in front of each document of
    /// `helm template`.
    pub fn template(&self) -> Option<&'t str> {
        let head = self.text.lines().take_while(|line| line.starts_with('#') || matches!(line.trim_end(), "" | "---"));
        let path = head.filter_map(|line| line.strip_prefix("# Source: ")).next()?.trim();
        let is_path = path.contains('/') && path.len() <= LONGEST_TEMPLATE && !path.contains(char::is_whitespace);
        is_path.then_some(path)
    }

    /// Whether there is nothing but markers, comments and blank lines.
    pub fn is_empty(&self) -> bool {
        is_blank(self.text)
    }

    /// Where it is in the whole text.
    pub fn span(&self) -> Span {
        Span { start: self.start, end: self.start + self.text.len() }
    }

    /// Its values and their places; none where it cannot be read at all. The lines are those of the whole text.
    pub fn tree(&self, lines: &Lines<'t>, limits: &Limits) -> Option<Tree<'t>> {
        read::tree(self, lines, limits).ok()
    }

    /// All of it as one value; none where it cannot be read at all.
    pub fn value(&self, lines: &Lines<'t>, limits: &Limits) -> Option<Value> {
        self.tree(lines, limits)?.value(limits).ok()
    }

    /// Whether a part of a document has nothing but markers, comments and blank lines.
    pub fn has_nothing(part: &str) -> bool {
        is_blank(part)
    }

    /// Its first character.
    pub(super) fn beginning(&self) -> Span {
        Span { start: self.start, end: self.start + self.text.chars().next().map_or(0, char::len_utf8) }
    }

    pub(super) fn problem(&self, at: Span, lines: &Lines<'_>, message: impl Into<String>) -> Problem {
        let mut message = message.into();
        if let Some(template) = self.template() {
            message += &format!(" (rendered from {template})");
        }
        Problem { document: Some(self.index), position: Some(lines.position(at.start)), message }
    }
}

/// A longer text behind `# Source:` is no path of a template.
const LONGEST_TEMPLATE: usize = 512;

/// The documents of a text, one after another. This is cheap: each can then be read by itself, on any thread.
pub fn documents(text: &str) -> impl Iterator<Item = Document<'_>> {
    let pieces = Segments::new(text).map(without_byte_order_mark).flat_map(json_values);
    pieces.enumerate().map(|(index, piece)| Document { index, start: offset(text, piece), text: piece })
}

/// Where a part of a text begins in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// A document whose content begins with a byte order mark, as `cat a b` makes them, is read from behind the mark.
fn without_byte_order_mark(document: &str) -> &str {
    let Some((before, rest)) = document.split_once(BYTE_ORDER_MARK) else { return document };
    let begins_line = before.is_empty() || before.ends_with('\n');
    if begins_line && is_blank(before) { rest } else { document }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Splits at the markers `---` and `...`, each at the beginning of a line and followed by white space.
struct Segments<'a> {
    text: &'a str,
    from: usize,
    markers: [Markers; 3],
}

impl<'a> Segments<'a> {
    fn new(text: &'a str) -> Self {
        let needles: [&[u8]; 3] = [b"\n---", b"\n...", "\n\u{feff}---".as_bytes()];
        Self { text, from: 0, markers: needles.map(Markers::new) }
    }

    fn next_marker(&mut self, from: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        self.markers.iter_mut().filter_map(|markers| markers.next(bytes, from)).min()
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
    needle: &'static [u8],
    found: Option<usize>,
    searched: bool,
}

impl Markers {
    fn new(needle: &'static [u8]) -> Self {
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
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    (line.starts_with(b"---") || line.starts_with(b"..."))
        && line.get(3).is_none_or(|next| matches!(next, b' ' | b'\t' | b'\r' | b'\n'))
}

fn line_end(text: &str, from: usize) -> usize {
    memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |newline| from + newline + 1)
}

/// Whether there is nothing but markers, directives, comments and blank lines.
fn is_blank(text: &str) -> bool {
    text.lines().map(|line| line.trim_start_matches(BYTE_ORDER_MARK)).all(|line| {
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
