//! A ReplicaSet of a Deployment, or a ControllerRevision of a DaemonSet.

use super::{Uid, controller, count, digest, text};
use k8s_openapi::{
    api::{
        apps::v1::{ControllerRevision, ReplicaSet},
        core::v1::PodTemplateSpec,
    },
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::Timestamp,
};

/// One revision of a workload's pod template.
#[derive(Debug, Clone)]
pub struct Revision {
    /// `metadata.uid`.
    pub uid: Uid,
    /// The workload.
    pub owner: Option<Uid>,
    /// Grows with each revision; of a ControllerRevision.
    pub number: i64,
    /// The hash that its pods carry; of a ControllerRevision.
    pub hash: String,
    /// Stands for the pod template.
    pub template: u64,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// Its pods that are available; of a ReplicaSet.
    pub available: u32,
    /// Of `ReplicaFailure`: why a pod could not be created.
    pub refused: Option<String>,
}

impl From<&ReplicaSet> for Revision {
    fn from(from: &ReplicaSet) -> Self {
        let status = from.status.clone().unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let failure = conditions
            .iter()
            .find(|found| found.type_.as_deref() == Some("ReplicaFailure") && found.status.as_deref() == Some("True"));
        Revision {
            uid: text(from.metadata.uid.as_ref()),
            owner: controller(&from.metadata),
            number: 0,
            hash: String::new(),
            template: digest(&from.spec.template.clone().unwrap_or_default()),
            created: from.metadata.creation_timestamp.as_ref().map(|Time(created)| *created),
            available: count(status.available_replicas),
            refused: failure.map(|failure| text(failure.message.as_ref())),
        }
    }
}

impl From<&ControllerRevision> for Revision {
    fn from(from: &ControllerRevision) -> Self {
        let labels = from.metadata.labels.clone().unwrap_or_default();
        Revision {
            uid: text(from.metadata.uid.as_ref()),
            owner: controller(&from.metadata),
            number: from.revision.unwrap_or_default(),
            hash: text(labels.get("controller-revision-hash")),
            template: template(from).map_or(0, |template| digest(&template)),
            created: from.metadata.creation_timestamp.as_ref().map(|Time(created)| *created),
            available: 0,
            refused: None,
        }
    }
}

/// What the controller keeps of a DaemonSet is a patch that replaces its template.
fn template(from: &ControllerRevision) -> Option<PodTemplateSpec> {
    let template = from.data.0.pointer("/spec/template")?;
    serde_json::from_value(template.clone()).ok()
}
