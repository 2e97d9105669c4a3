//! What goes back to the API server.

use super::{
    decision::{Decision, Outcome},
    message,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// An AdmissionReview with a response.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    api_version: &'static str,
    kind: &'static str,
    response: Response,
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Response {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, String>,
}

/// What the person at kubectl reads, and the same for programs.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    details: Details,
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
struct Details {
    name: String,
    kind: String,
    causes: Vec<Cause>,
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(super) struct Cause {
    /// The rule.
    pub(super) reason: String,
    pub(super) message: String,
    /// As Kubernetes writes paths of fields.
    pub(super) field: String,
}

impl Decision {
    /// The answer to give.
    pub fn answer(&self) -> Answer {
        let denied = self.outcome == Outcome::Denied;
        Answer {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: Response {
                uid: self.uid.clone(),
                allowed: !denied,
                status: denied.then(|| Status {
                    code: 403,
                    reason: "Forbidden",
                    message: message::refusal(self),
                    details: Details {
                        name: self.object.name.clone(),
                        kind: self.object.kind.clone(),
                        causes: message::causes(self),
                    },
                }),
                warnings: message::warnings(self),
                audit_annotations: message::audit(self),
            },
        }
    }
}
