//! One document as a tree: the values, and where in the text each of them is.

use super::{Limits, Span};
use plimsoll_policy::Pointer;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// A document that was read. Values that an alias repeats are there once.
#[derive(Debug)]
pub struct Tree<'t> {
    pub(super) text: &'t str,
    pub(super) nodes: Vec<Node<'t>>,
    pub(super) root: Id,
    /// What is wrong with single fields, in the order of the text.
    pub(super) faults: Vec<Fault>,
}

pub(super) type Id = usize;

#[derive(Debug)]
pub(super) struct Node<'t> {
    /// Without anchor and tag; a scalar with its quotes, or the text of a block scalar; empty where nothing is written.
    pub(super) span: Span,
    pub(super) content: Content<'t>,
}

#[derive(Debug)]
pub(super) enum Content<'t> {
    Scalar(Scalar<'t>),
    Sequence {
        items: Vec<Id>,
        /// In brackets, so that no item has a `-`.
        flow: bool,
    },
    /// Sorted by name.
    Mapping(Vec<Entry<'t>>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'t> {
    Null,
    Bool(bool),
    Number(Number),
    /// An infinity, or no number at all.
    NotFinite,
    Text(Cow<'t, str>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) key: Span,
    pub(super) value: Id,
}

/// A field that cannot be read, while the rest of the document can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer into the document.
    pub pointer: Pointer,
    /// Where to look.
    pub span: Span,
    /// What was found and what to do: lower case, no full stop at the end.
    pub message: String,
}

/// Why a document cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) span: Span,
    pub(super) message: String,
}

impl<'t> Tree<'t> {
    pub(super) fn node(&self, id: Id) -> &Node<'t> {
        &self.nodes[id]
    }

    pub(super) fn entry(&self, id: Id, name: &str) -> Option<&Entry<'t>> {
        let Content::Mapping(entries) = &self.node(id).content else { return None };
        let at = entries.binary_search_by(|entry| entry.name.as_ref().cmp(name)).ok()?;
        entries.get(at)
    }

    /// An item of a sequence, and whether that is in flow style.
    pub(super) fn item(&self, id: Id, step: &str) -> Option<(Id, bool)> {
        let Content::Sequence { items, flow } = &self.node(id).content else { return None };
        Some((*items.get(step.parse::<usize>().ok()?)?, *flow))
    }

    /// The whole value, aliases expanded.
    pub(super) fn value(&self, limits: &Limits) -> Result<Value, Refusal> {
        let mut expansion = Expansion { tree: self, limits, values: 0 };
        expansion.value(self.root, 0)
    }
}

/// Makes a value of a tree, where aliases could make much of little.
struct Expansion<'a, 't> {
    tree: &'a Tree<'t>,
    limits: &'a Limits,
    values: usize,
}

impl Expansion<'_, '_> {
    /// The depth of the tree is limited, and so is this recursion.
    fn value(&mut self, id: Id, depth: usize) -> Result<Value, Refusal> {
        let node = self.tree.node(id);
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Refusal { span: node.span, message: too_many_values(self.limits) });
        }
        let is_collection = !matches!(node.content, Content::Scalar(_));
        if is_collection && depth >= self.limits.depth {
            return Err(Refusal { span: node.span, message: too_deep(self.limits) });
        }
        Ok(match &node.content {
            Content::Scalar(scalar) => scalar.value(),
            Content::Sequence { items, .. } => {
                let items = items.iter().map(|item| self.value(*item, depth + 1));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Content::Mapping(entries) => {
                let fields = entries
                    .iter()
                    .map(|entry| Ok((entry.name.clone().into_owned(), self.value(entry.value, depth + 1)?)));
                Value::Object(fields.collect::<Result<Map<_, _>, _>>()?)
            }
        })
    }
}

impl Scalar<'_> {
    fn value(&self) -> Value {
        match self {
            Scalar::Null | Scalar::NotFinite => Value::Null,
            Scalar::Bool(value) => Value::Bool(*value),
            Scalar::Number(number) => Value::Number(number.clone()),
            Scalar::Text(text) => Value::String(text.clone().into_owned()),
        }
    }
}

pub(super) fn too_deep(limits: &Limits) -> String {
    format!("more than {} mappings and sequences inside each other (limit `depth`)", limits.depth)
}

pub(super) fn too_many_values(limits: &Limits) -> String {
    format!("more than {} values with aliases expanded (limit `values`)", limits.values)
}
