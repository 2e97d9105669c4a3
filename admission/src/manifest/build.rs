//! Builds the tree of a document from what a parser tells, one scalar and one bracket after another. Nothing here
//! recurses, and nothing grows beyond the limits.

use super::{
    Limits, Lines, Span,
    merge::{Duplicate, sorted},
    scalar::key,
    tree::{Content, Entry, Fault, Id, Node, Refusal, Scalar, Tree, too_deep, too_many_values},
};
use plimsoll_policy::Pointer;
use std::{borrow::Cow, collections::HashMap};

pub(super) struct Builder<'t, 'l> {
    lines: &'l Lines<'t>,
    limits: &'l Limits,
    nodes: Vec<Node<'t>>,
    root: Option<Id>,
    open: Vec<Open<'t>>,
    anchors: HashMap<usize, Id>,
    faults: Vec<Fault>,
    /// Entries that merges copied.
    merged: usize,
    /// How many collections are open of those that are not read, outermost first.
    passing_over: usize,
}

/// A collection whose end is still to come.
struct Open<'t> {
    id: Id,
    anchor: Option<usize>,
    /// Where the last of what is in it ends.
    end: usize,
    kind: Kind<'t>,
}

impl Open<'_> {
    /// Whether the value of that field comes next.
    fn is_at(&self, field: &str) -> bool {
        matches!(&self.kind, Kind::Mapping { key: Some(Key::Field(name, _)), .. } if name == field)
    }
}

enum Kind<'t> {
    Sequence(Vec<Id>),
    Mapping {
        entries: Vec<Entry<'t>>,
        /// The key whose value is still to come.
        key: Option<Key<'t>>,
        /// The values of `<<`.
        merges: Vec<Id>,
    },
}

enum Key<'t> {
    Field(Cow<'t, str>, Span),
    Merge,
}

/// A scalar as a parser tells it.
pub(super) struct Told<'t> {
    pub(super) scalar: Scalar<'t>,
    pub(super) span: Span,
    /// Whether it is the plain `<<` of YAML.
    pub(super) merges: bool,
    pub(super) anchor: Option<usize>,
}

pub(super) type Result<T = ()> = std::result::Result<T, Refusal>;

pub(super) fn refuse<T>(span: Span, message: impl Into<String>) -> Result<T> {
    Err(Refusal { span, message: message.into() })
}

/// About as many as manifests have, so that the list of nodes seldom grows.
const BYTES_PER_NODE: usize = 24;

impl<'t, 'l> Builder<'t, 'l> {
    /// Of a document that has so many bytes.
    pub(super) fn new(lines: &'l Lines<'t>, bytes: usize, limits: &'l Limits) -> Self {
        let nodes = Vec::with_capacity((bytes / BYTES_PER_NODE).min(limits.values));
        let (open, faults) = (Vec::new(), Vec::new());
        Self { lines, limits, nodes, root: None, open, anchors: HashMap::new(), faults, merged: 0, passing_over: 0 }
    }

