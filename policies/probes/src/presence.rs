//! Pods without a readiness or a liveness probe.

use plimsoll_policy::{
    Finding, Findings, Level, Rule, Workload,
    contract::{Contract, Key},
    workload::{Container, Port},
};

/// Its first levels are for a bare Pod: no rollout waits for it, and nothing replaces it.
pub(crate) const MISSING_READINESS: Rule =
    Rule::new("missing-readiness-probe", Level::Note, "no application container of the pod has a readiness probe")
        .strict(Level::Warn)
        .escalated(Level::Deny, Level::Deny);

pub(crate) const PARTIAL_READINESS: Rule =
    Rule::new("partial-readiness", Level::Off, "an application container has no readiness probe, and another one has")
        .strict(Level::Warn);

pub(crate) const MISSING_LIVENESS: Rule =
    Rule::new("missing-liveness-probe", Level::Note, "no application container of the pod has a liveness probe")
        .strict(Level::Warn)
        .escalated(Level::Deny, Level::Deny);

/// A pod, and what of it is asked for probes.
struct Pod<'a> {
    workload: &'a Workload,
    /// Its application containers, without those that only wait.
    working: &'a [&'a Container],
    contract: &'a Contract,
}

pub(crate) fn check(workload: &Workload, working: &[&Container], contract: &Contract, findings: &mut Findings<'_>) {
    if !workload.runs_to_completion() {
        let pod = Pod { workload, working, contract };
        readiness(&pod, findings);
        liveness(&pod, findings);
    }
}

fn readiness(pod: &Pod<'_>, findings: &mut Findings<'_>) {
    if pod.working.iter().all(|container| container.readiness.is_none()) {
        // Knative's own webhook gives the container of a Revision a TCP readiness probe.
        if !pod.workload.is_knative() {
            missing_readiness(pod, findings);
        }
        return;
    }
    for container in pod.working.iter().filter(|container| container.readiness.is_none()) {
        let name = &container.name;
        let message = format!(
            "container `{name}` has no readiness probe: the pod gets traffic and the rollout continues while it \
             cannot work"
        );
        let help = format!("add `readinessProbe: {}` to it", proposal(Key::Readyz, container, pod.contract));
        let finding = Finding::new(&PARTIAL_READINESS, container.field("readinessProbe"), message);
        findings.push(finding.help(help).container(container));
    }
}

fn missing_readiness(pod: &Pod<'_>, findings: &mut Findings<'_>) {
    let Some(container) = pod.spokesman(Key::Readyz) else { return };
    let is_bare = pod.workload.is_bare_pod();
    let consequence = match is_bare {
        true => "and a Service sends it requests before it can answer",
        false => "so a broken version replaces a good one",
    };
    let message =
        format!("no container of the pod has a readiness probe: it counts as ready as soon as it runs, {consequence}");
    let help = format!("add `readinessProbe: {}`", proposal(Key::Readyz, container, pod.contract));
    let finding = pod.finding(&MISSING_READINESS, container, "readinessProbe", message).help(help);
    findings.push(if is_bare { finding } else { finding.escalated() });
}

fn liveness(pod: &Pod<'_>, findings: &mut Findings<'_>) {
    if pod.working.iter().any(|container| container.liveness.is_some()) {
        return;
    }
    let Some(container) = pod.spokesman(Key::Livez) else { return };
    let help = format!("add `livenessProbe: {}`", proposal(Key::Livez, container, pod.contract));
    let finding = match pod.contract.endpoint(Key::Livez, container) {
        Some(declared) => {
            let message = format!(
                "no container of the pod has a liveness probe, though `{}` declares {} for it: a hung process stays",
                declared.annotation, declared.value
            );
            Finding::new(&MISSING_LIVENESS, container.field("livenessProbe"), message).container(container).escalated()
        }
        None => {
            let message = "no container of the pod has a liveness probe: a process that hangs is never restarted";
            pod.finding(&MISSING_LIVENESS, container, "livenessProbe", message.to_owned())
        }
    };
    findings.push(finding.help(help));
}

