//! Jobs for the tests of this crate.

use plimsoll_policy::{
    Workload, testing,
    workload::{Container, Controller, Job, RestartPolicy},
};

pub(crate) struct Given {
    workload: Workload,
}

/// A Job `app` that no release is known to wait for.
pub(crate) fn plain() -> Given {
    Given { workload: testing::job([testing::container("app")]) }
}

/// A Job whose contract says that it is a migration.
pub(crate) fn migration() -> Given {
    let mut given = plain();
    given.workload.pod.annotations.insert("plimsoll.dev/role".to_owned(), "migration".to_owned());
    given
}

/// A hook of Helm.
pub(crate) fn hook(events: &str) -> Given {
    plain().annotate("helm.sh/hook", events)
}

/// A container with a command.
pub(crate) fn running(name: &str, image: &str, command: &[&str]) -> Container {
    let command = command.iter().map(|&word| word.to_owned()).collect();
    Container { image: image.to_owned(), command, ..testing::container(name) }
}

impl Given {
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.workload.name = name.to_owned();
        self
    }

    pub(crate) fn annotate(mut self, key: &str, value: &str) -> Self {
        self.workload.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn unreadable(mut self, field: &str) -> Self {
        self.workload.unreadable.push(field.into());
        self
    }

    pub(crate) fn restart(mut self, policy: RestartPolicy) -> Self {
        self.workload.pod.restart_policy = policy;
        self
    }

    pub(crate) fn deadline(self, seconds: i64) -> Self {
        self.job(|job| job.active_deadline_seconds = Some(seconds))
    }

    pub(crate) fn backoff(self, limit: i64) -> Self {
        self.job(|job| job.backoff_limit = Some(limit))
    }

    pub(crate) fn ttl(self, seconds: i64) -> Self {
        self.job(|job| job.ttl_seconds_after_finished = Some(seconds))
    }

    fn job(mut self, change: impl FnOnce(&mut Job)) -> Self {
        let Controller::Job(job) = &mut self.workload.controller else { unreachable!("it is a Job") };
        change(job);
        self
    }

    pub(crate) fn build(self) -> Workload {
        self.workload
    }
}
