//! What a scan found, and one file per format that prints it.

use crate::manifest::Problem;
use plimsoll_policy::{Edit, Level};
use std::collections::BTreeMap;

/// Everything that a scan has to say.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of files, documents, lines and rules.
    pub findings: Vec<Finding>,
    /// What could not be read, parsed or judged.
    pub problems: Vec<FileProblem>,
    /// Counts.
    pub summary: Summary,
}

/// A finding at its place.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// Id of the policy that has the rule.
    pub policy: String,
    /// Never [`Level::Off`].
    pub level: Level,
    /// Whether somebody excepted it.
    pub status: Status,
    /// What was found.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// What it is about.
    pub object: ObjectRef,
    /// Name of the container, where it is about one.
    pub container: Option<String>,
    /// JSON pointer into the object.
    pub pointer: String,
    /// Edits that mend it.
    pub fix: Vec<Edit>,
    /// Where the field is, or where it belongs.
    pub place: Place,
    /// Survives moved lines: rule, object, container and pointer with names instead of list indices.
    pub fingerprint: String,
}

/// Whether a finding counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It counts.
    Open,
    /// It is shown and does not count, for this reason.
    Excepted(String),
}

/// Name of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// As written; none where the manifest leaves it to the command line.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As the user named it, or `<stdin>`.
    pub file: String,
    /// Number of the document in the file, from 0.
    pub document: usize,
    /// Index in a `List`.
    pub item: Option<usize>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// How many characters to underline, at least 1.
    pub width: usize,
    /// The source line.
    pub source: String,
}

/// A problem and the file it is in.
#[derive(Debug, Clone)]
pub struct FileProblem {
    /// As the user named it, or `<stdin>`.
    pub file: String,
    /// What is wrong, and where in the file.
    pub problem: Problem,
    /// The source line; empty where there is none.
    pub source: String,
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
    /// Time the scan took.
    pub elapsed: std::time::Duration,
}
