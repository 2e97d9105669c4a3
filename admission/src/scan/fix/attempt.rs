//! One try at one text: all edits that can be made together, and what came of each document.

use super::{Key, Why};
use crate::{
    finding::Finding,
    manifest::{Document, Editor, Limits, Lines, Obstacle, Splice, documents},
    scan::Outcome,
};
use plimsoll_policy::Level;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

/// A text with edits.
#[derive(Default)]
pub(super) struct Attempt {
    pub(super) after: String,
    /// What was edited, by document.
    edited: BTreeMap<usize, Edited>,
    refused: Vec<(Key, Why)>,
    documents: usize,
}

/// A document with edits.
struct Edited {
    keys: Vec<Key>,
    /// What it must read as; none where the edits do not go together.
    intended: Option<Value>,
}

impl Attempt {
    /// Of all findings with a fix; of only one at a time in a document that is `careful`.
    pub(super) fn new(text: &str, findings: &[&Finding], careful: impl Fn(usize) -> bool) -> Self {
        let mut by_document: BTreeMap<usize, Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            if let Some(document) = finding.location.place.document() {
                by_document.entry(document).or_default().push(finding);
            }
        }
        let lines = Lines::of(text);
        let mut attempt = Attempt::default();
        let mut splices = Vec::new();
        for document in documents(text) {
            attempt.documents += 1;
            if let Some(findings) = by_document.get(&document.index) {
                let at_once = if careful(document.index) { 1 } else { usize::MAX };
                splices.extend(attempt.edit(&document, &lines, findings, at_once));
            }
        }
        attempt.after = applied(text, &splices);
        attempt
    }

    fn edit(
        &mut self,
        document: &Document<'_>,
        lines: &Lines<'_>,
        findings: &[&Finding],
        at_once: usize,
    ) -> Vec<Splice> {
        let limits = Limits::default();
        let mut refuse = |finding: &Finding, obstacle| self.refused.push((Key::of(finding), Why::Obstacle(obstacle)));
        let tree = document.tree(lines, &limits);
        let editor = tree.as_ref().ok_or(Obstacle::Unreadable).and_then(|tree| Editor::new(tree, &limits));
        let mut editor = match editor {
            Ok(editor) => editor,
            Err(obstacle) => {
                findings.iter().for_each(|finding| refuse(finding, obstacle));
                return Vec::new();
            }
        };
        let mut keys = Vec::new();
        for finding in findings {
            let Some(fix) = &finding.fix else { continue };
            if keys.len() == at_once {
                break;
            }
            match editor.add(finding.location.place.item(), &fix.edits) {
                Ok(()) => keys.push(Key::of(finding)),
                Err(obstacle) => refuse(finding, obstacle),
            }
        }
        if keys.is_empty() {
            return Vec::new();
        }
        let (splices, intended) = match editor.finish() {
            Ok((splices, intended)) if are_apart(&splices) => (splices, Some(intended)),
            _ => (Vec::new(), None),
        };
        self.edited.insert(document.index, Edited { keys, intended });
        splices
    }

    pub(super) fn refused(&mut self) -> Vec<(Key, Why)> {
        mem::take(&mut self.refused)
    }

    pub(super) fn taken(&self, document: usize) -> &[Key] {
        self.edited.get(&document).map_or(&[], |edited| &edited.keys)
    }

    pub(super) fn all_taken(self) -> impl Iterator<Item = Key> {
        self.edited.into_values().flat_map(|edited| edited.keys)
    }

    /// The documents that did not come out as they should.
    pub(super) fn failures(&self, before: &Outcome, after: &Outcome) -> Vec<(usize, Why)> {
        let lines = Lines::of(&self.after);
        let new: Vec<Document<'_>> = documents(&self.after).collect();
        let before: BTreeSet<Key> = before.findings.iter().map(Key::of).collect();
        let now: BTreeSet<Key> = after.findings.iter().map(Key::of).collect();
        let is_new = |finding: &&Finding| {
            finding.is_open() && finding.level > Level::Note && !before.contains(&Key::of(finding))
        };
        let brought = after.findings.iter().filter(is_new);
        let brought: BTreeMap<_, _> =
            brought.map(|finding| (finding.location.place.document(), &finding.rule)).collect();
        let why = |document: usize, edited: &Edited| {
            let value = new.get(document).and_then(|document| document.value(&lines, &Limits::default()));
            if value.is_none() || value != edited.intended || new.len() != self.documents {
                return Some(Why::Misread);
            }
            if edited.keys.iter().any(|key| now.contains(key)) {
                return Some(Why::Stays);
            }
            brought.get(&Some(document)).map(|rule| Why::Brings((*rule).clone()))
        };
        self.edited.iter().filter_map(|(document, edited)| Some((*document, why(*document, edited)?))).collect()
    }
}

/// Whether no two of them are about the same bytes.
fn are_apart(splices: &[Splice]) -> bool {
    splices.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start)
}

/// A text with all splices, which are in order and apart.
fn applied(text: &str, splices: &[Splice]) -> String {
    let mut all = String::with_capacity(text.len() + splices.iter().map(|splice| splice.text.len()).sum::<usize>());
    let mut from = 0;
    for Splice { span, text: new } in splices {
        all.push_str(&text[from..span.start]);
        all.push_str(new);
        from = span.end;
    }
    all.push_str(&text[from..]);
    all
}
