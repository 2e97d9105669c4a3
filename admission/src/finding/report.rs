//! Everything that a scan or an audit has to say, ready for a renderer.

use super::{Finding, LocatedProblem, ObjectRef, Place, Status};
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
    /// Every workload that was judged, in order; empty unless [`Needs::workloads`] asks for it.
    pub judged: Vec<Judged>,
    /// Counts.
    pub summary: Summary,
}

/// A workload that was judged, whatever was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its name.
    pub object: ObjectRef,
    /// Where it is written.
    pub place: Place,
}

/// What a report must hold beyond findings, because a format shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// How many lines of the source before and after each finding.
    pub lines_around: usize,
    /// Every workload that was judged.
    pub workloads: bool,
}

impl Needs {
    /// What two formats need together.
    pub fn and(self, other: Needs) -> Needs {
        Needs { lines_around: self.lines_around.max(other.lines_around), workloads: self.workloads || other.workloads }
    }
}

/// How many findings there are, by level; what is excepted or in the baseline counts only as that.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the levels and the status")]
pub struct Tally {
    pub deny: usize,
    pub warn: usize,
    pub note: usize,
    pub excepted: usize,
    pub baselined: usize,
}

impl Report {
    /// Counts the findings.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for finding in &self.findings {
            let count = match (&finding.status, finding.level) {
                (Status::Excepted { .. }, _) => &mut tally.excepted,
                (Status::Baselined, _) => &mut tally.baselined,
                (Status::Open, Level::Deny) => &mut tally.deny,
                (Status::Open, Level::Warn) => &mut tally.warn,
                (Status::Open, Level::Note | Level::Off) => &mut tally.note,
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
    /// What was read of a cluster; none where files were read.
    pub cluster: Option<Audited>,
    /// Time the scan took.
    pub elapsed: std::time::Duration,
}

/// What an audit read of a cluster.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Audited {
    /// What the cluster is called.
    pub name: String,
    /// The namespaces that had something to look at, in order.
    pub namespaces: Vec<String>,
    /// Objects of the kinds that are judged, those included that are judged at their owner.
    pub objects: usize,
    /// Workloads that the webhook would refuse if they were created now.
    pub refused: usize,
}
