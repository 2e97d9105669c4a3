//! A field taken out of its mapping.

use super::{Around, Editor, Obstacle, Splice};
use crate::manifest::{Span, tree::Entry};

/// The fields before and after one, as far as the mapping writes them itself.
struct Neighbours<'e, 't> {
    before: Option<&'e Entry<'t>>,
    after: Option<&'e Entry<'t>>,
}

impl Editor<'_, '_> {
    pub(super) fn remove(&self, around: Around, entry: &Entry<'_>, flow: bool) -> Result<Splice, Obstacle> {
        let entries = self.written(around.node);
        let at = entries.iter().position(|other| other.key == entry.key).ok_or(Obstacle::Shared)?;
        let before = at.checked_sub(1).map(|before| entries[before]);
        let neighbours = Neighbours { before, after: entries.get(at + 1).copied() };
        match flow {
            true => Ok(Splice { span: self.in_braces(around, entry, &neighbours)?, text: String::new() }),
            false => self.lines_of(around, entry, &neighbours),
        }
    }

    /// With the comma that it then does not need.
    fn in_braces(&self, around: Around, entry: &Entry<'_>, neighbours: &Neighbours<'_, '_>) -> Result<Span, Obstacle> {
        let end = self.end(entry)?;
        let span = match (neighbours.before, neighbours.after) {
            (Some(before), _) => Span { start: self.end(before)?, end },
            (None, Some(after)) => Span { start: entry.key.start, end: after.key.start },
            // Without line breaks that nothing is between any more.
            (None, None) => {
                let braces = self.tree.node(around.node).span;
                Span { start: braces.start + 1, end: braces.end - 1 }
            }
        };
        let around = [span.start..entry.key.start, end..span.end];
        match around.into_iter().any(|part| self.text()[part].contains('#')) {
            true => Err(Obstacle::Comment),
            false => Ok(span),
        }
    }

    /// The lines of a field, or what stands behind the dash of an item up to the next field.
    fn lines_of(&self, around: Around, entry: &Entry<'_>, neighbours: &Neighbours<'_, '_>) -> Result<Splice, Obstacle> {
        let end = self.end(entry)?;
        let line_end = self.text()[end..].find('\n').map_or(self.text().len(), |newline| end + newline + 1);
        let lead = self.before(entry.key.start);
        let start = entry.key.start - lead.len();
        let has_own_line = lead.trim().is_empty();
        // `<<` is a field too, though not an entry.
        let follows = neighbours.before.is_some() || self.tree.node(around.node).span.start < entry.key.start;
        let take = |start, end| Splice { span: Span { start, end }, text: String::new() };
        match neighbours.after {
            None if !follows => self.nothing_left(around, start, line_end),
            _ if has_own_line => Ok(take(start, line_end)),
            Some(after) if self.text()[line_end..after.key.start].trim().is_empty() => {
                Ok(take(entry.key.start, after.key.start))
            }
            Some(_) => Err(Obstacle::Comment),
            None => Err(Obstacle::Shape),
        }
    }

    /// A mapping that loses its last field would be null without braces.
    fn nothing_left(&self, around: Around, start: usize, end: usize) -> Result<Splice, Obstacle> {
        let colon = around.key.and_then(|key| self.colon(key)).ok_or(Obstacle::Shape)?;
        let between = self.text().get(colon..start).ok_or(Obstacle::Shape)?;
        Ok(Splice { span: Span { start: colon, end }, text: format!(" {{}}{between}") })
    }
}
