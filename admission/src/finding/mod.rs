//! The finding: one model from the policies to every report.

mod excerpt;
mod fingerprint;
mod report;

pub use excerpt::Excerpt;
pub use fingerprint::{fingerprint, identity};
pub use report::{Report, Summary, Tally};

use crate::manifest::Problem;
use plimsoll_policy::{Edit, Level, Pointer, Workload};
use std::fmt;

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
    /// What it is about; none where it is about a file, as an exception that has expired.
    pub object: Option<ObjectRef>,
    /// Name of the container, where it is about one.
    pub container: Option<String>,
    /// JSON pointer into the object.
    pub pointer: Pointer,
    /// Edits that fix it.
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
    /// It is shown and does not count.
    Excepted {
        /// Who said so, and why.
        reason: String,
        /// The last day on which it does not count (UTC): `2027-01-31`.
        expires: String,
    },
}

impl Finding {
    /// Whether it counts.
    pub fn is_open(&self) -> bool {
        self.status == Status::Open
    }
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

impl ObjectRef {
    /// The name of a workload.
    pub fn of(workload: &Workload) -> Self {
        ObjectRef {
            api_version: workload.api_version.clone(),
            kind: workload.kind.clone(),
            namespace: workload.namespace.clone(),
            name: workload.name.clone(),
        }
    }
}

/// `Deployment shop/app`.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
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
    /// The source line around the column.
    pub excerpt: Excerpt,
}

/// A problem and the file it is in.
#[derive(Debug, Clone)]
pub struct FileProblem {
    /// As the user named it, or `<stdin>`.
    pub file: String,
    /// What is wrong, and where in the file.
    pub problem: Problem,
    /// The source line around the column; empty where there is none.
    pub excerpt: Excerpt,
}
