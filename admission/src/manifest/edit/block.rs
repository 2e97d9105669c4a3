//! A new field at the end of a mapping in block style.

use super::{Editor, Obstacle, Splice, render};
use crate::manifest::tree::Id;
use serde_json::Value;

impl Editor<'_, '_> {
    pub(super) fn insert_in_block(&self, mapping: Id, name: &str, value: &Value) -> Result<Splice, Obstacle> {
        let span = self.tree.node(mapping).span;
        // In front of the first key stand spaces and dashes.
        let before = self.before(span.start);
        if !before.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
            return Err(Obstacle::Shape);
        }
        let line_break = self.line_break(span.end);
        let field = render::field(name, value, before.len(), self.indent, line_break);
        let rest = &self.text()[span.end..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        if !ends_here(line) {
            return Err(Obstacle::Shape);
        }
        Ok(match line.len() < rest.len() {
            true => Splice::insert(span.end + line.len() + 1, field + line_break),
            false => Splice::insert(self.text().len(), format!("{line_break}{field}")),
        })
    }
}

/// Whether nothing but a comment follows: a colon is left of a key without a value.
fn ends_here(rest: &str) -> bool {
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let blank = rest.trim_start_matches([' ', '\t', '\r']);
    blank.is_empty() || blank.starts_with('#') && blank.len() < rest.len()
}
