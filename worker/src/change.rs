//! A change feed: ordered within a partition, and partitions divided among replicas by leases.

use crate::job::TraceContext;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One change of the feed, before it has its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewChange {
    /// Changes of one key keep their order.
    pub key: String,
    /// What the handler gets.
    pub payload: Value,
    /// Whose trace it belongs to.
    #[serde(default, skip_serializing_if = "TraceContext::is_empty")]
    pub trace: TraceContext,
}

impl NewChange {
    /// What cannot be read is handed on as it is, under no key.
    pub fn unreadable(text: String) -> Self {
        NewChange { key: String::new(), payload: Value::String(text), trace: TraceContext::new() }
    }

    /// The partition of its key, the same for every process and version.
    pub fn partition(&self, partitions: u32) -> u32 {
        let digest = Sha256::digest(self.key.as_bytes());
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % partitions
    }
}

/// A change in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it belongs.
    pub partition: u32,
    /// Grows within a partition, with gaps.
    pub offset: u64,
    /// What it says.
    pub change: NewChange,
}

/// Number of a record's last write: whoever writes names the one that it has seen, and nothing is written if there is a
/// later one. A record that was never written has revision 0.
pub type Revision = u64;

/// Who works on a partition. It holds no time: others watch whether its revision moves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The replica that holds it; none if it was released or never taken.
    pub owner: Option<String>,
    /// The replica that asked its owner to hand it over.
    pub wanted_by: Option<String>,
}

/// A record as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versioned<T> {
    /// What it says.
    pub value: T,
    /// Of which write.
    pub revision: Revision,
}

/// How far a partition has been worked off, and how much is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The partition.
    pub partition: u32,
    /// Who holds its lease.
    pub owner: Option<String>,
    /// Offset of the last change that needs not be read again.
    pub checkpoint: u64,
    /// Changes after it.
    pub lag: u64,
}
