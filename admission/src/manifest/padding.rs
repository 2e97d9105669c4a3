//! Lines that stand further left than the block they are in. Inside brackets, braces and quotes libyaml, and so the
//! API server's tools, take them; the span-keeping parser does not:
//!
//! ```yaml
//! args: [
//!   "--verbose",
//! ]
//! ```
//!
//! Spaces in front of such a line change nothing that is read, so they are put there, and taken off the places again.

use saphyr_parser::{Marker, ScanError, Span};
use std::{borrow::Cow, collections::BTreeSet};

/// The lines of a text that need spaces in front.
pub(super) struct Padding<'t> {
    text: &'t str,
    /// Lines, from 1.
    lines: BTreeSet<usize>,
    width: usize,
}

impl<'t> Padding<'t> {
    pub(super) fn none(text: &'t str) -> Self {
        Self { text, lines: BTreeSet::new(), width: 0 }
    }

    pub(super) fn padded(&self) -> Cow<'t, str> {
        if self.lines.is_empty() {
            return self.text.into();
        }
        let spaces = " ".repeat(self.width);
        let lines = self.text.split_inclusive('\n').enumerate();
        lines
            .fold(String::with_capacity(self.text.len()), |padded, (index, line)| {
                padded + if self.lines.contains(&(index + 1)) { &spaces } else { "" } + line
            })
            .into()
    }

    /// Pads the line that the parser complains of. False where that is not its complaint, or no help any more.
    pub(super) fn mend(&mut self, error: &ScanError) -> bool {
        let line = error.marker().line();
        let wanted = match error.info() {
            "invalid indentation" | "invalid indentation in flow construct" => Some(line),
            // Told at the opening quote.
            "invalid indentation in quoted scalar" => self.next_unpadded(line),
            _ => None,
        };
        if self.lines.is_empty() {
            self.width = self.deepest() + 1;
        }
        // Each line takes a parse of the whole text.
        let affordable = self.lines.len() < MOST_LINES && self.lines.len() * self.text.len() < MOST_BYTES;
        affordable && wanted.is_some_and(|line| self.lines.insert(line))
    }

    fn next_unpadded(&self, quote: usize) -> Option<usize> {
        let after = self.text.lines().enumerate().skip(quote);
        let mut candidates = after.filter(|(_, line)| !line.trim().is_empty()).map(|(index, _)| index + 1);
        candidates.find(|line| !self.lines.contains(line))
    }

    /// The greatest indentation that any block of the text can have.
    fn deepest(&self) -> usize {
        let indented = |line: &str| line.len() - line.trim_start_matches([' ', '-', '?']).len();
        self.text.lines().map(indented).max().unwrap_or_default()
    }

    /// Where something of the padded text is in the text.
    pub(super) fn original(&self, span: Span) -> Span {
        if self.lines.is_empty() { span } else { Span::new(self.marker(span.start), self.marker(span.end)) }
    }

    fn marker(&self, marker: Marker) -> Marker {
        let above = self.lines.range(..marker.line()).count() * self.width;
        let here = if self.lines.contains(&marker.line()) { self.width.min(marker.col()) } else { 0 };
        Marker::new(marker.index().saturating_sub(above + here), marker.line(), marker.col() - here)
    }
}

const MOST_LINES: usize = 256;
const MOST_BYTES: usize = 16 << 20;
