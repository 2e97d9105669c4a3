//! What came of one source, and of all: sums, and lists in the order of the sources.

use crate::{
    finding::{Finding, Judged, LocatedProblem, Report},
    judge::exceptions::Usage,
    manifest::Skip,
};
use std::{
    collections::BTreeMap,
    mem,
    ops::{Add, AddAssign},
};

/// What came of one source, or of one document of it.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) findings: Vec<Finding>,
    pub(super) problems: Vec<LocatedProblem>,
    pub(super) judged: Vec<Judged>,
    /// Images that kustomizations may change, with what changes them.
    pub(super) left: Vec<(String, String)>,
    pub(super) sums: Sums,
}

/// What is only counted.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) files: usize,
    pub(super) documents: usize,
    pub(super) workloads: usize,
    pub(super) skipped: BTreeMap<Skip, usize>,
    pub(super) usage: Usage,
}

/// What came of sources, added up as they are done: of a source without a finding nothing stays but its part of the sums.
#[derive(Default)]
pub(super) struct Total {
    outcomes: Vec<(usize, Outcome)>,
    sums: Sums,
}

impl Outcome {
    pub(super) fn append(&mut self, of_document: Outcome) {
        self.findings.extend(of_document.findings);
        self.problems.extend(of_document.problems);
        self.judged.extend(of_document.judged);
        self.left.extend(of_document.left);
        self.sums += of_document.sums;
    }

    /// As small as it can be, for as long as the other sources take.
    fn settled(mut self) -> Self {
        self.left = Vec::new();
        self.findings.shrink_to_fit();
        self.problems.shrink_to_fit();
        self.judged.shrink_to_fit();
        self
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.documents += other.documents;
        self.workloads += other.workloads;
        for (skip, count) in other.skipped {
            *self.skipped.entry(skip).or_default() += count;
        }
        self.usage += other.usage;
    }
}

impl Total {
    /// With what came of the source of that index.
    pub(super) fn with(mut self, (source, mut outcome): (usize, Outcome)) -> Self {
        self.sums += mem::take(&mut outcome.sums);
        let Outcome { findings, problems, judged, .. } = &outcome;
        if !(findings.is_empty() && problems.is_empty() && judged.is_empty()) {
            self.outcomes.push((source, outcome.settled()));
        }
        self
    }

    /// Adds it to a report; returns what exceptions covered.
    pub(super) fn add_to(mut self, report: &mut Report) -> Usage {
        self.outcomes.sort_by_key(|(source, _)| *source);
        for (_, outcome) in self.outcomes {
            report.findings.extend(outcome.findings);
            report.problems.extend(outcome.problems);
            report.judged.extend(outcome.judged);
        }
        let Sums { files, documents, workloads, skipped, usage } = self.sums;
        let summary = &mut report.summary;
        summary.files += files;
        summary.documents += documents;
        summary.workloads += workloads;
        for (skip, count) in skipped {
            summary.advice.extend(skip.advice());
            *summary.skipped.entry(skip.to_string()).or_default() += count;
        }
        usage
    }
}

impl Add for Total {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.outcomes.extend(other.outcomes);
        self.sums += other.sums;
        self
    }
}
