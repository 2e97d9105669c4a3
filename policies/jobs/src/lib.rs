#![doc = include_str!("../README.md")]

mod deadline;
mod deadlock;
mod evidence;
mod hook;
mod name;
mod sidecar;
#[cfg(test)]
mod testing;
mod waits;

use hook::Hook;
use plimsoll_policy::{
    Duration, Findings, Input, Pointer, Policy, Rule, Set, Workload,
    contract::Contract,
    workload::{Controller, Job},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The policy `jobs`, and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Jobs {
    /// How long whoever installs a release waits for it at most.
    pub release_deadline: Duration,
}

impl Default for Jobs {
    fn default() -> Self {
        Jobs { release_deadline: Duration::seconds(20 * 60) }
    }
}

impl Policy for Jobs {
    const ID: &'static str = "jobs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Jobs that end in time for the release that waits for them, and leave their evidence";
    const RULES: &'static [Rule] = &[
        deadline::UNBOUNDED,
        deadline::OUTLASTS,
        evidence::LOGS_LOST,
        evidence::DELETED,
        name::UNVERSIONED,
        sidecar::HELD,
        deadlock::DEADLOCK,
    ];
    const PAGE: &'static str = include_str!("../README.md");
    const WANTS_SET: bool = true;

    fn validate(&self) -> Result<(), String> {
        if self.release_deadline < Duration::seconds(1) {
            return Err(format!("release-deadline: {} is too little; it must be at least 1s", self.release_deadline));
        }
        Ok(())
    }

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let workload = input.workload;
        sidecar::check(workload, findings);
        if let Some(subject) = Subject::of(workload) {
            deadline::check(&subject, self.release_deadline, findings);
            evidence::check(&subject, self.release_deadline, findings);
            name::check(&subject, findings);
        }
    }

    fn check_set(&self, set: &Set, findings: &mut Findings<'_>) {
        deadlock::check(set, findings);
    }
}

/// A Job, and what it is for the release that it belongs to.
struct Subject<'a> {
    workload: &'a Workload,
    job: &'a Job,
    /// It runs as a hook of Helm or Argo CD.
    hook: Option<Hook>,
    /// Its contract says `role: migration`.
    is_migration: bool,
}

impl<'a> Subject<'a> {
    /// Nothing for any other kind: a CronJob's Jobs belong to no release.
    fn of(workload: &'a Workload) -> Option<Self> {
        let Controller::Job(job) = &workload.controller else { return None };
        let contract = Contract::of(workload);
        let is_migration = |container| contract.role(container).is_some_and(|role| role.value == "migration");
        Some(Subject {
            workload,
            job,
            hook: Hook::of(&workload.annotations),
            is_migration: workload.pod.applications().any(is_migration),
        })
    }

    /// Whether a release waits for it: then its findings weigh more.
    fn gates_release(&self) -> bool {
        self.is_migration || self.hook.is_some()
    }

    /// Where a field of the Job's `spec` is.
    fn field(&self, name: &str) -> Pointer {
        Pointer::ROOT.join("spec").step(name)
    }

    /// Whether a field of the Job's `spec` is known, written or not.
    fn knows(&self, name: &str) -> bool {
        !self.workload.is_unreadable(&self.field(name))
    }
}
