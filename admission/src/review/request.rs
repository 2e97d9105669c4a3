//! What the API server asks.

use super::bounds::shown;
use crate::manifest::json_value;
use serde::Deserialize;
use serde_json::Value;

const API_VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";

/// Most bytes of a uid; the API server's have 36.
const UID: usize = 128;

/// Most bytes of why a body is no question: it may quote the body.
const WHY: usize = 512;

/// A question of the API server, checked.
#[derive(Debug, Clone)]
pub struct Review {
    /// Names the call; the answer repeats it.
    pub uid: String,
    /// What is about to happen.
    pub operation: Operation,
    /// Kind of the object.
    pub kind: String,
    /// None for a kind that has none.
    pub namespace: Option<String>,
    /// Such as `scale`; none for the object itself.
    pub subresource: Option<String>,
    /// The object as it is going to be; null for DELETE.
    pub object: Value,
    /// The object as it is; null for CREATE.
    pub old_object: Value,
}

/// What is about to happen to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are those of the API")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        }
    }
}

/// Why a body is no question: what was found, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

impl Malformed {
    pub(super) fn new(why: String) -> Self {
        Malformed(why)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    request: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    uid: String,
    operation: Operation,
    kind: GroupVersionKind,
    namespace: Option<String>,
    sub_resource: Option<String>,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    old_object: Value,
}

#[derive(Deserialize)]
struct GroupVersionKind {
    kind: String,
}

impl Review {
    /// Reads the body of a call.
    ///
    /// # Errors
    /// It is no AdmissionReview of a version that this program speaks, or has no request.
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let Request { uid, operation, kind, namespace, sub_resource, object, old_object } = request(body)?;
        let uid = checked(uid)?;
        let written = |text: &String| !text.is_empty();
        Ok(Review {
            uid,
            operation,
            kind: kind.kind,
            namespace: namespace.filter(written),
            subresource: sub_resource.filter(written),
            object,
            old_object,
        })
    }
}

/// The answer repeats it.
fn checked(uid: String) -> Result<String, Malformed> {
    if uid.len() > UID {
        return Err(Malformed(format!("request.uid: it has {} bytes; the limit is {UID}", uid.len())));
    }
    Ok(uid)
}

fn request(body: &[u8]) -> Result<Request, Malformed> {
    let malformed = |error: serde_json::Error| Malformed(shown(&format!("the body is not an {KIND}: {error}"), WHY));
    let envelope: Envelope = serde_json::from_slice(body).or_else(|error| {
        // What managers of fields wrote may be deeper than serde_json reads; our own reader passes it over.
        let value = if error.is_syntax() { json_value(body).ok() } else { None };
        value.map_or(Err(error), serde_json::from_value).map_err(malformed)
    })?;
    if envelope.kind != KIND {
        return Err(Malformed(format!("kind: expected {KIND}, found `{}`", short(&envelope.kind))));
    }
    if envelope.api_version != API_VERSION {
        return Err(Malformed(format!(
            "apiVersion: expected {API_VERSION}, found `{}`; set admissionReviewVersions: [v1] in the webhook configuration",
            short(&envelope.api_version)
        )));
    }
    envelope.request.ok_or_else(|| Malformed("request: it is missing".to_owned()))
}

/// A found text goes into an answer: its beginning will do.
fn short(text: &str) -> String {
    shown(text, 64)
}
