//! Edits of single fields of a document, as splices of its text: every other byte stays what it is.
//!
//! An editor takes edits until it is asked for the splices, and for the value that the document must then have. Whoever
//! applies them reads the new text and compares. What would need a guess is an [`Obstacle`]: values behind anchors,
//! whole collections, items of lists.

mod block;
mod flow;
mod patch;
mod remove;
mod render;
mod scalar;
#[cfg(test)]
mod tests;

use super::{
    Limits, Span,
    locate::offset,
    read::list,
    tree::{Content, Entry, Id, Scalar, Tree},
};
use plimsoll_policy::{Edit, Pointer};
use serde_json::Value;
use std::{collections::BTreeMap, fmt};

/// A part of a text, and what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Splice {
    /// Bytes of the whole text; empty where something is inserted.
    pub span: Span,
    /// What stands there instead.
    pub text: String,
}

impl Splice {
    fn insert(at: usize, text: String) -> Self {
        Splice { span: Span { start: at, end: at }, text }
    }
}

/// Why an edit is not made. Reads as the end of "is not fixed: …".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Another place would change as well.
    Shared,
    /// An OpenShift `Template` fills it in.
    Parameter,
    /// A comment would have to be moved or lost.
    Comment,
    /// It is about more than a field and its value.
    Shape,
    /// Another field cannot be read.
    Unreadable,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Obstacle::Shared => "the value is behind an anchor, an alias or a merge key: other places would change too",
            Obstacle::Parameter => "the value comes from a parameter of the Template",
            Obstacle::Comment => "a comment stands in the way",
            Obstacle::Shape => "the text is written in a way that is not edited automatically",
            Obstacle::Unreadable => "other fields of this document cannot be read",
        })
    }
}

/// Collects edits of one document.
pub struct Editor<'a, 't> {
    tree: &'a Tree<'t>,
    /// Whether a node is the value of more than one field.
    shared: Vec<bool>,
    /// Spaces from one level to the next.
    indent: usize,
    /// The value with all edits.
    after: Value,
    changes: BTreeMap<Pointer, Change>,
}

/// What is done about one field. What is set takes its value from the document as it will be.
#[derive(Debug, Clone, PartialEq)]
enum Change {
    Replace { node: Id, key: Option<Span>, flow: bool },
    Insert { mapping: Id, name: String, flow: bool },
    Remove(Splice),
}

/// Where a pointer leads.
enum Way<'e, 't> {
    /// To a value that is written.
    There { node: Id, around: Option<Around>, entry: Option<&'e Entry<'t>>, flow: bool },
    /// To a field that this mapping lacks; `pointer` is that field's.
    Missing { mapping: Id, name: String, pointer: Pointer, flow: bool },
}

/// The collection that a value stands in.
#[derive(Clone, Copy)]
struct Around {
    node: Id,
    /// Its own key.
    key: Option<Span>,
}

impl<'a, 't> Editor<'a, 't> {
    /// An editor of a document.
    ///
    /// # Errors
    /// Not all of it can be read.
    pub fn new(tree: &'a Tree<'t>, limits: &Limits) -> Result<Self, Obstacle> {
        let after = tree.value(limits).map_err(|_| Obstacle::Unreadable)?;
        if !tree.faults.is_empty() {
            return Err(Obstacle::Unreadable);
        }
        Ok(Editor { tree, shared: shared(tree), indent: indent(tree), after, changes: BTreeMap::new() })
    }

    /// Takes all edits of one fix, or none of them. In a `List` their pointers begin at the item.
    ///
    /// # Errors
    /// Why one of them cannot be made.
    pub fn add(&mut self, item: Option<usize>, edits: &[Edit]) -> Result<(), Obstacle> {
        let prefix = item.map_or(Pointer::ROOT, |index| Pointer::ROOT.step(list(self.tree)).step(index));
        let changes: Vec<_> = edits.iter().map(|edit| self.change(&prefix, edit)).collect::<Result<_, _>>()?;
        // Where the new text goes does not depend on what it is, so this tells early which fix cannot be made.
        for (edit, (_, change)) in edits.iter().zip(&changes) {
            self.splice(change, &value_of(edit))?;
        }
        edits.iter().try_for_each(|edit| patch::apply(&mut self.after, &prefix, edit).ok_or(Obstacle::Shape))?;
        self.changes.extend(changes);
        Ok(())
    }

