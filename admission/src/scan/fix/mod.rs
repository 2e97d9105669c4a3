//! Fixes of findings: the edits that policies offer are tried on the texts, read and judged again, and kept only where
//! the document then has exactly the value that was meant and the finding is gone.
//!
//! No file changes until [`Fixed::write`].

mod attempt;
mod folder;
mod why;
mod write;

pub use folder::ROUNDS;
pub use why::Why;

use super::{
    ScanOptions, Scanner, folders,
    inputs::{Inputs, Source},
    kustomization::Kustomizations,
};
use crate::{
    finding::{Finding, Place, Report},
    judge::Judge,
};
use folder::Folder;
use plimsoll_policy::{Level, Pointer, Safety};
use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What came of all that was tried.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The files that change.
    pub texts: BTreeMap<PathBuf, Change>,
    /// The findings that are gone, in their order.
    pub gone: Vec<Finding>,
    /// The others in their order, and why each is still there.
    pub left: Vec<(Finding, Why)>,
}

/// A file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is now.
    pub before: String,
    /// What it is to be.
    pub after: String,
}

/// Tries the fixes of the findings of a report that count: open, and no notes. `unsafe_too` tells whether those are
/// meant as well that somebody should look at.
pub fn fix(inputs: &Inputs, judge: &Judge, options: &ScanOptions, report: &Report, unsafe_too: bool) -> Fixed {
    let kustomizations = Kustomizations::of(&inputs.sources);
    let scanner = Scanner::new(judge, options, &kustomizations);
    let wanted: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.is_open() && finding.level > Level::Note).collect();
    let mut reasons: BTreeMap<Key, Why> = BTreeMap::new();
    let mut by_file: BTreeMap<&Path, BTreeSet<Key>> = BTreeMap::new();
    for finding in &wanted {
        let Some(path) = finding.location.place.path() else { continue };
        match why::not_tried(finding, unsafe_too) {
            Some(why) => drop(reasons.insert(Key::of(finding), why)),
            None => drop(by_file.entry(Path::new(&**path)).or_default().insert(Key::of(finding))),
        }
    }
    let mut fixed = Fixed::default();
    // All findings of the files that were worked on, as they are now.
    let (mut worked_on, mut still): (BTreeSet<&Path>, BTreeSet<Key>) = Default::default();
    for group in folders::groups(&inputs.sources, scanner.wants_sets()) {
        let sources: Vec<&Source> = group.iter().map(|index| &inputs.sources[*index]).collect();
        let files = || sources.iter().filter_map(|source| source.path());
        let keys: BTreeSet<Key> = files().filter_map(|path| by_file.remove(path)).flatten().collect();
        if keys.is_empty() {
            continue;
        }
        worked_on.extend(files());
        let done = Folder::new(&scanner, sources, keys).work();
        still.extend(done.findings);
        reasons.extend(done.reasons);
        fixed.texts.extend(done.changes);
    }
    for finding in wanted {
        let key = Key::of(finding);
        let was_worked_on = key.path.as_ref().is_some_and(|path| worked_on.contains(Path::new(&**path)));
        if was_worked_on && !still.contains(&key) {
            fixed.gone.push(finding.clone());
            continue;
        }
        let unknown = if finding.fix.is_some() { Why::Stays } else { Why::NoFix };
        fixed.left.push((finding.clone(), reasons.remove(&key).unwrap_or(unknown)));
    }
    fixed
}

impl Fixed {
    /// Writes the files. What cannot be written is left as it was.
    pub fn write(&mut self) {
        let mut failed: BTreeMap<PathBuf, String> = BTreeMap::new();
        for (path, change) in &self.texts {
            if let Err(error) = write::write(path, change) {
                failed.insert(path.clone(), error.to_string());
            }
        }
        self.texts.retain(|path, _| !failed.contains_key(path));
        let why = |finding: &Finding| failed.get(Path::new(&**finding.location.place.path()?)).cloned();
        let (left, gone): (Vec<_>, Vec<_>) =
            mem::take(&mut self.gone).into_iter().partition(|gone| why(gone).is_some());
        self.gone = gone;
        self.left.extend(left.into_iter().map(|finding| {
            let why = Why::Unwritten(why(&finding).unwrap_or_default());
            (finding, why)
        }));
    }
}

/// What makes a finding the same one before and after an edit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    path: Option<Arc<str>>,
    document: Option<usize>,
    item: Option<usize>,
    rule: String,
    container: Option<String>,
    pointer: Pointer,
}

impl Key {
    fn of(finding: &Finding) -> Self {
        let Finding { rule, container, location, .. } = finding;
        Key {
            path: location.place.path().cloned(),
            document: location.place.document(),
            item: location.place.item(),
            rule: rule.clone(),
            container: container.clone(),
            pointer: location.pointer.clone(),
        }
    }
}

fn is_unsafe(finding: &Finding) -> bool {
    finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Unsafe)
}

fn is_in_file(finding: &Finding) -> bool {
    matches!(finding.location.place, Place::File { .. })
}
