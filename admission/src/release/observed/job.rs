//! A Job.

use super::{Uid, count, text};
use crate::release::name::{Kind, ObjectName};
use k8s_openapi::{api::batch::v1, apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

/// A Job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which one.
    pub name: ObjectName,
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// How it ended, if it has, or is bound to end.
    pub end: Option<JobEnd>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// Pods that run or wait.
    pub active: u32,
    /// Pods that succeeded.
    pub succeeded: u32,
    /// Attempts that failed.
    pub failed: u32,
    /// Pods that must succeed.
    pub completions: u32,
    /// Failed attempts that it survives; unknown where each index counts its own.
    pub backoff_limit: Option<u32>,
}

/// How a Job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// `Complete`, or `SuccessCriteriaMet`, which always becomes that.
    Complete {
        /// By the clock of the cluster.
        at: Option<Timestamp>,
    },
    /// `Failed`, or `FailureTarget`, which always becomes that.
    #[expect(missing_docs, reason = "the names say it")]
    Failed { reason: String, message: String },
}

impl From<&v1::Job> for Job {
    fn from(from: &v1::Job) -> Self {
        let (spec, status) = (from.spec.clone().unwrap_or_default(), from.status.clone().unwrap_or_default());
        let conditions = status.conditions.clone().unwrap_or_default();
        let find = |types: [&str; 2]| {
            let is_one = |found: &&v1::JobCondition| types.contains(&&*found.type_) && found.status == "True";
            conditions.iter().find(is_one)
        };
        let failed = find(["Failed", "FailureTarget"])
            .map(|found| JobEnd::Failed { reason: text(found.reason.as_ref()), message: text(found.message.as_ref()) });
        let complete = find(["Complete", "SuccessCriteriaMet"]).map(|found| JobEnd::Complete {
            at: status.completion_time.clone().or_else(|| found.last_transition_time.clone()).map(|Time(at)| at),
        });
        Job {
            name: ObjectName {
                kind: Kind::Job,
                namespace: text(from.metadata.namespace.as_ref()),
                name: text(from.metadata.name.as_ref()),
            },
            uid: text(from.metadata.uid.as_ref()),
            created: from.metadata.creation_timestamp.as_ref().map(|Time(created)| *created),
            end: failed.or(complete),
            suspended: spec.suspend.unwrap_or_default(),
            active: count(status.active),
            succeeded: count(status.succeeded),
            failed: count(status.failed),
            completions: spec.completions.or(spec.parallelism).map_or(1, |number| count(Some(number))),
            backoff_limit: match spec.backoff_limit_per_index {
                Some(_) => None,
                None => Some(spec.backoff_limit.map_or(6, |limit| count(Some(limit)))),
            },
        }
    }
}
