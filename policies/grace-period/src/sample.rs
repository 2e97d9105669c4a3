//! Workloads for the tests of this crate: a Deployment with as little in it as a rule needs.

use crate::GracePeriod;
use plimsoll_policy::{
    Finding, Rule, Workload, testing,
    workload::{Class, Container, EnvVar, Handler, Port, Probe},
};

pub(crate) struct Given {
    workload: Workload,
}

pub(crate) struct GivenContainer {
    container: Container,
    annotations: Vec<(String, String)>,
}

pub(crate) fn deployment(grace: i64) -> Given {
    let mut workload = testing::deployment([]);
    workload.pod.grace_period_seconds = grace;
    Given { workload }
}

pub(crate) fn container(name: &str) -> GivenContainer {
    GivenContainer { container: testing::container(name), annotations: Vec::new() }
}

pub(crate) fn sidecar(name: &str) -> GivenContainer {
    let mut given = container(name);
    given.container.class = Class::Sidecar;
    given
}

impl GivenContainer {
    pub(crate) fn init(mut self) -> Self {
        self.container.class = Class::Init;
        self
    }

    pub(crate) fn image(mut self, image: &str) -> Self {
        self.container.image = image.to_owned();
        self
    }

    pub(crate) fn command(mut self, command: &[&str]) -> Self {
        self.container.command = command.iter().map(|&word| word.to_owned()).collect();
        self
    }

    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.container.args = args.iter().map(|&word| word.to_owned()).collect();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.container.env.push(EnvVar { name: name.to_owned(), value: Some(value.to_owned()) });
        self
    }

    pub(crate) fn env_from_elsewhere(mut self, name: &str) -> Self {
        self.container.env.push(EnvVar { name: name.to_owned(), value: None });
        self
    }

    pub(crate) fn env_from(mut self) -> Self {
        self.container.has_env_from = true;
        self
    }

    pub(crate) fn pre_stop(mut self, handler: Handler) -> Self {
        self.container.pre_stop = Some(testing::hook(handler));
        self
    }

    pub(crate) fn liveness_grace(mut self, seconds: i64) -> Self {
        let probe = testing::probe(Handler::Tcp { port: Port::Number(80), host: None });
        self.container.liveness = Some(Probe { grace_period_seconds: Some(seconds), ..probe });
        self
    }

    /// A key of the contract for this container alone.
    pub(crate) fn annotate(mut self, key: &str, value: &str) -> Self {
        let annotation = format!("{key}.plimsoll.dev/{}", self.container.name);
        self.annotations.push((annotation, value.to_owned()));
        self
    }
}

impl Given {
    pub(crate) fn with(mut self, given: GivenContainer) -> Self {
        let pod = &mut self.workload.pod;
        testing::add(pod, given.container);
        pod.annotations.extend(given.annotations);
        self
    }

    pub(crate) fn annotate(mut self, annotation: &str, value: &str) -> Self {
        self.workload.pod.annotations.insert(annotation.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn job(mut self) -> Self {
        let job = testing::job([]);
        self.workload.controller = job.controller;
        self.workload.pod.restart_policy = job.pod.restart_policy;
        self
    }

    pub(crate) fn build(&self) -> Workload {
        self.workload.clone()
    }
}

/// What the policy finds with its default settings, of one rule.
pub(crate) fn found(workload: &Workload, rule: &Rule) -> Vec<Finding> {
    let mut findings = found_with(&GracePeriod::default(), workload, &[]);
    findings.retain(|finding| finding.rule == rule.name);
    findings
}

pub(crate) fn found_with(settings: &GracePeriod, workload: &Workload, off: &[String]) -> Vec<Finding> {
    testing::findings(settings, workload, off)
}

/// The messages of one rule, a line each.
pub(crate) fn messages(workload: &Workload, rule: &Rule) -> String {
    let messages: Vec<String> = found(workload, rule).into_iter().map(|finding| finding.message).collect();
    messages.join("\n")
}