    /// The tree; a document without a value is null.
    pub(super) fn finish(mut self) -> Tree<'t> {
        let root = self.root.unwrap_or_else(|| {
            self.nodes.push(Node { span: Span::default(), content: Content::Scalar(Scalar::Null) });
            self.nodes.len() - 1
        });
        self.faults.sort_by_key(|fault| fault.span.start);
        Tree { text: self.lines.text(), nodes: self.nodes, root, faults: self.faults }
    }

    /// Whether the innermost open collection is a mapping, and its key is next.
    pub(super) fn expects_key(&self) -> bool {
        self.passing_over == 0 && matches!(self.open.last(), Some(Open { kind: Kind::Mapping { key: None, .. }, .. }))
    }

    pub(super) fn scalar(&mut self, told: Told<'t>) -> Result {
        if self.passing_over > 0 {
            return Ok(());
        }
        let Told { scalar, span, merges, anchor } = told;
        let is_key = self.expects_key();
        if is_key && anchor.is_none() {
            return self.key(scalar, span, merges);
        }
        let is_finite = scalar != Scalar::NotFinite;
        let id = self.add(span, Content::Scalar(scalar.clone()))?;
        self.anchors.extend(anchor.map(|anchor| (anchor, id)));
        if is_key {
            return self.key(scalar, span, merges);
        }
        if !is_finite {
            self.fault(span, "the API server takes no infinity and no NaN");
        }
        self.place(id, span.end);
        Ok(())
    }

    pub(super) fn open_sequence(&mut self, span: Span, anchor: Option<usize>) -> Result {
        self.open(span, anchor, Kind::Sequence(Vec::new()))
    }

    pub(super) fn open_mapping(&mut self, span: Span, anchor: Option<usize>) -> Result {
        self.open(span, anchor, Kind::Mapping { entries: Vec::new(), key: None, merges: Vec::new() })
    }

    /// `bracket` is where the closing one ends; a collection in block style ends with the last of what is in it.
    pub(super) fn close(&mut self, bracket: Option<usize>) -> Result {
        if self.passing_over > 0 {
            self.passing_over -= 1;
            return Ok(());
        }
        let Some(Open { id, anchor, end, kind }) = self.open.pop() else { return Ok(()) };
        let end = bracket.unwrap_or(end);
        let content = match kind {
            Kind::Sequence(items) => Content::Sequence { items, flow: bracket.is_some() },
            Kind::Mapping { entries, merges, .. } => {
                let (entries, duplicates) = sorted(entries, &merges, &self.nodes)?;
                self.merged += if merges.is_empty() { 0 } else { entries.len() };
                duplicates.iter().for_each(|duplicate| self.duplicate(duplicate));
                Content::Mapping(entries)
            }
        };
        if self.merged > self.limits.values {
            return refuse(self.nodes[id].span, too_many_values(self.limits));
        }
        self.nodes[id].span.end = end.max(self.nodes[id].span.start);
        self.nodes[id].content = content;
        self.anchors.extend(anchor.map(|anchor| (anchor, id)));
        self.place(id, end);
        Ok(())
    }

    /// An alias of an anchor that stands before it.
    pub(super) fn alias(&mut self, anchor: usize, span: Span) -> Result {
        if self.passing_over > 0 {
            return Ok(());
        }
        let Some(&id) = self.anchors.get(&anchor) else {
            return self.unknown(span, "an alias of a collection that it stands in: that would have no end");
        };
        if !self.expects_key() {
            self.place(id, span.end);
            return Ok(());
        }
        match &self.nodes[id].content {
            Content::Scalar(scalar) => self.key(scalar.clone(), span, false),
            _ => refuse(span, "a key must be a string, and this is an alias of a collection"),
        }
    }

    /// In place of a value that cannot be known.
    pub(super) fn unknown(&mut self, span: Span, message: impl Into<String>) -> Result {
        if self.passing_over > 0 {
            return Ok(());
        }
        if self.expects_key() {
            return refuse(span, message);
        }
        let id = self.add(span, Content::Scalar(Scalar::Null))?;
        self.fault(span, message);
        self.place(id, span.end);
        Ok(())
    }

    fn key(&mut self, scalar: Scalar<'t>, span: Span, merges: bool) -> Result {
        let new = match merges {
            true => Key::Merge,
            false => Key::Field(key(scalar).or_else(|message| refuse(span, message))?, span),
        };
        if let Some(Open { end, kind: Kind::Mapping { key, .. }, .. }) = self.open.last_mut() {
            (*key, *end) = (Some(new), span.end);
        }
        Ok(())
    }

    fn open(&mut self, span: Span, anchor: Option<usize>, kind: Kind<'t>) -> Result {
        if self.passing_over > 0 || self.is_at_managed_fields() {
            return self.pass_over(span);
        }
        if self.expects_key() {
            let what = if matches!(kind, Kind::Sequence(_)) { "list" } else { "mapping" };
            return refuse(span, format!("a key must be a string, and this is a {what}"));
        }
        if self.open.len() >= self.limits.depth {
            return refuse(span, too_deep(self.limits));
        }
        let id = self.add(span, Content::Scalar(Scalar::Null))?;
        self.open.push(Open { id, anchor, end: span.end, kind });
        Ok(())
    }

    /// What managers of fields wrote may be deeper than anything that is judged, and is not read.
    fn is_at_managed_fields(&self) -> bool {
        let [.., metadata, inner] = self.open.as_slice() else { return false };
        metadata.is_at("metadata") && inner.is_at("managedFields")
    }

    fn pass_over(&mut self, span: Span) -> Result {
        if self.passing_over == 0 {
            let id = self.add(span, Content::Scalar(Scalar::Null))?;
            self.place(id, span.end);
        }
        self.passing_over += 1;
        Ok(())
    }

    fn add(&mut self, span: Span, content: Content<'t>) -> Result<Id> {
        if self.nodes.len() >= self.limits.values {
            return refuse(span, too_many_values(self.limits));
        }
        self.nodes.push(Node { span, content });
        Ok(self.nodes.len() - 1)
    }

    /// Puts a node where it belongs: root, list item or value.
    fn place(&mut self, id: Id, end: usize) {
        let Some(parent) = self.open.last_mut() else {
            self.root.get_or_insert(id);
            return;
        };
        parent.end = end;
        match &mut parent.kind {
            Kind::Sequence(items) => items.push(id),
            Kind::Mapping { entries, key, merges } => match key.take() {
                Some(Key::Field(name, key)) => entries.push(Entry { name, key, value: id }),
                Some(Key::Merge) => merges.push(id),
                None => {}
            },
        }
    }

    /// Something is wrong with the value that comes next.
    fn fault(&mut self, span: Span, message: impl Into<String>) {
        let mut pointer = Pointer::ROOT;
        for open in &self.open {
            match &open.kind {
                Kind::Sequence(items) => pointer = pointer.step(items.len()),
                Kind::Mapping { key: Some(Key::Field(name, _)), .. } => pointer = pointer.step(name),
                Kind::Mapping { .. } => {}
            }
        }
        self.faults.push(Fault { pointer, span, message: message.into() });
    }

    /// One mapping has a key twice. It is closed already.
    fn duplicate(&mut self, Duplicate { name, first, second }: &Duplicate<'t>) {
        let line = self.lines.position(first.start).line;
        self.fault(*second, format!("duplicate key `{name}`: it is on line {line} already; keep one of the two"));
        if let Some(fault) = self.faults.last_mut() {
            fault.pointer = fault.pointer.step(name);
        }
    }
}
