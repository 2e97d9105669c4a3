//! What an object of a release is called.

use serde::{Serialize, Serializer};
use std::fmt;

/// The kinds whose end is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Job,
    Deployment,
    StatefulSet,
    DaemonSet,
    Pod,
}

/// Each kind, with its API group as manifests write it.
const KINDS: [(Kind, &str, &str); 5] = [
    (Kind::Job, "Job", "batch/"),
    (Kind::Deployment, "Deployment", "apps/"),
    (Kind::StatefulSet, "StatefulSet", "apps/"),
    (Kind::DaemonSet, "DaemonSet", "apps/"),
    (Kind::Pod, "Pod", "v1"),
];

impl Kind {
    /// The kind that a manifest names, if its end is waited for.
    pub fn of(api_version: &str, kind: &str) -> Option<Kind> {
        let row = KINDS.into_iter().find(|(_, name, group)| *name == kind && api_version.starts_with(group))?;
        Some(row.0)
    }

    /// As manifests write it.
    pub fn name(self) -> &'static str {
        KINDS.into_iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Whether it keeps pods running: a Deployment, a StatefulSet, a DaemonSet.
    pub fn is_workload(self) -> bool {
        !matches!(self, Kind::Job | Kind::Pod)
    }
}

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ObjectName {
    pub kind: Kind,
    pub namespace: String,
    pub name: String,
}

/// `Deployment shop/web`.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.name(), self.namespace, self.name)
    }
}

impl Serialize for ObjectName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
