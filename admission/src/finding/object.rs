//! Which object a finding is about.

use plimsoll_policy::Workload;
use std::fmt;

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

impl From<&Workload> for ObjectRef {
    fn from(workload: &Workload) -> Self {
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
