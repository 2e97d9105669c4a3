//! Workloads for the tests of this crate: a Deployment with as little in it as a rule needs.

use crate::GracePeriod;
use plimsoll_policy::{
    Finding, Findings, Input, Policy, Rule, Workload,
    workload::{
        Class, Container, Controller, Defaulted, Deployment, EnvVar, Handler, Hook, IntOrPercent, Job, Map,
        PodTemplate, Port, Probe, PullPolicy, RestartPolicy, Selector, Strategy,
    },
};

pub(crate) struct Given {
    workload: Workload,
}

pub(crate) struct GivenContainer {
    container: Container,
    annotations: Vec<(String, String)>,
}

fn default<T>(value: T) -> Defaulted<T> {
    Defaulted { value, written: false }
}

pub(crate) fn deployment(grace: i64) -> Given {
    let controller = Controller::Deployment(Deployment {
        replicas: default(1),
        selector: Selector::default(),
        strategy: Strategy::RollingUpdate {
            max_unavailable: default(IntOrPercent::Percent(25)),
            max_surge: default(IntOrPercent::Percent(25)),
        },
        min_ready_seconds: default(0),
        progress_deadline_seconds: default(600),
        revision_history_limit: default(10),
    });
    let pod = PodTemplate {
        pointer: "/spec/template".to_owned(),
        labels: Map::new(),
        annotations: Map::new(),
        grace_period_seconds: Defaulted { value: grace, written: true },
        restart_policy: default(RestartPolicy::Always),
        host_network: false,
        cpu_limit_millis: None,
        claims: Map::new(),
        image_volumes: vec![],
        containers: Vec::new(),
    };
    let workload = Workload {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: None,
        name: "sample".to_owned(),
        labels: Map::new(),
        annotations: Map::new(),
        controller,
        pod,
    };
    Given { workload }
}

pub(crate) fn container(name: &str) -> GivenContainer {
    let container = Container {
        pointer: String::new(),
        class: Class::Application,
        name: name.to_owned(),
        image: "registry.acme.com/app:1.2.3".to_owned(),
        restart_policy: None,
        has_restart_rules: false,
        pull_policy: default(PullPolicy::IfNotPresent),
        command: Vec::new(),
        args: Vec::new(),
        env: Vec::new(),
        has_env_from: false,
        ports: Vec::new(),
        liveness: None,
        readiness: None,
        startup: None,
        post_start: None,
        pre_stop: None,
        cpu_limit_millis: None,
        cpu_request_millis: None,
        termination_message_policy: default("File".to_owned()),
        mounts: Vec::new(),
    };
    GivenContainer { container, annotations: Vec::new() }
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
        self.container.pre_stop = Some(Hook { pointer: "/hook".to_owned(), handler });
        self
    }

    pub(crate) fn liveness_grace(mut self, seconds: i64) -> Self {
        self.container.liveness = Some(Probe {
            pointer: "/probe".to_owned(),
            handler: Handler::Tcp { port: Port::Number(80), host: None },
            initial_delay_seconds: default(0),
            period_seconds: default(10),
            timeout_seconds: default(1),
            success_threshold: default(1),
            failure_threshold: default(3),
            grace_period_seconds: Some(seconds),
        });
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
        let list = match given.container.class {
            Class::Application => "containers",
            Class::Sidecar | Class::Init => "initContainers",
            Class::Ephemeral => "ephemeralContainers",
        };
        let prefix = format!("{}/spec/{list}/", pod.pointer);
        let index = pod.containers.iter().filter(|other| other.pointer.starts_with(&prefix)).count();
        pod.containers.push(Container { pointer: format!("{prefix}{index}"), ..given.container });
        pod.annotations.extend(given.annotations);
        self
    }

    pub(crate) fn annotate(mut self, annotation: &str, value: &str) -> Self {
        self.workload.pod.annotations.insert(annotation.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn unwritten_grace(mut self) -> Self {
        self.workload.pod.grace_period_seconds.written = false;
        self
    }

    pub(crate) fn job(mut self) -> Self {
        self.workload.controller = Controller::Job(Job {
            backoff_limit: Some(default(6)),
            completions: Some(default(1)),
            parallelism: default(1),
            active_deadline_seconds: None,
            ttl_seconds_after_finished: None,
        });
        self.workload.pod.restart_policy.value = RestartPolicy::Never;
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
    let mut findings = Findings::new(off);
    settings.check(&Input::from(workload), &mut findings);
    findings.into_vec()
}

/// The messages of one rule, a line each.
pub(crate) fn messages(workload: &Workload, rule: &Rule) -> String {
    let messages: Vec<String> = found(workload, rule).into_iter().map(|finding| finding.message).collect();
    messages.join("\n")
}