    /// The splices in the order of the text, and the value that the document has with them.
    ///
    /// # Errors
    /// Why one of the edits cannot be made.
    pub fn finish(self) -> Result<(Vec<Splice>, Value), Obstacle> {
        let mut splices: Vec<Splice> = self
            .changes
            .iter()
            .map(|(pointer, change)| self.splice(change, pointer.find(&self.after).unwrap_or(&Value::Null)))
            .collect::<Result<_, _>>()?;
        splices.sort();
        Ok((splices, self.after))
    }

    fn change(&self, prefix: &Pointer, edit: &Edit) -> Result<(Pointer, Change), Obstacle> {
        let (Edit::Add { pointer, .. } | Edit::Replace { pointer, .. } | Edit::Remove { pointer }) = edit;
        let pointer = Pointer::from(format!("{prefix}{pointer}"));
        let change = match (edit, self.way(&pointer)?) {
            (Edit::Add { .. }, Way::Missing { mapping, name, pointer, flow }) => {
                return Ok((pointer, Change::Insert { mapping, name, flow }));
            }
            // In a list it would push the others back.
            (Edit::Add { .. }, Way::There { entry: None, .. }) | (_, Way::Missing { .. }) => {
                return Err(Obstacle::Shape);
            }
            (Edit::Add { .. } | Edit::Replace { .. }, Way::There { node, entry, flow, .. }) => {
                let is_scalar = !is_collection(&value_of(edit));
                match &self.tree.node(node).content {
                    Content::Scalar(Scalar::Text(text)) if text.contains("${") => return Err(Obstacle::Parameter),
                    Content::Scalar(_) if is_scalar => {}
                    _ => return Err(Obstacle::Shape),
                }
                Change::Replace { node, key: entry.map(|entry| entry.key), flow }
            }
            (Edit::Remove { .. }, Way::There { around: Some(around), entry: Some(entry), flow, .. }) => {
                Change::Remove(self.remove(around, entry, flow)?)
            }
            (Edit::Remove { .. }, Way::There { .. }) => return Err(Obstacle::Shape),
        };
        Ok((pointer, change))
    }

    fn way(&self, pointer: &Pointer) -> Result<Way<'a, 't>, Obstacle> {
        let tree = self.tree;
        let mut here = Way::There { node: tree.root, around: None, entry: None, flow: false };
        let mut walked = Pointer::ROOT;
        for step in pointer.steps() {
            let Way::There { node, entry, flow, .. } = here else { break };
            let around = Some(Around { node, key: entry.map(|entry| entry.key) });
            walked.push(&step);
            let flow = flow || self.is_flow(node);
            here = match &tree.node(node).content {
                Content::Mapping(_) => match tree.entry(node, &step) {
                    Some(entry) if self.shared[entry.value] => return Err(Obstacle::Shared),
                    Some(entry) => Way::There { node: entry.value, around, entry: Some(entry), flow },
                    None => Way::Missing { mapping: node, name: step.into_owned(), pointer: walked.clone(), flow },
                },
                Content::Sequence { .. } => match tree.item(node, &step) {
                    Some((item, _)) if self.shared[item] => return Err(Obstacle::Shared),
                    Some((item, _)) => Way::There { node: item, around, entry: None, flow },
                    None => return Err(Obstacle::Shape),
                },
                Content::Scalar(_) => return Err(Obstacle::Shape),
            };
        }
        Ok(here)
    }

