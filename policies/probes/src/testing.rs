//! Workloads for unit tests, with the API server's defaults, and what the policy says of them.

use crate::Probes;
use plimsoll_policy::{
    Finding, Findings, Input, Policy, Rule, Workload,
    workload::{
        Class, Container, ContainerPort, Controller, Defaulted, Deployment, Handler, Hook, HttpGet, IntOrPercent, Job,
        PodTemplate, Port, Probe, PullPolicy, RestartPolicy, Selector, Strategy,
    },
};

fn defaulted<T>(value: T) -> Defaulted<T> {
    Defaulted { value, written: false }
}

/// A Deployment of these application containers.
pub(crate) fn deployment(containers: impl IntoIterator<Item = Container>) -> Workload {
    let (pointer, containers) = ("/spec/template/spec", containers.into_iter().enumerate());
    let containers = containers.map(|(i, container)| container.at(format!("{pointer}/containers/{i}"))).collect();
    Workload {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: None,
        name: "app".to_owned(),
        labels: [].into(),
        annotations: [].into(),
        controller: Controller::Deployment(Deployment {
            replicas: defaulted(1),
            selector: Selector::default(),
            strategy: Strategy::RollingUpdate {
                max_unavailable: defaulted(IntOrPercent::Percent(25)),
                max_surge: defaulted(IntOrPercent::Percent(25)),
            },
            min_ready_seconds: defaulted(0),
            progress_deadline_seconds: defaulted(600),
            revision_history_limit: defaulted(10),
        }),
        pod: PodTemplate {
            pointer: "/spec/template".to_owned(),
            labels: [].into(),
            annotations: [].into(),
            grace_period_seconds: defaulted(30),
            restart_policy: defaulted(RestartPolicy::Always),
            host_network: false,
            cpu_limit_millis: None,
            claims: [].into(),
            image_volumes: vec![],
            containers,
        },
    }
}

/// A Job of these application containers.
pub(crate) fn job(containers: impl IntoIterator<Item = Container>) -> Workload {
    let controller = Controller::Job(Job {
        backoff_limit: Some(defaulted(6)),
        completions: Some(defaulted(1)),
        parallelism: defaulted(1),
        active_deadline_seconds: None,
        ttl_seconds_after_finished: None,
    });
    let mut job = Workload { kind: "Job".to_owned(), controller, ..deployment(containers) };
    job.pod.restart_policy.value = RestartPolicy::OnFailure;
    job
}

/// Adds annotations of the pod template to a workload.
pub(crate) fn declaring<const N: usize>(mut workload: Workload, contract: [(&str, &str); N]) -> Workload {
    let annotations = contract.map(|(key, value)| (format!("plimsoll.dev/{key}"), value.to_owned()));
    workload.pod.annotations.extend(annotations);
    workload
}

/// An application container that has nothing.
pub(crate) fn container(name: &str) -> Container {
    Container {
        pointer: String::new(),
        class: Class::Application,
        name: name.to_owned(),
        image: "registry.example/app:1.4.2".to_owned(),
        restart_policy: None,
        has_restart_rules: false,
        pull_policy: defaulted(PullPolicy::IfNotPresent),
        command: vec![],
        args: vec![],
        env: vec![],
        has_env_from: false,
        ports: vec![],
        liveness: None,
        readiness: None,
        startup: None,
        post_start: None,
        pre_stop: None,
        cpu_limit_millis: None,
        cpu_request_millis: None,
        termination_message_policy: defaulted("File".to_owned()),
        mounts: vec![],
    }
}

/// What tests say of a container.
pub(crate) trait ContainerExt: Sized {
    fn at(self, pointer: String) -> Self;
    fn class(self, class: Class) -> Self;
    fn port(self, name: &str, number: i64) -> Self;
    fn liveness(self, probe: Probe) -> Self;
    fn readiness(self, probe: Probe) -> Self;
    fn startup(self, probe: Probe) -> Self;
    fn post_start(self, handler: Handler) -> Self;
}

impl ContainerExt for Container {
    fn at(mut self, pointer: String) -> Self {
        let probes = [
            ("livenessProbe", &mut self.liveness),
            ("readinessProbe", &mut self.readiness),
            ("startupProbe", &mut self.startup),
        ];
        for (field, probe) in probes {
            if let Some(probe) = probe {
                probe.pointer = format!("{pointer}/{field}");
            }
        }
        if let Some(hook) = &mut self.post_start {
            hook.pointer = format!("{pointer}/lifecycle/postStart");
        }
        Container { pointer, ..self }
    }

    fn class(self, class: Class) -> Self {
        Container { class, ..self }
    }

    fn port(mut self, name: &str, number: i64) -> Self {
        let (name, protocol) = (Some(name.to_owned()), defaulted("TCP".to_owned()));
        self.ports.push(ContainerPort { name, container_port: number, host_port: None, protocol });
        self
    }

