//! Workloads for unit tests, with the API server's defaults, and what the policy says of them.

use crate::Probes;
pub(crate) use plimsoll_policy::testing::{container, deployment, probe};
use plimsoll_policy::{
    Finding, Rule, Workload, testing,
    workload::{Class, Container, ContainerPort, Handler, HttpGet, Port, Probe, RestartPolicy},
};

/// A Job of these application containers.
pub(crate) fn job(containers: impl IntoIterator<Item = Container>) -> Workload {
    let mut job = testing::job(containers);
    job.pod.restart_policy = RestartPolicy::OnFailure;
    job
}

/// Adds annotations of the pod template to a workload.
pub(crate) fn declaring<const N: usize>(mut workload: Workload, contract: [(&str, &str); N]) -> Workload {
    let annotations = contract.map(|(key, value)| (format!("plimsoll.dev/{key}"), value.to_owned()));
    workload.pod.annotations.extend(annotations);
    workload
}

/// What tests say of a container.
pub(crate) trait ContainerExt: Sized {
    fn class(self, class: Class) -> Self;
    fn port(self, name: &str, number: i64) -> Self;
    fn liveness(self, probe: Probe) -> Self;
    fn readiness(self, probe: Probe) -> Self;
    fn startup(self, probe: Probe) -> Self;
    fn post_start(self, handler: Handler) -> Self;
}

impl ContainerExt for Container {
    fn class(self, class: Class) -> Self {
        Container { class, ..self }
    }

    fn port(mut self, name: &str, number: i64) -> Self {
        let name = Some(name.to_owned());
        self.ports.push(ContainerPort { name, container_port: number, host_port: None });
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
        Container { post_start: Some(testing::hook(handler)), ..self }
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

/// The request that an HTTP probe with this path and port makes.
pub(crate) fn get(path: &str, port: impl IntoPort) -> HttpGet {
    let (path, scheme) = (path.to_owned(), "HTTP".to_owned());
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
        Probe { initial_delay_seconds: seconds, ..self }
    }

    fn period(self, seconds: i64) -> Self {
        Probe { period_seconds: seconds, ..self }
    }

    fn timeout(self, seconds: i64) -> Self {
        Probe { timeout_seconds: seconds, ..self }
    }

    fn threshold(self, failures: i64) -> Self {
        Probe { failure_threshold: failures, ..self }
    }
}

/// What one rule finds, with the default settings.
pub(crate) fn found(rule: &Rule, workload: &Workload) -> Vec<Finding> {
    testing::findings(&Probes::default(), workload, &[])
        .into_iter()
        .filter(|finding| finding.rule == rule.name)
        .collect()
}

/// The names of the rules that find something, with other settings and some rules off.
pub(crate) fn found_with(settings: &Probes, off: &[&Rule], workload: &Workload) -> Vec<String> {
    let off: Vec<String> = off.iter().map(|rule| rule.name.clone().into_owned()).collect();
    testing::findings(settings, workload, &off).into_iter().map(|finding| finding.rule).collect()
}

/// Whether a rule finds something in a Deployment of one container.
pub(crate) fn fires(rule: &Rule, container: Container) -> bool {
    !found(rule, &deployment([container])).is_empty()
}

/// A finding as a person and a tool get it.
pub(crate) fn shown(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { message, help, pointer, container, escalated, fix, .. } = finding;
        let container = container.as_deref().unwrap_or("the pod");
        let escalated = if *escalated { " (escalated)" } else { "" };
        text.push_str(&format!("{container}{escalated}: {message}\n  at {pointer}\n"));
        help.iter().for_each(|help| text.push_str(&format!("  help: {help}\n")));
        fix.iter().for_each(|edit| text.push_str(&format!("  fix: {edit:?}\n")));
    }
    text
}
