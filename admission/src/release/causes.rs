//! What can be wrong, declared once: the name of each fault, how long it may pass by itself, what it ends, and what to do.

use super::{
    name::ObjectName,
    observed::{Pod, Uid},
};
use serde::{Serialize, Serializer};
use std::time::Duration;

/// A fault that a release can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the table says it")]
pub enum Fault {
    JobFailed,
    PodFailed,
    InvalidImageName,
    ImageNeverPulled,
    BadConfiguration,
    RefusedByAdmission,
    RefusedByQuota,
    NotCreated,
    OutOfMemory,
    EndsByItself,
    CrashLoop,
    ContainerConfig,
    ImageNotPulled,
    Unschedulable,
    BlockedByOldPod,
    OnDelete,
    HookDeadlock,
    TooSlow,
    NotThere,
    Paused,
    OldPodStays,
    NodeTrouble,
    HelmFailed,
    NotReady,
}

/// How long a fault may pass by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It does not.
    None,
    /// So long.
    For(Duration),
    /// Until the container was restarted so often.
    Restarts(u32),
    /// It is shown, and ends nothing.
    Endless,
}

/// What a fault that does not pass makes of the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It cannot become complete.
    Failed,
    /// It waits for something that a person must do.
    Stuck,
}

struct Row {
    fault: Fault,
    code: &'static str,
    patience: Patience,
    ending: Ending,
    advice: &'static str,
}

const fn row(fault: Fault, code: &'static str, patience: Patience, ending: Ending, advice: &'static str) -> Row {
    Row { fault, code, patience, ending, advice }
}

const fn seconds(seconds: u64) -> Patience {
    Patience::For(Duration::from_secs(seconds))
}

const FAULTS: [Row; 24] = [
    row(
        Fault::JobFailed,
        "job-failed",
        Patience::None,
        Ending::Failed,
        "fix what the Job runs and release again; until then what waits for it never starts, and the old version serves on",
    ),
    row(
        Fault::PodFailed,
        "pod-failed",
        Patience::None,
        Ending::Failed,
        "a bare Pod is not started again: fix it and release again",
    ),
    row(
        Fault::InvalidImageName,
        "invalid-image-name",
        Patience::None,
        Ending::Failed,
        "write the image as REGISTRY/PATH:TAG, lower case; a value of the chart may be empty",
    ),
    row(
        Fault::ImageNeverPulled,
        "image-never-pulled",
        Patience::None,
        Ending::Failed,
        "`imagePullPolicy: Never` needs the image on the node beforehand: use IfNotPresent, or load it onto every node",
    ),
    row(
        Fault::BadConfiguration,
        "bad-configuration",
        Patience::None,
        Ending::Failed,
        "exit code 78 says that the configuration is wrong, which no restart fixes: read its last lines",
    ),
    row(
        Fault::RefusedByAdmission,
        "refused-by-admission",
        Patience::None,
        Ending::Failed,
        "the API server refuses its pods: change the pod template as the message says",
    ),
    row(
        Fault::RefusedByQuota,
        "refused-by-quota",
        Patience::None,
        Ending::Failed,
        "raise the ResourceQuota, or ask for less; a rolling update needs room for maxSurge more pods",
    ),
    row(
        Fault::NotCreated,
        "pod-not-created",
        seconds(30),
        Ending::Failed,
        "the API server does not create its pods: the message says why",
    ),
    row(
        Fault::OutOfMemory,
        "out-of-memory",
        Patience::Restarts(1),
        Ending::Failed,
        "it was killed for memory twice: raise `resources.limits.memory`, or make it use less",
    ),
    row(
        Fault::EndsByItself,
        "ends-by-itself",
        Patience::Restarts(3),
        Ending::Failed,
        "the process ends with exit code 0 and is started again for ever; something that ends is a Job, and a service \
         must not wait for a terminal or for a key",
    ),
    row(
        Fault::CrashLoop,
        "crash-loop",
        Patience::Restarts(3),
        Ending::Failed,
        "the process ends again and again: its last lines say why",
    ),
    row(
        Fault::ContainerConfig,
        "container-config",
        seconds(30),
        Ending::Failed,
        "create the ConfigMap, Secret or key that it names, or correct the name",
    ),
    row(
        Fault::ImageNotPulled,
        "image-not-pulled",
        seconds(60),
        Ending::Failed,
        "check that the tag was pushed, the spelling, and that the registry lets this cluster in (imagePullSecrets)",
    ),
    row(
        Fault::Unschedulable,
        "unschedulable",
        seconds(120),
        Ending::Failed,
        "no node takes the pod: ask for less, add a node, or correct the selector, affinity, toleration or claim it names",
    ),
    row(
        Fault::BlockedByOldPod,
        "blocked-by-old-pod",
        seconds(30),
        Ending::Stuck,
        "with OrderedReady the controller waits for this pod before it replaces it: applying the fix will not replace it. \
         Delete it: its successor is made from the new template",
    ),
    row(
        Fault::OnDelete,
        "on-delete",
        Patience::None,
        Ending::Stuck,
        "with `updateStrategy: OnDelete` old pods stay: delete them one by one, or use RollingUpdate",
    ),
    row(
        Fault::HookDeadlock,
        "hook-deadlock",
        seconds(15),
        Ending::Stuck,
        "Helm runs the hook only once everything is ready, and this waits for the hook: make it a pre-install/pre-upgrade \
         hook or an ordinary Job, or call Helm without --wait",
    ),
    row(
        Fault::TooSlow,
        "progress-deadline-exceeded",
        Patience::None,
        Ending::Failed,
        "its pods did not become available within progressDeadlineSeconds: see what they wait for, or allow more time",
    ),
    row(
        Fault::NotThere,
        "not-there",
        Patience::None,
        Ending::Stuck,
        "it is in the manifest and not in the cluster: it was deleted (ttlSecondsAfterFinished deletes Jobs), or never made",
    ),
    row(Fault::Paused, "paused", seconds(60), Ending::Stuck, "it is paused: `kubectl rollout resume` lets it go on"),
    row(
        Fault::OldPodStays,
        "old-pod-stays",
        seconds(60),
        Ending::Stuck,
        "the pod should be gone: look at its finalizers and its node; --no-drained does not wait for old pods",
    ),
    row(
        Fault::NodeTrouble,
        "node-trouble",
        Patience::Endless,
        Ending::Failed,
        "a trouble of the node that passes by itself",
    ),
    row(
        Fault::HelmFailed,
        "helm-failed",
        Patience::None,
        Ending::Failed,
        "Helm gave this revision up: release again, or roll back",
    ),
    row(Fault::NotReady, "not-ready", Patience::Endless, Ending::Failed, "see its events and its log"),
];

