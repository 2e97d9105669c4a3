//! Liveness and readiness that ask the same thing: then a process that should only lose its traffic loses its life.

use crate::{
    kind,
    windows::{Windows, threshold_for_silence},
};
use plimsoll_policy::{
    Duration, Finding, Findings, Level, Rule,
    workload::{Container, Handler, HttpGet, Port},
};

pub(crate) const SAME_ENDPOINT: Rule =
    Rule::new("same-probe-endpoint", Level::Warn, "liveness asks what readiness asks, and is not clearly more patient")
        .strict(Level::Deny);

pub(crate) const LIVENESS_FIRST: Rule = Rule::new(
    "liveness-before-readiness",
    Level::Deny,
    "liveness asks what readiness asks, and kills before readiness takes the pod out",
);

pub(crate) fn check(container: &Container, findings: &mut Findings<'_>) {
    let (Some(liveness), Some(readiness)) = (&container.liveness, &container.readiness) else { return };
    let (live, ready) = (Windows::of(liveness), Windows::of(readiness));
    let patient = patience(ready.silent);
    if live.silent >= patient || !same_handler(container, &liveness.handler, &readiness.handler) {
        return;
    }

    let both = format!(
        "liveness kills after {}, readiness takes the pod out after {} of silence",
        live.of_silence(),
        ready.silent
    );
    let enough = threshold_for_silence(liveness, patient);
    let threshold = liveness.field("failureThreshold");
    // A port that accepts connections is all that tcpSocket can ask for, so there is no other endpoint to ask.
    if !matches!(liveness.handler, Handler::Tcp { .. }) {
        let message = format!("liveness and readiness ask the same endpoint: {both}");
        let help = format!(
            "give liveness an endpoint that answers 200 as long as the process can answer, or write \
             `failureThreshold: {enough}` for it: one and a half times the silence that readiness allows"
        );
        let field = liveness.field(kind::handler_field(&liveness.handler));
        let finding = Finding::new(&SAME_ENDPOINT, field, message).help(help).set(threshold.clone(), enough);
        findings.push(finding.container(container));
    }
    if live.silent < ready.silent {
        let message = format!("the process is killed before it is ever taken out: {both}");
        let help = format!(
            "write `failureThreshold: {enough}` for liveness: one and a half times the silence that readiness allows"
        );
        let finding = Finding::new(&LIVENESS_FIRST, threshold.clone(), message).help(help).set(threshold, enough);
        findings.push(finding.container(container));
    }
}

/// What liveness must wait for where it asks the same as readiness: one and a half times the silence, so that the pod
/// is out of its Services for some time before the process is killed.
fn patience(readiness: Duration) -> Duration {
    Duration::millis(readiness.as_millis().saturating_mul(3).div_ceil(2))
}

fn same_handler(container: &Container, one: &Handler, other: &Handler) -> bool {
    let same_port = |a: &Port, b: &Port| same_port(container, a, b);
    match (one, other) {
        (Handler::Http(a), Handler::Http(b)) => same_port(&a.port, &b.port) && same_request(a, b),
        (Handler::Tcp { port: a, host: x }, Handler::Tcp { port: b, host: y }) => same_port(a, b) && host(x) == host(y),
        (Handler::Grpc { port: a, service: x }, Handler::Grpc { port: b, service: y }) => a == b && x == y,
        (Handler::Exec { command: a }, Handler::Exec { command: b }) => a == b,
        _ => false,
    }
}

/// A named port and its number are the same port.
pub(crate) fn same_port(container: &Container, one: &Port, other: &Port) -> bool {
    let number = container.port_number(one);
    one == other || (number.is_some() && number == container.port_number(other))
}

/// The kubelet puts the slash before a path that has none.
pub(crate) fn same_path(one: &str, other: &str) -> bool {
    one.strip_prefix('/').unwrap_or(one) == other.strip_prefix('/').unwrap_or(other)
}

fn same_request(one: &HttpGet, other: &HttpGet) -> bool {
    same_path(&one.path, &other.path)
        && one.scheme == other.scheme
        && host(&one.host) == host(&other.host)
        && one.headers.len() == other.headers.len()
        && one.headers.iter().all(|a| other.headers.iter().any(|b| same_header(a, b)))
}

fn same_header((name, value): &(String, String), (other_name, other_value): &(String, String)) -> bool {
    name.eq_ignore_ascii_case(other_name) && value == other_value
}

