//! The objects of one input by namespace, for rules about a set.

use crate::{
    finding::ObjectRef,
    manifest::{Beside, Contents, Found, Span},
};
use plimsoll_policy::{Member, Set};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// The objects of one namespace, and where each was found.
pub(super) struct Gathered<'c, 't> {
    pub(super) set: Set,
    pub(super) origins: Vec<Origin<'c, 't>>,
}

/// Where an object of a set was found.
#[derive(Clone, Copy)]
pub(super) enum Origin<'c, 't> {
    /// It is judged by itself too.
    Judged(&'c Found<'t>),
    /// It runs no pods.
    Beside(&'c Beside<'t>),
}

/// One set for each namespace that has a workload, in the order of their names.
pub(super) fn gather<'c, 't>(all: &'c [Contents<'t>]) -> Vec<Gathered<'c, 't>> {
    let mut by_namespace: BTreeMap<Option<&str>, Vec<Origin<'c, 't>>> = BTreeMap::new();
    for contents in all {
        let judged = contents.objects.iter().map(Origin::Judged);
        let beside = contents.members.iter().map(Origin::Beside);
        for origin in judged.chain(beside) {
            by_namespace.entry(origin.namespace()).or_default().push(origin);
        }
    }
    by_namespace.retain(|_, origins| origins.iter().any(|origin| matches!(origin, Origin::Judged(_))));
    let set = |(namespace, mut origins): (Option<&str>, Vec<Origin<'c, 't>>)| {
        origins.sort_by_key(Origin::place);
        let objects = origins.iter().map(Origin::member).collect();
        Gathered { set: Set { namespace: namespace.map(str::to_owned), objects }, origins }
    };
    by_namespace.into_iter().map(set).collect()
}

impl<'c> Origin<'c, '_> {
    fn namespace(&self) -> Option<&'c str> {
        match self {
            Origin::Judged(found) => found.object.workload.namespace.as_deref(),
            Origin::Beside(beside) => beside.namespace.as_deref(),
        }
    }

    /// Number of the document, and index in a `List`.
    pub(super) fn place(&self) -> (usize, Option<usize>) {
        match self {
            Origin::Judged(found) => (found.document, found.item),
            Origin::Beside(beside) => (beside.document, beside.item),
        }
    }

    /// The template that it was rendered from.
    pub(super) fn template(&self) -> Option<Arc<str>> {
        let (Origin::Judged(Found { template, .. }) | Origin::Beside(Beside { template, .. })) = self;
        template.map(Arc::from)
    }

    pub(super) fn locate(&self, pointer: &str) -> Span {
        match self {
            Origin::Judged(found) => found.locate(pointer),
            Origin::Beside(beside) => beside.locate(pointer),
        }
    }

    pub(super) fn object(&self) -> ObjectRef {
        match self {
            Origin::Judged(found) => ObjectRef::from(&found.object.workload),
            Origin::Beside(Beside { namespace, member, .. }) => ObjectRef {
                api_version: member.api_version.clone(),
                kind: member.kind.clone(),
                namespace: namespace.clone(),
                name: member.name.clone(),
            },
        }
    }

    /// The whole object; nothing of one that runs no pods, which is read only as far as its view.
    pub(super) fn value(&self) -> &'c Value {
        match self {
            Origin::Judged(found) => &found.object.value,
            Origin::Beside(_) => &Value::Null,
        }
    }

    fn member(&self) -> Member {
        match self {
            Origin::Judged(found) => found.member(),
            Origin::Beside(beside) => beside.member.clone(),
        }
    }
}