impl Fault {
    fn row(self) -> &'static Row {
        // The test below finds a fault without a row.
        FAULTS.iter().find(|row| row.fault == self).unwrap_or(&FAULTS[0])
    }

    /// Its stable name.
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// How long it may pass by itself.
    pub fn patience(self) -> Patience {
        self.row().patience
    }

    /// What it makes of the release.
    pub fn ending(self) -> Ending {
        self.row().ending
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        self.row().advice
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// A fault, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What is wrong.
    pub fault: Fault,
    /// The part of the release that it keeps.
    pub object: ObjectName,
    /// The pod that has it, if a single one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<PodName>,
    /// The container of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What was seen, in one line.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl Cause {
    /// Of an object as a whole.
    pub fn of(fault: Fault, object: &ObjectName, message: impl Into<String>) -> Self {
        let (message, advice) = (message.into(), fault.advice().to_owned());
        Cause { fault, object: object.clone(), pod: None, container: None, message, advice }
    }

    /// Of a pod.
    pub fn in_pod(self, pod: &Pod) -> Self {
        let name = PodName { namespace: pod.namespace.clone(), name: pod.name.clone(), uid: pod.uid.clone() };
        Cause { pod: Some(name), ..self }
    }
}

/// Which pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PodName {
    pub namespace: String,
    pub name: String,
    #[serde(skip)]
    pub uid: Uid,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_fault_has_a_row_and_a_name_of_its_own() {
        let faults: BTreeSet<_> = FAULTS.iter().map(|row| row.fault).collect();
        let codes: BTreeSet<_> = FAULTS.iter().map(|row| row.code).collect();
        assert_eq!((faults.len(), codes.len()), (Fault::NotReady as usize + 1, FAULTS.len()));
    }
}
