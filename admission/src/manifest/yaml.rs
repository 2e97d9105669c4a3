//! One YAML document to a tree. Only this file names the parser.

use super::{
    Document, Limits, Lines, Span,
    build::{Builder, Result, Told, refuse},
    scalar,
    tree::{Refusal, Scalar, Tree, too_deep},
};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag, options};
use std::borrow::Cow;

pub(super) fn read<'t>(document: &Document<'t>, lines: &Lines<'t>, limits: &Limits) -> Result<Tree<'t>> {
    if let Some(at) = forbidden(document.text) {
        let start = document.start + at;
        return refuse(Span { start, end: start }, "not valid YAML: control characters are not allowed");
    }
    let builder = Builder::new(lines, document.text.len(), limits);
    Reading { document, limits, builder, flows: 0 }.all()
}

struct Reading<'a, 't> {
    document: &'a Document<'t>,
    limits: &'a Limits,
    builder: Builder<'t, 'a>,
    /// Collections with brackets that are open.
    flows: usize,
}

impl<'t> Reading<'_, 't> {
    fn all(mut self) -> Result<Tree<'t>> {
        let mut options = options! { emit_unresolved_aliases: true, block_scalar_eof_without_line_feed: true };
        options.set_emit_comments(false);
        let mut is_read = false;
        for event in Parser::new_from_str_with_options(self.document.text, options) {
            let (event, span) = event.map_err(|error| self.refusal(&error))?;
            let span = self.span(span);
            match event {
                Event::DocumentStart(..) if is_read => {
                    return refuse(span, "not valid YAML: there is more text after the end of its value");
                }
                Event::DocumentEnd => is_read = true,
                event => self.take(event, span)?,
            }
        }
        Ok(self.builder.finish())
    }

    fn take(&mut self, event: Event<'t>, span: Span) -> Result {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if !is_block(style) {
                    self.no_tab_before(span)?;
                }
                self.scalar(text, style, anchor, tag.as_deref(), span)
            }
            Event::SequenceStart(style, anchor, _) => {
                self.enter(style, span)?;
                self.builder.open_sequence(span, known(anchor))
            }
            Event::MappingStart(style, anchor, _) => {
                self.enter(style, span)?;
                self.builder.open_mapping(span, known(anchor))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let bracket = (self.flows > 0).then_some(span.end);
                self.flows = self.flows.saturating_sub(1);
                self.builder.close(bracket)
            }
            Event::Alias(anchor) => self.builder.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                self.builder.unknown(span, format!("unknown anchor: no `&{name}` stands before this"))
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, style: StructureStyle, span: Span) -> Result {
        if self.flows > 0 || style == StructureStyle::Flow {
            self.flows += 1;
        }
        self.no_tab_before(span)
    }

    fn scalar(
        &mut self,
        text: Cow<'t, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result {
        let is_plain = style == ScalarStyle::Plain;
        // The parser says `~` where nothing is written.
        let text = if is_plain && span.start == span.end { Cow::Borrowed("") } else { text };
        let merges = is_plain && tag.is_none() && text == "<<";
        let scalar = match tag.map(|tag| (tag, tag.core_suffix())) {
            None if is_plain => scalar::plain(text),
            Some((_, Some(core))) => match scalar::tagged(core, text) {
                Some(scalar) => scalar,
                None => return self.builder.unknown(span, format!("this is not a `!!{core}`, as its tag says")),
            },
            // `!` alone says that a tag need not be guessed.
            Some((tag, None)) if is_plain && tag.original() == "!" => scalar::plain(text),
            _ => Scalar::Text(text),
        };
        self.builder.scalar(Told { scalar, span: self.written(span, style), merges, anchor: known(anchor) })
    }

    /// A block scalar without the line breaks behind it.
    fn written(&self, span: Span, style: ScalarStyle) -> Span {
        if !is_block(style) {
            return span;
        }
        let text = &self.document.text[span.start - self.document.start..span.end - self.document.start];
        Span { end: span.start + text.trim_end().len(), ..span }
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let Some(range) = span.byte_range() else { return self.document.beginning() };
        Span { start: self.document.start + range.start, end: self.document.start + range.end.max(range.start) }
    }

    /// In block style, what begins a line or follows a `-` must not be moved there by a tab: the API server's tools
    /// refuse it, and this parser does not.
    fn no_tab_before(&self, span: Span) -> Result {
        if self.flows > 0 {
            return Ok(());
        }
        let before = &self.document.text[..span.start - self.document.start];
        let rest = before.trim_end_matches([' ', '\t']);
        let blank = &before[rest.len()..];
        let indents = rest.is_empty() || rest.ends_with(['\n', '\r']) || is_dash(rest);
        match blank.find('\t').filter(|_| indents) {
            None => Ok(()),
            Some(at) => {
                let start = self.document.start + rest.len() + at;
                refuse(Span { start, end: start + 1 }, TAB)
            }
        }
    }

    fn refusal(&self, error: &ScanError) -> Refusal {
        let at = error.marker().byte_offset().unwrap_or_default().min(self.document.text.len());
        let start = self.document.start + at;
        let message = match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(self.limits),
            ErrorKind::UnclosedQuotedScalar => "not valid YAML: the quote that opens here is not closed".to_owned(),
            ErrorKind::UnclosedFlowCollection { open } => {
                format!("not valid YAML: the `{open}` that opens here is not closed")
            }
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
                format!("not valid YAML: the `{open}` that opens here is closed by a `{close}`")
            }
            ErrorKind::SimpleKeyExpected => "not valid YAML: a colon and a space are missing behind a key".to_owned(),
            other => format!("not valid YAML: {other}"),
        };
        Refusal { span: Span { start, end: start }, message }
    }
}

pub(super) const TAB: &str = "a tab indents this line, and YAML takes spaces only";

fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

/// Number of an anchor; the parser says 0 where there is none.
fn known(anchor: usize) -> Option<usize> {
    (anchor > 0).then_some(anchor)
}

fn is_dash(text: &str) -> bool {
    let before = text.strip_suffix(['-', '?']);
    before.is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t', '\n', '\r']))
}

/// The first character that YAML does not take, even in quotes.
fn forbidden(text: &str) -> Option<usize> {
    let is_control = |byte: u8| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f;
    let beyond =
        |character: char| matches!(character, '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    let first = text.bytes().position(is_control);
    let second = if text.is_ascii() { None } else { text.find(beyond) };
    first.into_iter().chain(second).min()
}
