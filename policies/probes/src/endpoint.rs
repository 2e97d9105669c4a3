//! Where probes ask: a port that exists, the endpoint that the application serves, the pod itself.

use crate::{
    kind::{self, Kind},
    same_endpoint::{host, same_path, same_port},
};
use plimsoll_policy::{
    Finding, Findings, Level, Pointer, Rule, Workload,
    contract::{Contract, Key},
    workload::{Container, Handler, HttpGet, Port, Probe},
};
use std::net::IpAddr;

pub(crate) const UNKNOWN_PORT: Rule =
    Rule::new("unknown-probe-port", Level::Deny, "a probe asks a named port that the container does not declare");

pub(crate) const WRONG_ENDPOINT: Rule = Rule::new(
    "wrong-probe-endpoint",
    Level::Deny,
    "a probe asks another path or port than the contract declares for it",
);

pub(crate) const HOST_OVERRIDE: Rule =
    Rule::new("probe-host-override", Level::Deny, "a probe sets `host` and so asks something else than its pod");

pub(crate) fn check(workload: &Workload, container: &Container, contract: &Contract, findings: &mut Findings<'_>) {
    for (kind, probe) in kind::all(container) {
        let (port, host) = match &probe.handler {
            Handler::Http(get) => {
                wrong_path(kind, probe, get, container, contract, findings);
                wrong_port(kind, probe, &get.port, container, contract, findings);
                (&get.port, &get.host)
            }
            Handler::Tcp { port, host } => (port, host),
            Handler::Grpc { .. } | Handler::Exec { .. } | Handler::Sleep { .. } | Handler::Unknown => continue,
        };
        if let Port::Name(name) = port {
            unknown_port(kind, probe, name, container, findings);
        }
        if let Some(host) = self::host(host) {
            host_override(kind, probe, host, workload, container, findings);
        }
    }
}

fn unknown_port(kind: Kind, probe: &Probe, name: &str, container: &Container, findings: &mut Findings<'_>) {
    if container.ports.iter().any(|port| port.name.as_deref() == Some(name)) {
        return;
    }
    let field = handler_field(probe, "port");
    if let Ok(number) = name.parse::<i64>() {
        let message =
            format!("the {} probe asks port \"{name}\", a string: a port's name has at least one letter", kind.name());
        let finding = Finding::new(&UNKNOWN_PORT, field.clone(), message).container(container);
        findings.push(finding.help(format!("write `port: {number}`, without quotes")).set(field, number));
        return;
    }
    // The kubelet throws away what a probe without a port comes to, so each probe stays in its initial state.
    let consequence = match kind {
        Kind::Startup => "the start never ends, and the other probes never begin",
        Kind::Liveness => "liveness never kills",
        Kind::Readiness => "the container never becomes ready",
    };
    let message =
        format!("the {} probe asks port `{name}`, which the container does not declare: {consequence}", kind.name());
    let help = match declared_names(container) {
        names if names.is_empty() => "declare it under `ports`, or write the number".to_owned(),
        names => format!("write one that it declares ({names}), or declare `{name}`"),
    };
    let finding = Finding::new(&UNKNOWN_PORT, field, message);
    findings.push(finding.help(help).container(container));
}

