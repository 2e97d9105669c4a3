//! Helm's records of a release, newest first.

use super::super::helm_secret::{self, Revision};
use k8s_openapi::api::core::v1::Secret;
use std::collections::BTreeMap;

/// A record as it lies in a Secret.
pub(super) struct Seen {
    revision: u32,
    data: Vec<u8>,
}

/// The label says which revision it is.
pub(super) fn seen(secret: Secret) -> Seen {
    let labels = secret.metadata.labels.unwrap_or_default();
    let revision = labels.get("version").and_then(|version| version.parse().ok()).unwrap_or_default();
    let data = secret.data.and_then(|mut data| data.remove("release")).map(|data| data.0).unwrap_or_default();
    Seen { revision, data }
}

/// What was seen of all revisions.
#[derive(Default)]
pub(super) struct Records {
    /// The revision that is watched; the newest when the watch began unless the user chose.
    watched: Option<u32>,
    /// Whether all of them were listed once: before that the newest is not known.
    is_listed: bool,
    newest: u32,
    data: BTreeMap<u32, Vec<u8>>,
}

impl Records {
    /// All records have been listed.
    pub(super) fn listed(&mut self) {
        self.is_listed = true;
    }

    /// The record of the watched revision, where it has changed.
    pub(super) fn hear(
        &mut self,
        seen: Vec<Seen>,
        chosen: Option<u32>,
        namespace: &str,
    ) -> Option<Result<Revision, String>> {
        for Seen { revision, data } in seen {
            self.newest = self.newest.max(revision);
            self.data.insert(revision, data);
        }
        if !self.is_listed || self.data.is_empty() {
            return None;
        }
        let watched = *self.watched.get_or_insert(chosen.unwrap_or(self.newest));
        // What is older is never read.
        self.data.retain(|revision, _| *revision >= watched);
        let read = helm_secret::read(self.data.get(&watched)?, namespace);
        Some(read.map_err(|why| format!("Helm's record of revision {watched} cannot be read: {why}")).map(
            |mut read| {
                read.record.newer = (self.newest > watched).then_some(self.newest);
                read
            },
        ))
    }
}