    fn liveness(self, probe: Probe) -> Self {
        Container { liveness: Some(probe), ..self }
    }

    fn readiness(self, probe: Probe) -> Self {
        Container { readiness: Some(probe), ..self }
    }

    fn startup(self, probe: Probe) -> Self {
        Container { startup: Some(probe), ..self }
    }

    fn post_start(self, handler: Handler) -> Self {
        Container { post_start: Some(Hook { pointer: String::new(), handler }), ..self }
    }
}

/// A port by number or by name.
pub(crate) trait IntoPort {
    fn into_port(self) -> Port;
}

impl IntoPort for i64 {
    fn into_port(self) -> Port {
        Port::Number(self)
    }
}

impl IntoPort for &str {
    fn into_port(self) -> Port {
        Port::Name(self.to_owned())
    }
}

/// A probe with the defaults.
pub(crate) fn probe(handler: Handler) -> Probe {
    Probe {
        pointer: String::new(),
        handler,
        initial_delay_seconds: defaulted(0),
        period_seconds: defaulted(10),
        timeout_seconds: defaulted(1),
        success_threshold: defaulted(1),
        failure_threshold: defaulted(3),
        grace_period_seconds: None,
    }
}

/// The request that an HTTP probe with this path and port makes.
pub(crate) fn get(path: &str, port: impl IntoPort) -> HttpGet {
    let (path, scheme) = (defaulted(path.to_owned()), defaulted("HTTP".to_owned()));
    HttpGet { path, port: port.into_port(), host: None, scheme, headers: vec![] }
}

pub(crate) fn http(path: &str, port: impl IntoPort) -> Probe {
    probe(Handler::Http(get(path, port)))
}

pub(crate) fn tcp(port: impl IntoPort) -> Probe {
    probe(Handler::Tcp { port: port.into_port(), host: None })
}

pub(crate) fn grpc(port: i64, service: &str) -> Probe {
    probe(Handler::Grpc { port, service: service.to_owned() })
}

/// An exec handler; each word of `command` is an argument, what stands after ` -c ` is one.
pub(crate) fn run(command: &str) -> Handler {
    let (words, script) = match command.split_once(" -c ") {
        Some((shell, script)) => (shell, vec!["-c", script]),
        None => (command, vec![]),
    };
    Handler::Exec { command: words.split_whitespace().chain(script).map(str::to_owned).collect() }
}

pub(crate) fn exec(command: &str) -> Probe {
    probe(run(command))
}

/// What tests say of a probe, in seconds.
pub(crate) trait ProbeExt: Sized {
    fn delay(self, seconds: i64) -> Self;
    fn period(self, seconds: i64) -> Self;
    fn timeout(self, seconds: i64) -> Self;
    fn threshold(self, failures: i64) -> Self;
}

impl ProbeExt for Probe {
    fn delay(self, seconds: i64) -> Self {
        Probe { initial_delay_seconds: defaulted(seconds), ..self }
    }

    fn period(self, seconds: i64) -> Self {
        Probe { period_seconds: defaulted(seconds), ..self }
    }

    fn timeout(self, seconds: i64) -> Self {
        Probe { timeout_seconds: defaulted(seconds), ..self }
    }

    fn threshold(self, failures: i64) -> Self {
        Probe { failure_threshold: defaulted(failures), ..self }
    }
}

/// What one rule finds, with the default settings.
pub(crate) fn found(rule: &Rule, workload: &Workload) -> Vec<Finding> {
    let mut findings = Findings::new(&[]);
    Probes::default().check(&Input::from(workload), &mut findings);
    findings.into_vec().into_iter().filter(|finding| finding.rule == rule.name).collect()
}

/// The names of the rules that find something, with other settings and some rules off.
pub(crate) fn found_with(settings: &Probes, off: &[&Rule], workload: &Workload) -> Vec<String> {
    let off: Vec<String> = off.iter().map(|rule| rule.name.clone().into_owned()).collect();
    let mut findings = Findings::new(&off);
    settings.check(&Input::from(workload), &mut findings);
    findings.into_vec().into_iter().map(|finding| finding.rule).collect()
}

/// Whether a rule finds something in a Deployment of one container.
pub(crate) fn fires(rule: &Rule, container: Container) -> bool {
    !found(rule, &deployment([container])).is_empty()
}

/// A finding as a person and a tool get it.
pub(crate) fn shown(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { message, help, pointer, container, second, fix, .. } = finding;
        let container = container.as_deref().unwrap_or("the pod");
        let second = if *second { " (second level)" } else { "" };
        text.push_str(&format!("{container}{second}: {message}\n  at {pointer}\n"));
        help.iter().for_each(|help| text.push_str(&format!("  help: {help}\n")));
        fix.iter().for_each(|edit| text.push_str(&format!("  fix: {edit:?}\n")));
    }
    text
}