fn declared_names(container: &Container) -> String {
    let names: Vec<String> =
        container.ports.iter().filter_map(|port| port.name.as_ref()).map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn wrong_path(
    kind: Kind,
    probe: &Probe,
    get: &HttpGet,
    container: &Container,
    contract: &Contract,
    findings: &mut Findings<'_>,
) {
    let key = match kind {
        Kind::Startup => Key::Startupz,
        Kind::Liveness => Key::Livez,
        Kind::Readiness => Key::Readyz,
    };
    let Some(declared) = contract.endpoint(key, container) else { return };
    // A query asks the same endpoint for a longer answer.
    let asked = get.path.split('?').next().unwrap_or_default();
    if same_path(asked, declared.value) || same_path(&get.path, declared.value) {
        return;
    }
    let (name, asked) = (kind.name(), &get.path);
    let message = format!("the {name} probe asks {asked}, but `{}` declares {}", declared.annotation, declared.value);
    let field = handler_field(probe, "path");
    findings.push(
        Finding::new(&WRONG_ENDPOINT, field.clone(), message)
            .help(format!("write `path: {}`", declared.value))
            .set(field, declared.value)
            .container(container),
    );
}

fn wrong_port(
    kind: Kind,
    probe: &Probe,
    port: &Port,
    container: &Container,
    contract: &Contract,
    findings: &mut Findings<'_>,
) {
    let Some(declared) = contract.admin_port(container) else { return };
    if same_port(container, port, &declared.value) {
        return;
    }
    let field = handler_field(probe, "port");
    let (annotation, name) = (&declared.annotation, kind.name());
    let message = format!("the {name} probe asks port {port}, but `{annotation}` declares {}", declared.value);
    let finding = Finding::new(&WRONG_ENDPOINT, field.clone(), message).container(container);
    findings.push(match &declared.value {
        Port::Name(admin) if container.port_number(&declared.value).is_none() => {
            finding.help(format!("declare the port `{admin}` in the container's `ports`, and write `port: {admin}`"))
        }
        Port::Name(admin) => finding.help(format!("write `port: {admin}`")).set(field, admin.as_str()),
        Port::Number(admin) => finding.help(format!("write `port: {admin}`")).set(field, *admin),
    });
}

fn host_override(
    kind: Kind,
    probe: &Probe,
    host: &str,
    workload: &Workload,
    container: &Container,
    findings: &mut Findings<'_>,
) {
    // A static pod asks its own node by an address: kubeadm writes its control plane so.
    let asks_itself = match is_loopback(host) {
        true => workload.pod.host_network,
        false => workload.is_bare_pod() && is_address(host),
    };
    if asks_itself {
        return;
    }
    let asked = if is_loopback(host) { "the node itself" } else { "that host" };
    let message = format!(
        "the {} probe sets `host: {host}`: the kubelet asks {asked}, not the pod, so the answer says nothing about the pod",
        kind.name()
    );
    let help = match probe.handler {
        Handler::Http(_) => "remove `host`; for a virtual host write `httpHeaders: [{ name: Host, value: … }]`",
        _ => "remove `host`",
    };
    let field = handler_field(probe, "host");
    let finding = Finding::new(&HOST_OVERRIDE, field.clone(), message).help(help).remove(field).unsafe_fix();
    findings.push(finding.container(container));
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.starts_with("127.") || matches!(host, "::1" | "[::1]")
}

fn is_address(host: &str) -> bool {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

fn handler_field(probe: &Probe, field: &str) -> Pointer {
    probe.field(&format!("{}/{field}", kind::handler_field(&probe.handler)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        ContainerExt, container, declaring, deployment, exec, fires, found, get, grpc, http, probe, shown, tcp,
    };
    use expect_test::expect;
    use plimsoll_policy::workload::{Class, Controller};

    fn app() -> Container {
        container("app").port("http", 8080).port("admin", 9090)
    }

    #[test]
    fn a_named_port_must_be_declared() {
        for (handler, unknown) in [
            (http("/", "http"), false),
            (http("/", "htttp"), true),
            (http("/", "HTTP"), true),
            (http("/", 1234), false),
            (tcp("admin"), false),
            (tcp("redis"), true),
            (grpc(1234, ""), false),
            (exec("check"), false),
        ] {
            assert_eq!(fires(&UNKNOWN_PORT, app().startup(handler.clone())), unknown, "{:?}", handler.handler);
        }
    }

    #[test]
    fn a_port_of_another_container_does_not_count() {
        let other = container("other").liveness(http("/", "http"));
        assert_eq!(found(&UNKNOWN_PORT, &deployment([app(), other])).len(), 1);
    }

    #[test]
    fn sidecars_are_judged_and_init_containers_are_not() {
        let broken = || app().liveness(http("/", "gone"));
        assert!(fires(&UNKNOWN_PORT, broken().class(Class::Sidecar)));
        assert!(!fires(&UNKNOWN_PORT, broken().class(Class::Init)));
        assert!(!fires(&UNKNOWN_PORT, broken().class(Class::Ephemeral)));
    }

    #[test]
    fn says_for_each_probe_what_an_unknown_port_leads_to() {
        let all = app().startup(http("/", "web")).liveness(tcp("web")).readiness(http("/", "web"));
        let bare = container("bare").liveness(http("/", "web")).readiness(http("/", "8080"));
        expect![[r#"
            app: the startup probe asks port `web`, which the container does not declare: the start never ends, and the other probes never begin
              at /spec/template/spec/containers/0/startupProbe/httpGet/port
              help: write one that it declares (`http`, `admin`), or declare `web`
            app: the liveness probe asks port `web`, which the container does not declare: liveness never kills
              at /spec/template/spec/containers/0/livenessProbe/tcpSocket/port
              help: write one that it declares (`http`, `admin`), or declare `web`
            app: the readiness probe asks port `web`, which the container does not declare: the container never becomes ready
              at /spec/template/spec/containers/0/readinessProbe/httpGet/port
              help: write one that it declares (`http`, `admin`), or declare `web`
            bare: the liveness probe asks port `web`, which the container does not declare: liveness never kills
              at /spec/template/spec/containers/1/livenessProbe/httpGet/port
              help: declare it under `ports`, or write the number
            bare: the readiness probe asks port "8080", a string: a port's name has at least one letter
              at /spec/template/spec/containers/1/readinessProbe/httpGet/port
              help: write `port: 8080`, without quotes
              fix: Add { pointer: "/spec/template/spec/containers/1/readinessProbe/httpGet/port", value: "8080" }
        "#]].assert_eq(&shown(&found(&UNKNOWN_PORT, &deployment([all, bare]))));
    }

    fn contract(container: Container) -> Workload {
        let keys = [("livez", "/livez"), ("readyz", "/readyz"), ("startupz", "/startupz"), ("admin-port", "admin")];
        declaring(deployment([container]), keys)
    }

    #[test]
    fn probes_ask_the_endpoints_of_the_contract() {
        let named = |name: &str| Port::Name(name.to_owned());
        let wrong = |container| found(&WRONG_ENDPOINT, &contract(container)).len();
        for (path, port, differ) in [
            ("/livez", named("admin"), 0),
            ("/livez", Port::Number(9090), 0),
            ("livez", Port::Number(9090), 0),
            ("/livez?verbose", Port::Number(9090), 0),
            ("/livez/", Port::Number(9090), 1),
            ("/readyz", Port::Number(9090), 1),
            ("/livez", Port::Number(8080), 1),
            ("/livez", named("http"), 1),
            ("/healthz", named("http"), 2),
        ] {
            let liveness = probe(Handler::Http(HttpGet { port: port.clone(), ..get(path, 1) }));
            assert_eq!(wrong(app().liveness(liveness)), differ, "{path} {port}");
        }
        assert_eq!(wrong(app().readiness(http("/readyz", "admin")).startup(http("/startupz", "admin"))), 0);
        assert_eq!(wrong(app().readiness(http("/livez", "admin")).startup(http("/livez", "admin"))), 2);
        assert_eq!(wrong(app().liveness(tcp("http")).readiness(grpc(1, "")).startup(exec("check"))), 0);
    }

    #[test]
    fn endpoints_that_are_not_declared_are_free() {
        let only_port = declaring(deployment([app().liveness(http("/any", 9090))]), [("admin-port", "9090")]);
        assert_eq!(found(&WRONG_ENDPOINT, &only_port), []);
        let only_livez = declaring(deployment([app().startup(http("/livez", 1))]), [("livez", "/livez")]);
        assert_eq!(found(&WRONG_ENDPOINT, &only_livez), []);
    }

    #[test]
    fn the_contract_of_one_container_says_nothing_of_another() {
        let proxy = container("proxy").liveness(http("/proxy", 1));
        let pod = declaring(deployment([app(), proxy]), [("livez", "/livez"), ("admin-port", "admin")]);
        assert_eq!(found(&WRONG_ENDPOINT, &pod), []);
    }

    #[test]
    fn says_what_the_contract_declares_and_puts_it_right() {
        let undeclared = container("app").liveness(http("/livez", 9090));
        let all = [
            found(&WRONG_ENDPOINT, &contract(app().readiness(http("/healthz", 8080)))),
            found(&WRONG_ENDPOINT, &contract(undeclared)),
        ];
        expect![[r#"
            app: the readiness probe asks /healthz, but `plimsoll.dev/readyz` declares /readyz
              at /spec/template/spec/containers/0/readinessProbe/httpGet/path
              help: write `path: /readyz`
              fix: Add { pointer: "/spec/template/spec/containers/0/readinessProbe/httpGet/path", value: "\"/readyz\"" }
            app: the readiness probe asks port 8080, but `plimsoll.dev/admin-port` declares admin
              at /spec/template/spec/containers/0/readinessProbe/httpGet/port
              help: write `port: admin`
              fix: Add { pointer: "/spec/template/spec/containers/0/readinessProbe/httpGet/port", value: "\"admin\"" }
            app: the liveness probe asks port 9090, but `plimsoll.dev/admin-port` declares admin
              at /spec/template/spec/containers/0/livenessProbe/httpGet/port
              help: declare the port `admin` in the container's `ports`, and write `port: admin`
        "#]]
        .assert_eq(&shown(&all.concat()));
    }

    fn asking(host: &str) -> [Probe; 2] {
        let host = Some(host.to_owned());
        let http = Handler::Http(HttpGet { host: host.clone(), ..get("/", 8080) });
        [probe(http), probe(Handler::Tcp { port: Port::Number(8080), host })]
    }

    #[test]
    fn a_probe_stays_in_its_pod() {
        for (host, on_host_network, leaves) in [
            ("", false, false),
            ("10.0.0.1", false, true),
            ("10.0.0.1", true, true),
            ("example.com", false, true),
            ("127.0.0.1", false, true),
            ("127.0.0.1", true, false),
            ("localhost", true, false),
            ("::1", true, false),
        ] {
            for probe in asking(host) {
                let mut pod = deployment([app().readiness(probe)]);
                pod.pod.host_network = on_host_network;
                assert_eq!(found(&HOST_OVERRIDE, &pod).len(), usize::from(leaves), "{host} {on_host_network}");
            }
        }
    }

    #[test]
    fn a_static_pod_may_ask_its_node_by_address() {
        for (host, kind, on_host_network, leaves) in [
            ("192.0.2.10", "Pod", true, false),
            ("192.0.2.10", "Pod", false, false),
            ("[2001:db8::1]", "Pod", true, false),
            ("2001:db8::1", "Pod", true, false),
            ("node.example", "Pod", true, true),
            ("127.0.0.1", "Pod", false, true),
            ("192.0.2.10", "PodTemplate", true, true),
        ] {
            for probe in asking(host) {
                let mut pod = deployment([app().readiness(probe)]);
                (pod.kind, pod.controller) = (kind.to_owned(), Controller::Pod);
                pod.pod.host_network = on_host_network;
                assert_eq!(found(&HOST_OVERRIDE, &pod).len(), usize::from(leaves), "{host} {kind} {on_host_network}");
            }
        }
    }

    #[test]
    fn removes_the_host() {
        let [http, _] = asking("example.com");
        let [_, tcp] = asking("localhost");
        let pod = deployment([app().startup(http).liveness(tcp)]);
        expect![[r#"
            app: the startup probe sets `host: example.com`: the kubelet asks that host, not the pod, so the answer says nothing about the pod
              at /spec/template/spec/containers/0/startupProbe/httpGet/host
              help: remove `host`; for a virtual host write `httpHeaders: [{ name: Host, value: … }]`
              fix: Remove { pointer: "/spec/template/spec/containers/0/startupProbe/httpGet/host" }
            app: the liveness probe sets `host: localhost`: the kubelet asks the node itself, not the pod, so the answer says nothing about the pod
              at /spec/template/spec/containers/0/livenessProbe/tcpSocket/host
              help: remove `host`
              fix: Remove { pointer: "/spec/template/spec/containers/0/livenessProbe/tcpSocket/host" }
        "#]].assert_eq(&shown(&found(&HOST_OVERRIDE, &pod)));
    }
}
