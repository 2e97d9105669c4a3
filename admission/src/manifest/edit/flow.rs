//! A new field at the end of a mapping in braces, as JSON, KYAML or YAML's flow style write it.

use super::{Editor, Obstacle, Splice, render};
use crate::manifest::{
    Span,
    tree::{Entry, Id},
};
use serde_json::Value;

impl Editor<'_, '_> {
    pub(super) fn insert_in_flow(&self, mapping: Id, name: &str, value: &Value) -> Result<Splice, Obstacle> {
        let span = self.tree.node(mapping).span;
        let style = self.style();
        let Some(last) = self.written(mapping).pop() else {
            let inside = &self.text()[span.start + 1..span.end - 1];
            let field = style.field(name, value, None);
            return if inside.trim().is_empty() {
                Ok(Splice::insert(span.start + 1, field))
            } else {
                Err(Obstacle::Comment)
            };
        };
        let end = self.end(last)?;
        let comma = self.comma(Span { start: end, end: span.end - 1 })?;
        let lines = self.lines(last, comma.is_some(), mapping);
        let field = style.field(name, value, lines.as_ref());
        let (lead, at, trail) = match (&lines, comma) {
            (None, None) => (style.comma.to_owned(), end, ""),
            (None, Some(comma)) => (" ".to_owned(), comma, ","),
            (Some(lines), None) => (format!(",{}", lines.start()), end, ""),
            (Some(lines), Some(comma)) => (lines.start(), self.end_of_line(comma), ","),
        };
        Ok(Splice::insert(at, format!("{lead}{field}{trail}")))
    }

    /// Behind the comma that follows the last entry, if one does.
    fn comma(&self, rest: Span) -> Result<Option<usize>, Obstacle> {
        let text = &self.text()[rest.start..rest.end];
        let trimmed = text.trim_start();
        match trimmed.chars().next() {
            None => Ok(None),
            Some(',') => Ok(Some(rest.end - trimmed.len() + 1)),
            Some('#') => Err(Obstacle::Comment),
            Some(_) => Err(Obstacle::Shape),
        }
    }

    /// The end of the line that a byte is in, if only a comment follows it there.
    fn end_of_line(&self, at: usize) -> usize {
        let rest = &self.text()[at..];
        let line = rest.lines().next().unwrap_or_default();
        let blank = line.trim_start();
        if blank.is_empty() || blank.starts_with('#') { at + line.len() } else { at }
    }

    /// How lines begin, where the last entry has one for itself.
    fn lines(&self, last: &Entry<'_>, trailing_comma: bool, mapping: Id) -> Option<Lines> {
        let lead = self.before(last.key.start);
        let outer = self.before(self.tree.node(mapping).span.start);
        let outer = &outer[..outer.len() - outer.trim_start_matches([' ', '\t']).len()];
        let step = lead.strip_prefix(outer).filter(|step| !step.is_empty()).unwrap_or("  ");
        lead.trim_start_matches([' ', '\t']).is_empty().then(|| Lines {
            lead: lead.to_owned(),
            step: step.to_owned(),
            line_break: self.line_break(last.key.start),
            trailing_comma,
        })
    }

    /// As the first key of the document is written.
    fn style(&self) -> Style {
        let text = self.text();
        let Some(first) = self.written(self.tree.root).first().copied() else { return Style::SPACED };
        let quoted = text[first.key.start..].starts_with('"');
        let is_tight =
            quoted && text[first.key.end..].starts_with(':') && !text[first.key.end + 1..].starts_with([' ', '\n']);
        if is_tight { Style { quoted, ..Style::TIGHT } } else { Style { quoted, ..Style::SPACED } }
    }
}

/// How fields stand on lines of their own.
struct Lines {
    lead: String,
    /// What is added for each level.
    step: String,
    line_break: &'static str,
    trailing_comma: bool,
}

impl Lines {
    fn start(&self) -> String {
        format!("{}{}", self.line_break, self.lead)
    }
}

struct Style {
    /// Keys are in quotes.
    quoted: bool,
    colon: &'static str,
    comma: &'static str,
}

impl Style {
    const SPACED: Style = Style { quoted: false, colon: ": ", comma: ", " };
    const TIGHT: Style = Style { quoted: true, colon: ":", comma: "," };

    fn field(&self, name: &str, value: &Value, lines: Option<&Lines>) -> String {
        let name = if self.quoted { Value::from(name).to_string() } else { render::text(name).into_owned() };
        format!("{name}{}{}", self.colon, self.value(value, lines))
    }

    fn value(&self, value: &Value, lines: Option<&Lines>) -> String {
        let inner = lines.map(|lines| Lines {
            lead: format!("{}{}", lines.lead, lines.step),
            step: lines.step.clone(),
            ..*lines
        });
        let inner = inner.as_ref();
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                let fields = fields.iter().map(|(name, value)| self.field(name, value, inner));
                self.collection(['{', '}'], fields, lines, inner)
            }
            Value::Array(items) if !items.is_empty() => {
                self.collection(['[', ']'], items.iter().map(|item| self.value(item, inner)), lines, inner)
            }
            other => other.to_string(),
        }
    }

    fn collection(
        &self,
        [open, close]: [char; 2],
        parts: impl Iterator<Item = String>,
        outer: Option<&Lines>,
        inner: Option<&Lines>,
    ) -> String {
        let parts: Vec<String> = parts.collect();
        let (Some(outer), Some(inner)) = (outer, inner) else {
            return format!("{open}{}{close}", parts.join(self.comma));
        };
        let comma = if outer.trailing_comma { "," } else { "" };
        let parts = parts.join(&format!(",{}", inner.start()));
        format!("{open}{}{parts}{comma}{}{close}", inner.start(), outer.start())
    }
}
