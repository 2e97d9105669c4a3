//! What is listed and watched, and for which parts of a release: one table, which the shipped role is tested against.

use super::super::name::Kind;

/// A resource of the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Resource {
    pub name: &'static str,
    pub group: &'static str,
    pub verbs: &'static [&'static str],
    /// Whether there is a verdict without it.
    pub is_optional: bool,
    /// The parts of a release that need it.
    pub for_kinds: &'static [Kind],
}

const WATCH: &[&str] = &["list", "watch"];
const ALL: &[Kind] = &[Kind::Job, Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::Pod];

/// All that the monitor asks for.
pub const RESOURCES: [Resource; 10] = [
    Resource { name: "secrets", group: "", verbs: WATCH, is_optional: false, for_kinds: &[] },
    Resource { name: "deployments", group: "apps", verbs: WATCH, is_optional: false, for_kinds: &[Kind::Deployment] },
    Resource { name: "replicasets", group: "apps", verbs: WATCH, is_optional: false, for_kinds: &[Kind::Deployment] },
    Resource { name: "statefulsets", group: "apps", verbs: WATCH, is_optional: false, for_kinds: &[Kind::StatefulSet] },
    Resource { name: "daemonsets", group: "apps", verbs: WATCH, is_optional: false, for_kinds: &[Kind::DaemonSet] },
    Resource {
        name: "controllerrevisions",
        group: "apps",
        verbs: WATCH,
        is_optional: false,
        for_kinds: &[Kind::DaemonSet],
    },
    Resource { name: "jobs", group: "batch", verbs: WATCH, is_optional: false, for_kinds: &[Kind::Job] },
    Resource { name: "pods", group: "", verbs: WATCH, is_optional: false, for_kinds: ALL },
    Resource { name: "events", group: "", verbs: WATCH, is_optional: true, for_kinds: ALL },
    Resource { name: "pods/log", group: "", verbs: &["get"], is_optional: true, for_kinds: &[] },
];
