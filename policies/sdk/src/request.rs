//! What the host hands to `check`: a version byte, then this, packed with postcard.
//!
//! A published version is a frozen type. A later one is a new type beside it, and the host keeps an encoder for each.

use crate::Workload;
use serde::{Deserialize, Serialize};

/// The version of [`Request`] that this SDK reads and writes.
pub const VERSION: u8 = 1;

/// One object, and the policies to judge it by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The object, defaults applied.
    pub workload: Workload,
    /// The whole object as JSON, defaults applied; only if a policy of the module wants it.
    pub raw: Option<String>,
    /// The other documents of the same input; only if a policy of the module wants them.
    pub siblings: Vec<Sibling>,
    /// Which policies to run, in this order.
    pub runs: Vec<Run>,
}

/// One policy to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub policy: String,
    /// What its `configure` returned.
    pub settings: Vec<u8>,
    /// Its rules that are off.
    pub off: Vec<String>,
}

/// Another document of the same file, of standard input, or of one rendered chart. There are none at the webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sibling {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Service`, `Deployment`.
    pub kind: String,
    /// As written; none where the document leaves it to the command line.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
    /// The whole object as JSON, as written: no defaults.
    pub raw: String,
}

impl Request {
    /// Packs the request, version byte first.
    pub fn pack(&self) -> Vec<u8> {
        Request::pack_parts(&self.workload, self.raw.as_deref(), &self.siblings, &self.runs)
    }

    /// Packs a request whose parts belong to somebody else.
    pub fn pack_parts(workload: &Workload, raw: Option<&str>, siblings: &[Sibling], runs: &[Run]) -> Vec<u8> {
        // Room for an ordinary request, so that writing it does not have to grow.
        let mut bytes = Vec::with_capacity(4096);
        bytes.push(VERSION);
        // Postcard writes a struct as its fields in order, which is what a tuple is.
        postcard::to_extend(&(workload, raw, siblings, runs), bytes)
            .expect("a request has no type that postcard cannot write")
    }

    /// Unpacks what [`pack`](Self::pack) wrote.
    pub fn unpack(bytes: &[u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((&VERSION, packed)) => postcard::from_bytes(packed).map_err(|error| format!("request: {error}")),
            Some((other, _)) => Err(format!("request version {other}: this module reads version {VERSION}")),
            None => Err("empty request".to_owned()),
        }
    }
}