/// An empty host is the pod.
pub(crate) fn host(host: &Option<String>) -> Option<&str> {
    host.as_deref().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        ContainerExt, ProbeExt, container, deployment, exec, fires, found, get, grpc, http, probe, shown, tcp,
    };
    use expect_test::expect;
    use plimsoll_policy::workload::Probe;

    fn pair(liveness: Probe, readiness: Probe) -> Container {
        container("app").port("http", 8080).port("admin", 9090).liveness(liveness).readiness(readiness)
    }

    fn with(change: impl FnOnce(&mut HttpGet)) -> Probe {
        let mut get = get("/health", 8080);
        change(&mut get);
        probe(Handler::Http(get))
    }

    #[test]
    fn the_same_endpoint_is_what_the_kubelet_takes_for_the_same() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let plain = || http("/health", 8080);
        for (liveness, readiness, same) in [
            (plain(), plain(), true),
            (plain(), http("/health", "http"), true),
            (plain(), http("health", 8080), true),
            (plain(), http("/health/", 8080), false),
            (plain(), http("/health?full", 8080), false),
            (plain(), http("/health", "admin"), false),
            (plain(), http("/health", 9090), false),
            (http("/health", "gone"), http("/health", "gone"), true),
            (http("/health", "gone"), http("/health", "lost"), false),
            (plain(), with(|get| get.scheme = "HTTPS".to_owned()), false),
            (plain(), with(|get| get.host = Some("other".to_owned())), false),
            (plain(), with(|get| get.host = Some(String::new())), true),
            (plain(), with(|get| get.headers = vec![header("X-Probe", "ready")]), false),
            (
                with(|get| get.headers = vec![header("A", "1"), header("b", "2")]),
                with(|get| get.headers = vec![header("B", "2"), header("a", "1")]),
                true,
            ),
            (grpc(50051, ""), grpc(50051, ""), true),
            (grpc(50051, "live"), grpc(50051, "ready"), false),
            (exec("check me"), exec("check me"), true),
            (exec("check me"), exec("check you"), false),
            (exec("check"), plain(), false),
            (tcp(8080), tcp("http"), false),
        ] {
            assert_eq!(
                fires(&SAME_ENDPOINT, pair(liveness.clone(), readiness.clone())),
                same,
                "{liveness:?} {readiness:?}"
            );
        }
    }

    #[test]
    fn half_as_much_patience_again_makes_the_same_endpoint_sound() {
        let health = || http("/health", 8080);
        for (liveness, same, first) in [
            (health().threshold(2), true, true),
            (health(), true, false),
            // 31 s against 31.5 s, then 32 s.
            (health().threshold(4), true, false),
            (health().threshold(4).timeout(2), false, false),
            // The usual advice: 5 failures against 3, and twice the period.
            (health().threshold(5), false, false),
            (health().period(20), false, false),
        ] {
            let fired = [&SAME_ENDPOINT, &LIVENESS_FIRST].map(|rule| fires(rule, pair(liveness.clone(), health())));
            assert_eq!(fired, [same, first], "{liveness:?}");
        }
    }

    #[test]
    fn liveness_on_the_same_port_must_not_kill_before_readiness() {
        assert!(fires(&LIVENESS_FIRST, pair(tcp(8080).threshold(2), tcp("http"))));
        assert!(!fires(&LIVENESS_FIRST, pair(tcp(8080), tcp("http"))));
        assert!(!fires(&LIVENESS_FIRST, pair(http("/livez", 8080).threshold(2), http("/readyz", 8080))));
    }

    #[test]
    fn says_all_windows_and_what_to_write() {
        let pod = deployment([pair(http("/health", 8080).threshold(2), http("/health", "http"))]);
        let all = [found(&SAME_ENDPOINT, &pod), found(&LIVENESS_FIRST, &pod)];
        expect![[r#"
            app: liveness and readiness ask the same endpoint: liveness kills after 11s of silence (a failing start: 10s), readiness takes the pod out after 21s of silence
              at /spec/template/spec/containers/0/livenessProbe/httpGet
              help: give liveness an endpoint that answers 200 as long as the process can answer, or write `failureThreshold: 5` for it: one and a half times the silence that readiness allows
              fix: Add { pointer: "/spec/template/spec/containers/0/livenessProbe/failureThreshold", value: "5" }
            app: the process is killed before it is ever taken out: liveness kills after 11s of silence (a failing start: 10s), readiness takes the pod out after 21s of silence
              at /spec/template/spec/containers/0/livenessProbe/failureThreshold
              help: write `failureThreshold: 5` for liveness: one and a half times the silence that readiness allows
              fix: Add { pointer: "/spec/template/spec/containers/0/livenessProbe/failureThreshold", value: "5" }
        "#]].assert_eq(&shown(&all.concat()));
    }
}
