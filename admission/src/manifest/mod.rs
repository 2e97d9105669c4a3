//! Text to workloads: documents, their kind, their values, the API server's defaults, the view that policies see.
//!
//! [`read`] takes a whole text and never fails as a whole: what cannot be judged is a [`Problem`] or a [`Skip`] beside
//! what can. [`object`] takes one JSON value, as a webhook or a live audit gets it. Lines and columns are found on
//! demand.
//!
//! A document is parsed only where its top-level kind can matter; nearly all bytes of real repositories are custom
//! resource definitions and the like.

mod build;
mod defaults;
mod document;
mod field;
mod json;
mod kind;
mod limits;
mod lines;
mod locate;
mod merge;
mod object;
mod patch;
mod quantity;
mod read;
mod scalar;
mod sibling;
mod single;
mod sniff;
#[cfg(test)]
mod tests;
mod tree;
mod view;
mod yaml;

pub use document::{Document, documents};
pub use field::FieldError;
pub use json::json_value;
pub use kind::{CustomKind, Kinds};
pub use limits::Limits;
pub use lines::{Lines, Position, Span, Window};
pub use locate::Written;
pub use object::{Triage, object};
pub use read::{beyond_limit, decode, read, read_document};
pub use single::Single;
pub use tree::{Fault, Tree};

use plimsoll_policy::{Sibling, Workload};
use serde_json::Value;
use std::{fmt, sync::Arc};

/// An object that policies can judge.
#[derive(Debug, Clone)]
pub struct Object {
    /// The view that policies see, defaults applied.
    pub workload: Workload,
    /// The whole object, defaults applied.
    pub value: Value,
    /// What is wrong with fields that could not be read. The view has their defaults, as if they were not there.
    pub unreadable: Vec<FieldError>,
    /// JSON pointers of fields that are unknown for it.
    pub unknown: Vec<String>,
}

/// How to read a text.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Keep every object as [`Sibling`] too, which takes a parse of every document but custom resource definitions.
    pub siblings: bool,
    /// Parse every document, also those whose kind runs no pods.
    pub strict_yaml: bool,
    /// What a text may hold at most.
    pub limits: Limits,
}

/// What one file, or standard input, holds.
#[derive(Debug, Default)]
pub struct Contents<'t> {
    /// Number of documents, empty ones left out.
    pub documents: usize,
    /// What can be judged, in order.
    pub objects: Vec<Found<'t>>,
    /// What is not judged, in order.
    pub skipped: Vec<Skip>,
    /// What is wrong, in order.
    pub problems: Vec<Problem>,
    /// Every object, judged or not, in order; empty unless asked for.
    pub siblings: Vec<Beside>,
}

/// An object and where it was found.
#[derive(Debug)]
pub struct Found<'t> {
    /// The document that it came from; the items of a `List` share one.
    pub tree: Arc<Tree<'t>>,
    /// Number of the document, from 0, empty ones counted.
    pub document: usize,
    /// Index in a `List`.
    pub item: Option<usize>,
    /// The object.
    pub object: Object,
}

impl Found<'_> {
    /// Where a field of the object is, or where it belongs.
    pub fn locate(&self, pointer: &str) -> Span {
        read::locate(&self.tree, self.item, pointer)
    }
}

impl<'t> Contents<'t> {
    /// Adds what a later document holds.
    pub fn append(&mut self, later: Contents<'t>) {
        self.documents += later.documents;
        self.objects.extend(later.objects);
        self.skipped.extend(later.skipped);
        self.problems.extend(later.problems);
        self.siblings.extend(later.siblings);
    }
}

/// What rules about several documents see of one, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Number of the document, from 0, empty ones counted.
    pub document: usize,
    /// Index in a `List`.
    pub item: Option<usize>,
    /// The object as written.
    pub sibling: Sibling,
}

/// Why an object is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// Its kind runs no pods.
    OtherKind,
    /// No Kubernetes object: the values of a chart, a pipeline, a compose file.
    NoKind,
    /// Part of an object, to be merged into another: no selector, no pod template or no image.
    KustomizePatch,
    /// It is judged at its controller owner, or at the workload that it refers to.
    Owned,
    /// It is being deleted.
    BeingDeleted,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Skip::OtherKind => "not a workload",
            Skip::NoKind => "not a Kubernetes object",
            Skip::KustomizePatch => "kustomize patch",
            Skip::Owned => "judged at its owner",
            Skip::BeingDeleted => "being deleted",
        })
    }
}

/// Something that keeps a document, or a whole file, from being judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Number of the document, from 0; none where it is about the whole file.
    pub document: Option<usize>,
    /// From 1; none where it is about the whole file.
    pub position: Option<Position>,
    /// What was found and what to do: lower case, no full stop at the end.
    pub message: String,
}
