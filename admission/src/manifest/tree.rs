//! The nodes of a document with the place of each in its text: parsed only where a place is asked for.

use super::{Position, events, scalar};
use saphyr_parser::{Event, ScalarStyle, Span};
use std::collections::{HashMap, HashSet};

/// Nodes of one document. Lines and columns count from 1, from the beginning of the document.
pub(super) struct Tree {
    nodes: Vec<Node>,
    root: Id,
}

pub(super) type Id = usize;

pub(super) struct Node {
    /// Where it begins, with its anchor and tag.
    pub(super) at: Position,
    /// Characters of its first line, without quotes; 1 for a collection.
    pub(super) width: usize,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// None where nothing is written: `key:`.
    Scalar(Option<String>),
    Mapping(Vec<(Id, Id)>),
    Sequence(Vec<Id>),
}

impl Tree {
    /// None where there is no document that the span-keeping parser can read.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = without_surrogates(text);
        let mut builder = Builder::default();
        events::each(&text, |event, span| builder.take(event, span))?;
        let root = builder.root?;
        Some(Self { nodes: builder.nodes, root })
    }

    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    /// The key and the value of a field. What is written wins over what is merged.
    pub(super) fn field(&self, id: Id, name: &str) -> Option<(Id, Id)> {
        self.field_within(id, name, 0)
    }

    fn field_within(&self, id: Id, name: &str, depth: usize) -> Option<(Id, Id)> {
        let Content::Mapping(entries) = &self.node(id).content else { return None };
        let is_keyed = |(key, _): &&(Id, Id), wanted: &str| self.text(*key) == Some(wanted);
        if let Some(found) = entries.iter().find(|entry| is_keyed(entry, name)) {
            return Some(*found);
        }
        if depth > MERGES_WITHIN_MERGES {
            return None;
        }
        let merges = entries.iter().filter(|entry| is_keyed(entry, "<<"));
        merges.map(|(_, merged)| *merged).find_map(|merged| match &self.node(merged).content {
            Content::Sequence(sources) => sources.iter().find_map(|source| self.field_within(*source, name, depth + 1)),
            _ => self.field_within(merged, name, depth + 1),
        })
    }

    fn text(&self, id: Id) -> Option<&str> {
        match &self.node(id).content {
            Content::Scalar(text) => text.as_deref(),
            _ => None,
        }
    }

    /// The first key that comes twice in one mapping: where, and where again.
    pub(super) fn duplicate(&self) -> Option<(Position, Position)> {
        self.nodes.iter().find_map(|node| {
            let Content::Mapping(entries) = &node.content else { return None };
            let mut seen = HashMap::new();
            entries.iter().find_map(|(key, _)| {
                let text = self.text(*key).filter(|text| *text != "<<")?;
                Some((seen.insert(text, self.node(*key).at)?, self.node(*key).at))
            })
        })
    }
}

/// A merge of a mapping that itself merges, and so on: deeper than anybody writes.
const MERGES_WITHIN_MERGES: usize = 16;

/// JSON writes what is beyond the first 65 536 characters as two escapes, which YAML does not know: same width instead.
fn without_surrogates(text: &str) -> std::borrow::Cow<'_, str> {
    let mut found =
        text.match_indices("\\u").filter(|(at, _)| is_surrogate(&text[at + 2..])).map(|(at, _)| at).peekable();
    if found.peek().is_none() {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    for at in found {
        plain.push_str(&text[from..at]);
        plain.push_str("\\uFFFD");
        from = at + 6;
    }
    plain.push_str(&text[from..]);
    plain.into()
}

fn is_surrogate(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.len() >= 4
        && matches!(bytes[0], b'd' | b'D')
        && matches!(bytes[1], b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F')
        && bytes[2..4].iter().all(u8::is_ascii_hexdigit)
}

/// Builds the nodes of the first document from its events.
#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    root: Option<Id>,
    open: Vec<Open>,
    anchors: HashMap<usize, Id>,
}

/// A collection whose end is still to come.
struct Open {
    id: Id,
    /// The key whose value is still to come.
    key: Option<Id>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let width = text.lines().next().unwrap_or_default().chars().count();
                let text = if plain && self.expects_key() { scalar::key(&text) } else { text.into_owned() };
                let written = !plain || !text.is_empty();
                let id = self.add(Content::Scalar(written.then_some(text)), width, span, anchor);
                self.place(id);
            }
            Event::SequenceStart(anchor, _) => self.open(Content::Sequence(Vec::new()), span, anchor),
            Event::MappingStart(anchor, _) => self.open(Content::Mapping(Vec::new()), span, anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
            }
            // An anchor of an enclosing collection is a loop, and of another document unknown: serde_yaml tells.
            Event::Alias(anchor) => {
                let open: HashSet<Id> = self.open.iter().map(|open| open.id).collect();
                match self.anchors.get(&anchor).filter(|id| !open.contains(id)) {
                    Some(id) => self.place(*id),
                    None => {
                        let id = self.add(Content::Scalar(None), 1, span, 0);
                        self.place(id);
                    }
                }
            }
            _ => {}
        }
    }

    fn expects_key(&self) -> bool {
        let Some(open) = self.open.last() else { return false };
        open.key.is_none() && matches!(self.nodes[open.id].content, Content::Mapping(_))
    }

    fn add(&mut self, content: Content, width: usize, span: Span, anchor: usize) -> Id {
        let id = self.nodes.len();
        let at = Position { line: span.start.line(), column: span.start.col() + 1 };
        self.nodes.push(Node { at, width, content });
        // 0 is no anchor.
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn open(&mut self, content: Content, span: Span, anchor: usize) {
        let id = self.add(content, 1, span, anchor);
        self.place(id);
        self.open.push(Open { id, key: None });
    }

    /// Puts a node where it belongs: root, list item, key or value.
    fn place(&mut self, id: Id) {
        let Some(parent) = self.open.last_mut() else {
            self.root.get_or_insert(id);
            return;
        };
        match &mut self.nodes[parent.id].content {
            Content::Sequence(items) => items.push(id),
            Content::Mapping(entries) => match parent.key.take() {
                Some(key) => entries.push((key, id)),
                None => parent.key = Some(id),
            },
            Content::Scalar(_) => {}
        }
    }
}
