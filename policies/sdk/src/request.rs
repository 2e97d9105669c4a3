//! What the host hands to `check` and `check-set`: CBOR with numbered fields, as `wit/request.cddl` describes it.
//!
//! The encoding grows: a module skips fields that it does not know, and takes the default of one that the host does not
//! send. A number is never used again for something else.

use crate::{Pointer, Workload, workload::Map};
use minicbor::{Decode, Encode};

/// One object, and the policies to judge it by.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Request {
    /// The object, defaults applied.
    #[n(0)]
    pub workload: Workload,
    /// The whole object as JSON, defaults applied; only if a policy of the module wants it.
    #[n(1)]
    pub raw: Option<String>,
    /// Which policies to run, in this order.
    #[n(2)]
    pub runs: Vec<Run>,
}

/// One policy to run.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Run {
    /// Its id.
    #[n(0)]
    pub policy: String,
    /// What its `configure` returned.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub settings: Vec<u8>,
    /// Its rules that are off.
    #[n(2)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub off: Vec<String>,
}

/// All objects of one namespace of one input, and the policies to judge them by.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct SetRequest {
    /// The objects.
    #[n(0)]
    pub set: Set,
    /// Which policies to run, in this order.
    #[n(1)]
    pub runs: Vec<Run>,
}

/// All objects of one namespace of one input: of one file, of standard input, of one rendered chart. There are none at
/// the webhook.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Set {
    /// None where the manifests leave it to the command line.
    #[n(0)]
    pub namespace: Option<String>,
    /// In the order of the input; a finding names one by its index.
    #[n(1)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub objects: Vec<Member>,
}

/// One object of a set: its name, and a view of it if it has one.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Member {
    /// `v1`, `apps/v1`.
    #[n(0)]
    pub api_version: String,
    /// `Service`, `Deployment`.
    #[n(1)]
    pub kind: String,
    /// `metadata.name`, or `metadata.generateName`.
    #[n(2)]
    pub name: String,
    /// What it runs, defaults applied.
    #[n(3)]
    pub workload: Option<Workload>,
    /// What it sends traffic to.
    #[n(4)]
    pub service: Option<Service>,
}

/// `spec` of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Service {
    /// The labels that its pods have; empty for one whose endpoints are managed elsewhere.
    #[n(0)]
    #[cbor(skip_if = "Map::is_empty")]
    pub selector: Map,
}

impl Service {
    /// Where its selector is.
    pub fn selector_pointer() -> Pointer {
        Pointer::ROOT.join("spec/selector")
    }

    /// Whether it selects pods with these labels.
    pub fn selects(&self, labels: &Map) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// [`Request`] with parts that belong to somebody else: the same bytes.
#[derive(Clone, Copy, Debug, Encode)]
#[cbor(map)]
pub struct RequestParts<'a> {
    /// See [`Request::workload`].
    #[n(0)]
    pub workload: &'a Workload,
    /// See [`Request::raw`].
    #[n(1)]
    pub raw: Option<&'a str>,
    /// See [`Request::runs`].
    #[n(2)]
    pub runs: &'a [Run],
}

/// [`SetRequest`] with parts that belong to somebody else: the same bytes.
#[derive(Clone, Copy, Debug, Encode)]
#[cbor(map)]
pub struct SetRequestParts<'a> {
    /// See [`SetRequest::set`].
    #[n(0)]
    pub set: &'a Set,
    /// See [`SetRequest::runs`].
    #[n(1)]
    pub runs: &'a [Run],
}

/// Encodes a request.
pub fn encode(request: &impl Encode<()>) -> Vec<u8> {
    // Room for an ordinary request, so that writing it does not have to grow.
    let mut bytes = Vec::with_capacity(4096);
    minicbor::encode(request, &mut bytes).expect("a vector takes everything");
    bytes
}

/// Decodes a request.
///
/// # Errors
/// What cannot be read, as text.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, String> {
    minicbor::decode(bytes).map_err(|error| format!("request: {error}"))
}
