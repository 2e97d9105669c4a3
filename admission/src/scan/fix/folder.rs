//! The files that are judged together, edited round by round.
//!
//! A round takes all edits that can be made together, and judges once. Where a document does not come out as it should,
//! its edits are tried one by one. So a clean run costs two judgements, whatever the number of edits.

use super::{
    super::{Outcome, Scanner, inputs::Source},
    Change, Key, Why,
    attempt::Attempt,
};
use crate::finding::Finding;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Rounds in one folder. Only documents whose edits get in each other's way take more than a few.
pub const ROUNDS: usize = 100;

pub(super) struct Folder<'s> {
    scanner: &'s Scanner<'s>,
    sources: Vec<&'s Source>,
    /// Each as it is now; none where it cannot be read.
    texts: Vec<Option<String>>,
    /// Those that have changed, as they were.
    before: BTreeMap<usize, String>,
    outcomes: Vec<Outcome>,
    /// What is still to be tried.
    wanted: BTreeSet<Key>,
    reasons: BTreeMap<Key, Why>,
    /// Documents in which one edit is tried at a time.
    careful: BTreeSet<(usize, usize)>,
}

/// What came of a folder.
pub(super) struct Done {
    /// All that is found in it now.
    pub(super) findings: BTreeSet<Key>,
    pub(super) reasons: BTreeMap<Key, Why>,
    pub(super) changes: Vec<(PathBuf, Change)>,
}

impl<'s> Folder<'s> {
    pub(super) fn new(scanner: &'s Scanner<'s>, sources: Vec<&'s Source>, wanted: BTreeSet<Key>) -> Self {
        let read = |source: &&Source| String::from_utf8(scanner.bytes(source).ok()?).ok();
        let texts = sources.iter().map(read).collect();
        Folder {
            scanner,
            sources,
            texts,
            before: BTreeMap::new(),
            outcomes: Vec::new(),
            wanted,
            reasons: BTreeMap::new(),
            careful: BTreeSet::new(),
        }
    }

    pub(super) fn work(mut self) -> Done {
        self.outcomes = self.judged(&self.texts);
        let mut rounds = 0;
        while rounds < ROUNDS && self.round() {
            rounds += 1;
        }
        if rounds == ROUNDS {
            let left = std::mem::take(&mut self.wanted);
            self.reasons.extend(left.into_iter().map(|key| (key, Why::TooMuch)));
        }
        let Folder { sources, mut texts, before, outcomes, reasons, .. } = self;
        let change = |(index, before): (usize, String)| {
            Some((sources[index].path()?.to_owned(), Change { before, after: texts[index].take()? }))
        };
        Done {
            findings: outcomes.iter().flat_map(|outcome| &outcome.findings).map(Key::of).collect(),
            reasons,
            changes: before.into_iter().filter_map(change).collect(),
        }
    }

    fn judged(&self, texts: &[Option<String>]) -> Vec<Outcome> {
        let bytes = |text: &Option<String>| match text {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err("cannot be read".to_owned()),
        };
        let bytes: Vec<_> = texts.iter().map(bytes).collect();
        self.scanner.texts(&self.sources, &bytes)
    }

    /// One round; tells whether there may be more to do.
    fn round(&mut self) -> bool {
        let mut attempts = self.attempts();
        if attempts.is_empty() {
            return false;
        }
        for (_, attempt) in &mut attempts {
            self.give_up(attempt.refused());
        }
        let mut texts = self.texts.clone();
        for (index, attempt) in &attempts {
            texts[*index] = Some(attempt.after.clone());
        }
        let outcomes = self.judged(&texts);
        let mut failed = false;
        for (index, attempt) in &attempts {
            for (document, why) in attempt.failures(&self.outcomes[*index], &outcomes[*index]) {
                failed = true;
                match attempt.taken(document) {
                    [only] => self.give_up([(only.clone(), why)]),
                    _ => drop(self.careful.insert((*index, document))),
                }
            }
        }
        if !failed {
            self.keep(attempts, texts, outcomes);
        }
        true
    }

    fn attempts(&self) -> Vec<(usize, Attempt)> {
        let mut attempts = Vec::new();
        for (index, text) in self.texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let is_careful = |document: usize| self.careful.contains(&(index, document));
            let is_wanted = |finding: &&Finding| self.wanted.contains(&Key::of(finding));
            let findings: Vec<_> = self.outcomes[index].findings.iter().filter(is_wanted).collect();
            if !findings.is_empty() {
                attempts.push((index, Attempt::new(text, &findings, is_careful)));
            }
        }
        attempts
    }

    fn give_up(&mut self, keys: impl IntoIterator<Item = (Key, Why)>) {
        for (key, why) in keys {
            self.wanted.remove(&key);
            self.reasons.insert(key, why);
        }
    }

    /// What the other findings of a document kept from being fixed may work now.
    fn try_again(&mut self) {
        let may_work = |why: &Why| matches!(why, Why::Stays | Why::Brings(_));
        let again = self.reasons.iter().filter(|(_, why)| may_work(why)).map(|(key, _)| key.clone());
        self.wanted.extend(again);
        self.reasons.retain(|_, why| !may_work(why));
    }

    fn keep(&mut self, attempts: Vec<(usize, Attempt)>, texts: Vec<Option<String>>, outcomes: Vec<Outcome>) {
        if texts != self.texts {
            self.try_again();
        }
        let old = std::mem::replace(&mut self.texts, texts);
        self.outcomes = outcomes;
        for (index, attempt) in attempts {
            for key in attempt.all_taken() {
                self.wanted.remove(&key);
            }
            if old[index] != self.texts[index] {
                self.before.entry(index).or_insert_with(|| old[index].clone().unwrap_or_default());
            }
        }
    }
}
