//! An event: what a controller, the scheduler or a kubelet said about an object.

use super::{Uid, count, text};
use k8s_openapi::api::core::v1;

/// What was said of an object, and how often.
#[derive(Debug, Clone)]
pub struct Event {
    /// Of the event itself.
    pub uid: Uid,
    /// The object that it is about.
    pub about: Uid,
    /// `Unhealthy`.
    pub reason: String,
    /// In the words of whoever said it.
    pub message: String,
    /// Whether something is wrong.
    pub is_warning: bool,
    /// How often.
    pub count: u32,
}

impl From<&v1::Event> for Event {
    fn from(from: &v1::Event) -> Self {
        let series = from.series.as_ref().and_then(|series| series.count);
        Event {
            uid: text(from.metadata.uid.as_ref()),
            about: text(from.involved_object.uid.as_ref()),
            reason: text(from.reason.as_ref()),
            message: text(from.message.as_ref()),
            is_warning: from.type_.as_deref() == Some("Warning"),
            count: count(series.or(from.count)).max(1),
        }
    }
}