    fn splice(&self, change: &Change, value: &Value) -> Result<Splice, Obstacle> {
        match change {
            Change::Remove(splice) => Ok(splice.clone()),
            Change::Replace { node, key, flow } => self.replace(*node, *key, *flow, value),
            Change::Insert { mapping, name, flow: true } => self.insert_in_flow(*mapping, name, value),
            Change::Insert { mapping, name, flow: false } => self.insert_in_block(*mapping, name, value),
        }
    }

    fn text(&self) -> &'t str {
        self.tree.text
    }

    fn is_flow(&self, node: Id) -> bool {
        self.text()[self.tree.node(node).span.start..].starts_with(['{', '['])
    }

    /// The entries that a mapping writes itself, in the order of the text.
    fn written(&self, mapping: Id) -> Vec<&'a Entry<'t>> {
        let node = self.tree.node(mapping);
        let Content::Mapping(entries) = &node.content else { return Vec::new() };
        let is_own = |entry: &&Entry<'_>| (node.span.start..node.span.end).contains(&entry.key.start);
        let mut own: Vec<_> = entries.iter().filter(is_own).collect();
        own.sort_by_key(|entry| entry.key.start);
        own
    }

    /// Where the value of an entry ends.
    fn end(&self, entry: &Entry<'_>) -> Result<usize, Obstacle> {
        let span = self.tree.node(entry.value).span;
        match self.shared[entry.value] {
            true => Err(Obstacle::Shared),
            false if span.start == span.end => Ok(self.colon(entry.key).unwrap_or(entry.key.end)),
            false => Ok(span.end),
        }
    }

    /// Behind the colon of a key; none where there is none, as in `{a, b}`.
    fn colon(&self, key: Span) -> Option<usize> {
        let rest = &self.text()[key.end..];
        let colon = rest.trim_start_matches([' ', '\t']);
        colon.starts_with(':').then(|| key.end + offset(rest, colon) + 1)
    }

    /// The line break of a line: of the one that a byte is in, or of the first line.
    fn line_break(&self, at: usize) -> &'static str {
        let text = self.text();
        let end = text[at..].find('\n').map(|end| at + end).or_else(|| text.find('\n'));
        if end.is_some_and(|end| text[..end].ends_with('\r')) { "\r\n" } else { "\n" }
    }

    /// What stands between the beginning of its line and a byte.
    fn before(&self, at: usize) -> &'t str {
        let text = self.text();
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        text[start..at].trim_start_matches('\u{feff}')
    }
}

fn value_of(edit: &Edit) -> Value {
    match edit {
        Edit::Add { value, .. } | Edit::Replace { value, .. } => serde_json::from_str(value).unwrap_or_default(),
        Edit::Remove { .. } => Value::Null,
    }
}

fn is_collection(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Whether each node is at more than one place: an alias, or what a merge key copies.
fn shared(tree: &Tree<'_>) -> Vec<bool> {
    let mut places = vec![0_u8; tree.nodes.len()];
    let mut count = |id: Id| places[id] = places[id].saturating_add(1);
    for node in &tree.nodes {
        match &node.content {
            Content::Mapping(entries) => entries.iter().for_each(|entry| count(entry.value)),
            Content::Sequence { items, .. } => items.iter().copied().for_each(&mut count),
            Content::Scalar(_) => {}
        }
    }
    places.into_iter().map(|places| places > 1).collect()
}

/// Spaces in front of the first field that is inside of another one, two if there is none.
fn indent(tree: &Tree<'_>) -> usize {
    let Content::Mapping(entries) = &tree.node(tree.root).content else { return DEFAULT_INDENT };
    let column = |id: Id| {
        let start = tree.node(id).span.start;
        let line = &tree.text[tree.text[..start].rfind('\n')? + 1..start];
        line.bytes().all(|byte| byte == b' ').then_some(line.len())
    };
    let inner = entries.iter().filter(|entry| matches!(tree.node(entry.value).content, Content::Mapping(_)));
    inner.filter_map(|entry| column(entry.value)).find(|column| (1..=8).contains(column)).unwrap_or(DEFAULT_INDENT)
}

const DEFAULT_INDENT: usize = 2;
