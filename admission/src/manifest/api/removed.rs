//! API versions of workloads that Kubernetes no longer serves.

use super::Version;

/// An API version that is no longer served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// The minor version of Kubernetes 1 that was the first without it.
    pub in_minor: u8,
    /// The API version that replaced it.
    pub use_instead: &'static str,
}

/// From <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>; `batch/v2alpha1` from the changelog of 1.21.
const REMOVED: [(&str, &str, Removed); 11] = [
    ("extensions/v1beta1", "Deployment", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("extensions/v1beta1", "DaemonSet", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("extensions/v1beta1", "ReplicaSet", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("apps/v1beta1", "Deployment", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("apps/v1beta1", "StatefulSet", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("apps/v1beta2", "Deployment", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("apps/v1beta2", "StatefulSet", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("apps/v1beta2", "DaemonSet", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("apps/v1beta2", "ReplicaSet", Removed { in_minor: 16, use_instead: "apps/v1" }),
    ("batch/v2alpha1", "CronJob", Removed { in_minor: 21, use_instead: "batch/v1" }),
    ("batch/v1beta1", "CronJob", Removed { in_minor: 25, use_instead: "batch/v1" }),
];

/// Whether a version of Kubernetes no longer serves an API version of one of its own workloads.
pub(super) fn removed(api_version: &str, kind: &str, version: Version) -> Option<Removed> {
    let found = REMOVED.iter().find(|(known, of, _)| (*known, *of) == (api_version, kind));
    found.map(|(.., removed)| *removed).filter(|removed| version.minor() >= removed.in_minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_version_is_gone_from_the_version_on_that_removed_it() {
        for (api_version, kind, version, expected) in [
            ("batch/v1beta1", "CronJob", "1.24", None),
            ("batch/v1beta1", "CronJob", "1.25", Some(25)),
            ("batch/v1beta1", "CronJob", "1.37", Some(25)),
            ("extensions/v1beta1", "Deployment", "1.21", Some(16)),
            ("batch/v1", "CronJob", "1.37", None),
            ("apps/v1", "Deployment", "1.21", None),
        ] {
            let found = removed(api_version, kind, version.parse().expect("a version"));
            assert_eq!(found.map(|removed| removed.in_minor), expected, "{api_version} {kind} in {version}");
        }
    }
}
