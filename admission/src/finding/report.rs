//! Everything that a scan or an audit has to say, ready for a renderer.

use super::{Finding, LocatedProblem};
use plimsoll_policy::Level;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a scan has to say.
#[derive(Debug, Default)]
pub struct Report {
    /// Digest of the policies that judged: `sha256:…`.
    pub policies: String,
    /// In the order of files, documents, lines and rules.
    pub findings: Vec<Finding>,
    /// What could not be read, parsed or judged.
    pub problems: Vec<LocatedProblem>,
    /// Counts.
    pub summary: Summary,
}

/// How many findings there are, by level; what is excepted counts only as that.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the levels and the status")]
pub struct Tally {
    pub deny: usize,
    pub warn: usize,
    pub note: usize,
    pub excepted: usize,
}

impl Report {
    /// Counts the findings.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for finding in &self.findings {
            let count = match (finding.is_open(), finding.level) {
                (false, _) => &mut tally.excepted,
                (true, Level::Deny) => &mut tally.deny,
                (true, Level::Warn) => &mut tally.warn,
                (true, Level::Note | Level::Off) => &mut tally.note,
            };
            *count += 1;
        }
        tally
    }
}

/// Counts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Documents in them, empty ones left out.
    pub documents: usize,
    /// Workloads judged.
    pub workloads: usize,
    /// What was not judged: reason to count.
    pub skipped: BTreeMap<String, usize>,
    /// The charts among what was not judged: their folders.
    pub charts: Vec<String>,
    /// What to write into the configuration so that more is judged.
    pub advice: BTreeSet<String>,
    /// Time the scan took.
    pub elapsed: std::time::Duration,
}
