//! Another value for a scalar, in the style of the one that is there.

use super::{Editor, Obstacle, Splice, render};
use crate::manifest::{
    Span,
    tree::{Content, Id, Scalar},
};
use serde_json::Value;

impl Editor<'_, '_> {
    pub(super) fn replace(&self, node: Id, key: Option<Span>, flow: bool, value: &Value) -> Result<Splice, Obstacle> {
        let span = self.tree.node(node).span;
        let written = &self.text()[span.start..span.end];
        if written.is_empty() {
            let colon = key.and_then(|key| self.colon(key)).ok_or(Obstacle::Shape)?;
            return Ok(Splice::insert(colon, format!(" {}", as_written(value, flow))));
        }
        if let (Value::String(new), Content::Scalar(Scalar::Text(old))) = (value, &self.tree.node(node).content) {
            if let Some(splice) = inside(written, span.start, old, new) {
                return Ok(splice);
            }
            if self.is_block(span) {
                return Err(Obstacle::Shape);
            }
            return Ok(Splice { span, text: quoted_alike(written, new) });
        }
        match self.is_block(span) {
            true => Err(Obstacle::Shape),
            false => Ok(Splice { span, text: as_written(value, flow) }),
        }
    }

    /// Whether a scalar is the text below a `|` or `>`.
    fn is_block(&self, span: Span) -> bool {
        let before = &self.text()[..span.start];
        let above = before.trim_end_matches([' ', '\t']).strip_suffix('\n');
        let header = above.map(|above| &above[above.rfind('\n').map_or(0, |newline| newline + 1)..]);
        let header = header.map(|line| line.split_once(" #").map_or(line, |(header, _)| header).trim_end());
        header.and_then(|header| header.rsplit([' ', '\t']).next()).is_some_and(|last| last.starts_with(['|', '>']))
    }
}

/// A string in the quotes of another one.
fn quoted_alike(written: &str, new: &str) -> String {
    let fits_single = !new.contains(|character: char| character.is_control());
    match written.chars().next() {
        Some('\'') if fits_single => format!("'{}'", new.replace('\'', "''")),
        Some('"' | '\'') => Value::from(new).to_string(),
        // What is without quotes in braces stays so where it can.
        _ => render::text(new).into_owned(),
    }
}

/// A change within one line of a longer string, where the text has that line as it is, and once.
fn inside(written: &str, start: usize, old: &str, new: &str) -> Option<Splice> {
    let prefix = common(old.chars(), new.chars());
    let suffix = common(old[prefix..].chars().rev(), new[prefix..].chars().rev());
    let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
    let line_start = old[..prefix].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = old[old_end..].find('\n').map_or(old.len(), |newline| old_end + newline);
    let line = &old[line_start..line_end];
    let context = prefix > line_start || old_end < line_end;
    if !context || line.contains('\n') || written.matches(line).count() != 1 {
        return None;
    }
    let line_at = start + written.find(line)?;
    let span = Span { start: line_at + prefix - line_start, end: line_at + old_end - line_start };
    Some(Splice { span, text: new[prefix..new_end].to_owned() })
}

/// Bytes that two texts begin with alike.
fn common(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).map(|(character, _)| character.len_utf8()).sum()
}

fn as_written(value: &Value, flow: bool) -> String {
    if flow { value.to_string() } else { render::scalar(value).into_owned() }
}
