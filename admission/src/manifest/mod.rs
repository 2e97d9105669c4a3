//! Text to workloads: documents, their kind, their values, the API server's defaults, the view that policies see.
//!
//! [`read`] takes a whole text and never fails as a whole: what cannot be judged is a [`Problem`] or a [`Skip`] beside
//! what can. [`object`] takes one JSON value, as a webhook or a live audit gets it. Lines and columns are found on
//! demand.
//!
//! A document is parsed only where its top-level kind can matter; nearly all bytes of real repositories are custom
//! resource definitions and the like.

pub mod api;
mod build;
mod defaults;
mod document;
mod edit;
mod field;
mod json;
mod kind;
mod limits;
mod lines;
mod locate;
mod member;
mod merge;
mod object;
mod openshift;
mod operator;
mod patch;
mod quantity;
mod read;
mod room;
mod scalar;
mod single;
mod skip;
mod sniff;
#[cfg(test)]
mod tests;
mod tree;
mod view;
mod yaml;

pub use document::{Document, documents};
pub use edit::{Editor, Obstacle, Splice};
pub use field::FieldError;
pub use json::json_value;
pub use kind::{CustomKind, Kinds, PointerError, TemplatePointer};
pub use limits::Limits;
pub use lines::{Lines, Position, Span, Window};
pub use locate::Written;
pub use member::{MEMBERS, applies_replicas, member};
pub use object::{Triage, fill_in, object, take_object};
pub use operator::FilledIn;
pub use patch::PatchMark;
pub use read::{Parsed, beyond_limit, decode, read, read_document};
pub use room::LeftOut;
pub use single::Single;
pub use skip::Skip;
pub use tree::{Fault, Tree};

use plimsoll_policy::{Member, Pointer, Workload};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// An object that policies can judge.
#[derive(Debug, Clone)]
pub struct Object {
    /// The view that policies see, defaults applied; of the first pod template where there are several.
    pub workload: Workload,
    /// The views of the other pod templates.
    pub others: Vec<Workload>,
    /// The whole object, defaults applied.
    pub value: Value,
    /// What is wrong with fields that could not be read. The views have their defaults, and their pointers.
    pub unreadable: Vec<FieldError>,
    /// What the operator of its kind filled in.
    pub filled_in: FilledIn,
    /// Pod templates of it that no pointer of its kind leads to.
    pub not_covered: Option<Skip>,
    /// What the version of Kubernetes does not know of it.
    pub unfit: api::Unfit,
    /// Parts that the views do not hold, because policies cannot be given so much.
    pub left_out: Vec<LeftOut>,
}

impl Object {
    /// One view for each of its pod templates.
    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        std::iter::once(&self.workload).chain(&self.others)
    }

    /// As rules about a set see it. `writes_replicas`: whether somebody wrote the number of replicas, whatever the API
    /// server would fill in.
    pub fn member(&self, writes_replicas: bool) -> Member {
        let Workload { api_version, kind, name, .. } = &self.workload;
        Member {
            api_version: api_version.clone(),
            kind: kind.clone(),
            name: name.clone(),
            workload: Some(self.workload.clone()),
            writes_replicas,
            ..Member::default()
        }
    }

    /// Notes in each view which fields could not be read.
    fn note_unreadable(&mut self, fields: &[Pointer]) {
        for workload in std::iter::once(&mut self.workload).chain(&mut self.others) {
            workload.unreadable.extend_from_slice(fields);
        }
    }
}

/// How to read a text.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Keep Services, autoscalers, PodDisruptionBudgets and claims as [`Member`]s of a set, which takes a parse of their
    /// documents.
    pub members: bool,
    /// The field of a kustomization that lists this text as a patch: then nothing in it is judged.
    pub patch: Option<&'static str>,
    /// Parse every document, also those whose kind runs no pods.
    pub strict_yaml: bool,
    /// The namespace of objects that leave it to the command line.
    pub namespace: Option<String>,
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
    /// Members of a set that are not judged by themselves, in order; empty unless asked for.
    pub members: Vec<Beside<'t>>,
    /// Kinds of all other objects, as `Kind.group`; empty unless members are asked for.
    pub other_kinds: BTreeSet<String>,
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
    /// The template that the document was rendered from, where it says so.
    pub template: Option<&'t str>,
    /// The object.
    pub object: Object,
}

impl Found<'_> {
    /// Where a field of the object is, or where it belongs.
    pub fn locate(&self, pointer: &str) -> Span {
        read::locate(&self.tree, self.item, pointer)
    }

    /// The object as rules about a set see it.
    pub fn member(&self) -> Member {
        self.object.member(read::is_written(&self.tree, self.item, "/spec/replicas"))
    }
}

impl<'t> Contents<'t> {
    /// Adds what a later document holds.
    pub fn append(&mut self, later: Contents<'t>) {
        self.documents += later.documents;
        self.objects.extend(later.objects);
        self.skipped.extend(later.skipped);
        self.problems.extend(later.problems);
        self.members.extend(later.members);
        self.other_kinds.extend(later.other_kinds);
    }
}

/// An object that is not judged by itself, as rules about a set see it, and where it was found.
#[derive(Debug)]
pub struct Beside<'t> {
    /// The document that it came from; the items of a `List` share one.
    pub tree: Arc<Tree<'t>>,
    /// Number of the document, from 0, empty ones counted.
    pub document: usize,
    /// Index in a `List`.
    pub item: Option<usize>,
    /// The template that the document was rendered from, where it says so.
    pub template: Option<&'t str>,
    /// `metadata.namespace`, or what [`Options::namespace`] says instead.
    pub namespace: Option<String>,
    /// The object.
    pub member: Member,
}

impl Beside<'_> {
    /// Where a field of the object is, or where it belongs.
    pub fn locate(&self, pointer: &str) -> Span {
        read::locate(&self.tree, self.item, pointer)
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
