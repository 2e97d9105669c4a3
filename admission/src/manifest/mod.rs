//! Text to workloads: documents, their kind, their values, the API server's defaults, the view that policies see.
//!
//! Lines and columns are found on demand, by [`locate`], for documents that have findings.

use plimsoll_policy::Workload;
use serde_json::Value;

/// An object that policies can judge.
#[derive(Debug, Clone)]
pub struct Object {
    /// The view that policies see, defaults applied.
    pub workload: Workload,
    /// The whole object, defaults applied.
    pub value: Value,
}

/// What one file, or standard input, holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// Number of documents, empty ones left out.
    pub documents: usize,
    /// What can be judged, in order.
    pub objects: Vec<Found>,
    /// What is not judged, in order.
    pub skipped: Vec<Skip>,
    /// What is wrong, in order.
    pub problems: Vec<Problem>,
}

/// An object and where it was found.
#[derive(Debug)]
pub struct Found {
    /// Number of the document, from 0, empty ones counted.
    pub document: usize,
    /// Index in a `List`.
    pub item: Option<usize>,
    /// The object.
    pub object: Object,
}

/// Why an object is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// Its kind runs no pods.
    OtherKind,
    /// Part of an object, to be merged into another: no selector, no pod template or no image.
    KustomizePatch,
    /// It is judged at its controller owner.
    Owned,
    /// It is being deleted.
    BeingDeleted,
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

/// A place in a text. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}