impl<'a> Pod<'a> {
    /// The container that the contract gives this endpoint to, else the first. None where all only wait.
    fn spokesman(&self, key: Key) -> Option<&'a Container> {
        let declared = self.working.iter().find(|container| self.contract.endpoint(key, container).is_some());
        declared.or(self.working.first()).copied()
    }

    /// A finding where a missing probe belongs: in the only container, else in one of them.
    fn finding(&self, rule: &Rule, container: &Container, field: &str, message: String) -> Finding {
        match self.working {
            [_] => Finding::new(rule, container.field(field), message).container(container),
            _ => Finding::new(rule, self.workload.pod.spec("containers"), message),
        }
    }
}

/// A handler to write: the contract's endpoint, else a conventional path on the first declared port.
fn proposal(key: Key, container: &Container, contract: &Contract) -> String {
    let conventional = if key == Key::Livez { "/livez" } else { "/readyz" };
    let path = contract.endpoint(key, container).map_or(conventional, |declared| declared.value);
    let first = container.ports.first().map(|port| match &port.name {
        Some(name) => Port::Name(name.clone()),
        None => Port::Number(port.container_port),
    });
    let port = contract.admin_port(container).map(|declared| declared.value).or(first).unwrap_or(Port::Number(8080));
    format!("{{ httpGet: {{ path: {path}, port: {port} }} }}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ContainerExt, container, declaring, deployment, found, http, job, shown};
    use expect_test::expect;
    use plimsoll_policy::workload::{Class, Controller, RestartPolicy};

    fn ready(name: &str) -> Container {
        container(name).readiness(http("/readyz", 8080))
    }

    #[test]
    fn one_finding_per_pod_without_a_probe() {
        let alone = deployment([container("app").port("http", 8080)]);
        let pair = deployment([container("app"), container("proxy")]);
        let all = [found(&MISSING_READINESS, &alone), found(&MISSING_READINESS, &pair)].concat();
        expect![[r#"
            app (escalated): no container of the pod has a readiness probe: it counts as ready as soon as it runs, so a broken version replaces a good one
              at /spec/template/spec/containers/0/readinessProbe
              help: add `readinessProbe: { httpGet: { path: /readyz, port: http } }`
            the pod (escalated): no container of the pod has a readiness probe: it counts as ready as soon as it runs, so a broken version replaces a good one
              at /spec/template/spec/containers
              help: add `readinessProbe: { httpGet: { path: /readyz, port: 8080 } }`
        "#]]
        .assert_eq(&shown(&all));
    }

    #[test]
    fn one_ready_container_is_enough_and_the_others_are_partial() {
        let pod = deployment([container("proxy"), ready("app")]);
        assert_eq!(found(&MISSING_READINESS, &pod), []);
        expect![[r#"
            proxy: container `proxy` has no readiness probe: the pod gets traffic and the rollout continues while it cannot work
              at /spec/template/spec/containers/0/readinessProbe
              help: add `readinessProbe: { httpGet: { path: /readyz, port: 8080 } }` to it
        "#]]
        .assert_eq(&shown(&found(&PARTIAL_READINESS, &pod)));
    }

    #[test]
    fn a_probe_of_a_sidecar_speaks_for_no_application() {
        let pod = deployment([container("app"), ready("mesh").class(Class::Sidecar)]);
        assert_eq!(found(&MISSING_READINESS, &pod).len(), 1);
    }

    #[test]
    fn only_application_containers_need_probes() {
        for class in [Class::Sidecar, Class::Init, Class::Ephemeral] {
            let app = ready("app").liveness(http("/livez", 8080));
            let pod = deployment([app, container("other").class(class)]);
            for rule in [MISSING_READINESS, PARTIAL_READINESS, MISSING_LIVENESS] {
                assert_eq!(found(&rule, &pod), [], "{class:?}");
            }
        }
    }

    #[test]
    fn what_runs_to_completion_needs_no_probes() {
        let mut pods = vec![job([container("app")]), job([container("app"), ready("other")])];
        for policy in [RestartPolicy::Never, RestartPolicy::OnFailure] {
            let mut pod = deployment([container("app")]);
            pod.pod.restart_policy = policy;
            pods.push(pod);
        }
        for pod in pods {
            for rule in [MISSING_READINESS, PARTIAL_READINESS, MISSING_LIVENESS] {
                assert_eq!(found(&rule, &pod), []);
            }
        }
    }

    #[test]
    fn a_bare_pod_is_noted_and_says_its_own_reason() {
        let pod = Workload {
            kind: "Pod".to_owned(),
            controller: Controller::Pod,
            ..deployment([container("app").port("http", 8080)])
        };
        expect![[r#"
            app: no container of the pod has a readiness probe: it counts as ready as soon as it runs, and a Service sends it requests before it can answer
              at /spec/template/spec/containers/0/readinessProbe
              help: add `readinessProbe: { httpGet: { path: /readyz, port: http } }`
        "#]].assert_eq(&shown(&found(&MISSING_READINESS, &pod)));
        let template = Workload { kind: "PodTemplate".to_owned(), ..pod };
        assert!(found(&MISSING_READINESS, &template)[0].escalated);
    }

    #[test]
    fn a_container_that_only_waits_is_no_application() {
        let pause = Container { image: "registry.k8s.io/pause:3.10".to_owned(), ..container("pause") };
        assert_eq!(found(&MISSING_READINESS, &deployment([pause])), []);
        let sleeper = || Container { command: vec!["sleep".to_owned(), "infinity".to_owned()], ..container("idle") };
        let alone = deployment([sleeper()]);
        for rule in [MISSING_READINESS, PARTIAL_READINESS, MISSING_LIVENESS] {
            assert_eq!(found(&rule, &alone), []);
        }
        let beside = deployment([sleeper(), container("app")]);
        for (rule, field) in [(MISSING_READINESS, "readinessProbe"), (MISSING_LIVENESS, "livenessProbe")] {
            let [finding] = &found(&rule, &beside)[..] else { panic!("one finding") };
            assert_eq!(finding.container.as_deref(), Some("app"));
            assert_eq!(finding.pointer, format!("/spec/template/spec/containers/1/{field}"));
        }
        assert_eq!(found(&PARTIAL_READINESS, &deployment([sleeper(), ready("app")])), []);
    }

    #[test]
    fn knative_adds_a_readiness_probe_itself() {
        let mut service = deployment([container("app")]);
        service.api_version = "serving.knative.dev/v1".to_owned();
        assert_eq!(found(&MISSING_READINESS, &service), []);
        assert_eq!(found(&MISSING_LIVENESS, &service).len(), 1);
    }

    #[test]
    fn a_declared_livez_makes_missing_liveness_graver() {
        let app = || container("app").port("admin", 9090);
        let plain = deployment([app()]);
        let declared =
            declaring(deployment([container("proxy"), app()]), [("livez", "/alive"), ("admin-port", "admin")]);
        let all = [found(&MISSING_LIVENESS, &plain), found(&MISSING_LIVENESS, &declared)].concat();
        expect![[r#"
            app: no container of the pod has a liveness probe: a process that hangs is never restarted
              at /spec/template/spec/containers/0/livenessProbe
              help: add `livenessProbe: { httpGet: { path: /livez, port: admin } }`
            app (escalated): no container of the pod has a liveness probe, though `plimsoll.dev/livez` declares /alive for it: a hung process stays
              at /spec/template/spec/containers/1/livenessProbe
              help: add `livenessProbe: { httpGet: { path: /alive, port: admin } }`
        "#]]
        .assert_eq(&shown(&all));
    }
}
