//! The entries of a mapping, once it is closed: sorted by name, merge keys merged, keys that come twice found.

use super::{
    Span,
    build::{Result, refuse},
    tree::{Content, Entry, Id, Node},
};
use std::borrow::Cow;

/// A key that one mapping has twice.
pub(super) struct Duplicate<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) first: Span,
    pub(super) second: Span,
}

/// Of a key that comes twice the last value counts, as the API server's tools read it where they do not refuse.
pub(super) fn sorted<'t>(
    mut entries: Vec<Entry<'t>>,
    merges: &[Id],
    nodes: &[Node<'t>],
) -> Result<(Vec<Entry<'t>>, Vec<Duplicate<'t>>)> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let mut duplicates = Vec::new();
    entries.dedup_by(|next, kept| {
        let is_same = next.name == kept.name;
        if is_same {
            duplicates.push(Duplicate { name: kept.name.clone(), first: kept.key, second: next.key });
            std::mem::swap(next, kept);
        }
        is_same
    });
    for merge in merges {
        for source in sources(*merge, nodes)? {
            entries.extend(source.iter().cloned());
        }
    }
    if !merges.is_empty() {
        // The sort keeps the order of equal names: what is written comes first, and then an earlier source.
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.dedup_by(|next, kept| next.name == kept.name);
    }
    Ok((entries, duplicates))
}

/// The mappings that a `<<` names.
fn sources<'a, 't>(merge: Id, nodes: &'a [Node<'t>]) -> Result<Vec<&'a [Entry<'t>]>> {
    let mapping = |id: Id| match &nodes[id].content {
        Content::Mapping(entries) => Ok(entries.as_slice()),
        _ => refuse(nodes[id].span, "`<<` merges a mapping or a list of mappings, and this is neither"),
    };
    match &nodes[merge].content {
        Content::Sequence { items, .. } => items.iter().map(|item| mapping(*item)).collect(),
        _ => Ok(vec![mapping(merge)?]),
    }
}
