//! What each version of Kubernetes knows: the fields of its own workloads, and the API versions that it serves.
//!
//! `api/fields.txt` is generated out of the API's types; its first lines say how. Custom kinds have fields of their own,
//! of which nothing is known here.

mod removed;
mod strange;
mod table;
mod version;

pub use removed::Removed;
pub use strange::{Few, MOST, Place, Strange, StrangeField};
pub use table::Gate;
pub use version::{Version, VersionError};

use serde_json::{Map, Value};

/// What a version of Kubernetes does not know of an object; nothing of a custom kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfit {
    /// The version.
    pub kubernetes: Version,
    /// Its API version is no longer served.
    pub removed: Option<Removed>,
    /// Fields that this version does not have.
    pub unknown: Few,
    /// Fields that are off in this version unless a feature gate is turned on.
    pub gated: Few,
}

impl Unfit {
    /// Looks at one of Kubernetes' own workloads as it is written, before any default is filled in. One walk over it.
    pub(super) fn of(root: &Map<String, Value>, kubernetes: Version) -> Self {
        let text = |field: &str| root.get(field).and_then(Value::as_str).unwrap_or_default();
        let (unknown, gated) = strange::fields(text("kind"), root, kubernetes);
        let removed = removed::removed(text("apiVersion"), text("kind"), kubernetes);
        Unfit { kubernetes, removed, unknown, gated }
    }
}
