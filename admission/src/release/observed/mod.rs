//! Objects as the API server tells them: small views with the fields that a verdict needs, and nothing else.
//!
//! An object is made into a view once, where it arrives; behind that nothing asks whether a field is there.

mod event;
mod job;
mod pod;
mod revision;
mod workload;

pub use event::Event;
pub use job::{Job, JobEnd};
pub use pod::{Container, Ended, Phase, Pod, Role, State};
pub use revision::Revision;
pub use workload::{Counts, Strategy, Workload};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// `metadata.uid`: never given to two objects.
pub type Uid = String;

/// One object.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Object {
    Workload(Workload),
    Revision(Revision),
    Job(Job),
    Pod(Pod),
    Event(Event),
}

impl Object {
    /// Which one it is.
    pub fn uid(&self) -> &Uid {
        match self {
            Object::Workload(workload) => &workload.uid,
            Object::Revision(revision) => &revision.uid,
            Object::Job(job) => &job.uid,
            Object::Pod(pod) => &pod.uid,
            Object::Event(event) => &event.uid,
        }
    }
}

/// Who controls an object.
fn controller(metadata: &ObjectMeta) -> Option<Uid> {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.clone())
}

fn text(field: Option<&String>) -> String {
    field.cloned().unwrap_or_default()
}

/// A count that the API server never makes negative.
fn count(field: Option<i32>) -> u32 {
    field.and_then(|count| u32::try_from(count).ok()).unwrap_or_default()
}

/// A number that stands for a pod template, without the label that a Deployment adds to it: equal templates have one.
fn digest(template: &impl serde::Serialize) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut value = serde_json::to_value(template).unwrap_or_default();
    if let Some(labels) = value.pointer_mut("/metadata/labels").and_then(serde_json::Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    let mut hasher = DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    hasher.finish()
}
