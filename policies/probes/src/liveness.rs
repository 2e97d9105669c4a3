//! What liveness kills for: pauses that the process may take, and faults that are not its own.

use crate::{
    Probes, client, kind,
    windows::{Windows, threshold_for_silence},
};
use plimsoll_policy::{
    Duration, Finding, Findings, Level, Rule,
    contract::{Contract, Key},
    workload::{Container, Handler, Probe},
};

pub(crate) const KILLS_STALLS: Rule =
    Rule::new("liveness-kills-stalls", Level::Deny, "liveness kills a process for a pause that it may take");

pub(crate) const DEPENDENCY: Rule =
    Rule::new("dependency-in-liveness", Level::Warn, "liveness asks for more than whether the process can answer");

/// Words of a path, in lower case, that say that it is not about being alive.
const NOT_LIVENESS: [(&str, &str); 5] = [
    ("ready", "readiness, which may depend on other systems"),
    ("readyz", "readiness, which may depend on other systems"),
    ("readiness", "readiness, which may depend on other systems"),
    ("metrics", "metrics, which are slow when the process is busy"),
    ("jwks", "signing keys, which may be fetched from another system"),
];

pub(crate) fn check(settings: &Probes, container: &Container, contract: &Contract, findings: &mut Findings<'_>) {
    let Some(liveness) = &container.liveness else { return };
    kills_stalls(settings, liveness, container, contract, findings);
    dependency(liveness, container, findings);
}

/// A stall as long as the silent window is a race that the process may lose, so equality is too short.
fn kills_stalls(
    settings: &Probes,
    liveness: &Probe,
    container: &Container,
    contract: &Contract,
    findings: &mut Findings<'_>,
) {
    let windows = Windows::of(liveness);
    let (stall, source) = match contract.duration(Key::LivenessStall, container) {
        Some(declared) => (declared.value, format!("that `{}` allows", declared.annotation)),
        None => (settings.min_liveness_window, "that a busy node or a garbage collection may take".to_owned()),
    };
    if windows.silent > stall {
        return;
    }
    let message = format!("liveness kills after {}: it must outlast the {stall} {source}", windows.of_silence());
    let enough = threshold_for_silence(liveness, stall + Duration::millis(1));
    let field = liveness.field("failureThreshold");
    findings.push(
        Finding::new(&KILLS_STALLS, field.clone(), message)
            .help(format!("write `failureThreshold: {enough}`"))
            .set(field, enough)
            .container(container),
    );
}

fn dependency(liveness: &Probe, container: &Container, findings: &mut Findings<'_>) {
    let (field, what) = match &liveness.handler {
        Handler::Http(get) => {
            let Some(what) = words(&get.path).find_map(not_liveness) else { return };
            ("httpGet/path", format!("asks {} for {what}", get.path))
        }
        _ => {
            let Some(client) = client::foreign(kind::command(liveness), &container.image) else { return };
            ("exec/command", format!("asks another system, with `{client}`"))
        }
    };
    let message = format!("liveness {what}: when that fails, every replica is restarted for it, at the same time");
    let help = "ask an endpoint that answers 200 as long as the process can answer, such as /livez, and leave the \
                rest to readiness";
    findings.push(Finding::new(&DEPENDENCY, liveness.field(field), message).help(help).container(container));
}

fn not_liveness(word: &str) -> Option<&'static str> {
    NOT_LIVENESS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known)).map(|(_, what)| *what)
}

/// The words of a path: what stands between its separators, and the parts of `isReady`. The query is no part of it.
fn words(path: &str) -> impl Iterator<Item = &str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split(|c: char| !c.is_ascii_alphanumeric()).flat_map(humps)
}

/// Splits `isReady` into `is` and `Ready`, and leaves `READY` as it is.
fn humps(word: &str) -> impl Iterator<Item = &str> {
    let bytes = word.as_bytes();
    let is_start = |at: &usize| bytes[*at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase();
    let mut ends: Vec<usize> = (1..word.len()).filter(is_start).collect();
    ends.push(word.len());
    let mut start = 0;
    ends.into_iter().map(move |end| &word[std::mem::replace(&mut start, end)..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        ContainerExt, ProbeExt, container, declaring, deployment, exec, fires, found, grpc, http, shown, tcp,
    };
    use expect_test::expect;
    use plimsoll_policy::workload::Class;

    fn live(probe: Probe) -> Container {
        container("app").liveness(probe)
    }

    fn probe() -> Probe {
        http("/livez", 8080)
    }

    #[test]
    fn ten_seconds_of_silence_must_be_survived() {
        for (liveness, kills) in [
            (probe(), false),
            (probe().threshold(1).timeout(10), true),
            (probe().threshold(1).timeout(11), false),
            (probe().period(3), true),
            (probe().period(9).threshold(2), true),
            (probe().period(10).threshold(2), false),
            (probe().period(1).timeout(5).threshold(2), true),
            (probe().period(1).timeout(4).threshold(3), false),
            (tcp(80).period(3), true),
        ] {
            assert_eq!(fires(&KILLS_STALLS, live(liveness.clone())), kills, "{liveness:?}");
        }
        assert!(!fires(&KILLS_STALLS, container("app").readiness(probe().period(1)).startup(probe().period(1))));
    }

    #[test]
    fn a_declared_stall_takes_the_place_of_the_setting() {
        for (liveness, stall, kills) in [
            (probe(), "20.999s", false),
            (probe(), "21s", true),
            (probe(), "30s", true),
            (probe().period(1).threshold(3), "2s", false),
            (probe().period(1).threshold(3), "3s", true),
        ] {
            let pod = declaring(deployment([live(liveness)]), [("liveness-stall", stall)]);
            assert_eq!(found(&KILLS_STALLS, &pod).len(), usize::from(kills), "{stall}");
        }
    }

    #[test]
    fn sidecars_that_have_liveness_are_judged() {
        assert!(fires(&KILLS_STALLS, live(probe().period(1)).class(Class::Sidecar)));
        assert!(fires(&DEPENDENCY, live(http("/readyz", 80)).class(Class::Sidecar)));
        assert!(!fires(&KILLS_STALLS, live(probe().period(1)).class(Class::Init)));
    }

    #[test]
    fn liveness_asks_about_nothing_but_life() {
        for (liveness, depends) in [
            (http("/livez", 80), false),
            (http("/healthz", 80), false),
            (http("/readyz", 80), true),
            (http("/health/Readiness", 80), true),
            (http("/metrics", 80), true),
            (http("/.well-known/jwks.json", 80), true),
            (http("/health/isReady", 80), true),
            (http("/app-ready_state", 80), true),
            (http("/READY", 80), true),
            (http("/actuator/health/readinessState", 80), true),
            // Parts of words, and the query.
            (http("/already-running", 80), false),
            (http("/readyState2", 80), true),
            (http("/thready", 80), false),
            (http("/readme", 80), false),
            (http("/metricsserver", 80), false),
            (http("/livez?exclude=ready", 80), false),
            (http("/live#ready", 80), false),
            (exec("pg_isready -h db"), true),
            (exec("sh -c redis-cli -h cache ping | grep PONG"), true),
            (exec("cat /tmp/healthy"), false),
            (exec("cat /tmp/ready"), false),
            (tcp(5432), false),
            (grpc(50051, "readiness"), false),
        ] {
            assert_eq!(fires(&DEPENDENCY, live(liveness.clone())), depends, "{:?}", liveness.handler);
        }
        assert!(!fires(&DEPENDENCY, container("app").readiness(http("/readyz", 80))));
    }

    #[test]
    fn a_database_may_ask_itself() {
        let database =
            Container { image: "docker.io/bitnami/postgresql:16.4.0".to_owned(), ..live(exec("pg_isready")) };
        assert!(!fires(&DEPENDENCY, database));
    }

    #[test]
    fn says_the_windows_and_what_to_write() {
        let pod = |probe| deployment([live(probe)]);
        let all = [
            found(&KILLS_STALLS, &pod(probe().period(3))),
            found(&KILLS_STALLS, &declaring(pod(probe()), [("liveness-stall", "45s")])),
            found(&DEPENDENCY, &pod(http("/health/ready", 80))),
            found(&DEPENDENCY, &pod(exec("sh -c /usr/bin/mysqladmin ping"))),
        ];
        expect![[r#"
            app: liveness kills after 7s of silence (a failing start: 6s): it must outlast the 10s that a busy node or a garbage collection may take
              at /spec/template/spec/containers/0/livenessProbe/failureThreshold
              help: write `failureThreshold: 5`
              fix: Add { pointer: "/spec/template/spec/containers/0/livenessProbe/failureThreshold", value: "5" }
            app: liveness kills after 21s of silence (a failing start: 20s): it must outlast the 45s that `plimsoll.dev/liveness-stall` allows
              at /spec/template/spec/containers/0/livenessProbe/failureThreshold
              help: write `failureThreshold: 6`
              fix: Add { pointer: "/spec/template/spec/containers/0/livenessProbe/failureThreshold", value: "6" }
            app: liveness asks /health/ready for readiness, which may depend on other systems: when that fails, every replica is restarted for it, at the same time
              at /spec/template/spec/containers/0/livenessProbe/httpGet/path
              help: ask an endpoint that answers 200 as long as the process can answer, such as /livez, and leave the rest to readiness
            app: liveness asks another system, with `mysqladmin`: when that fails, every replica is restarted for it, at the same time
              at /spec/template/spec/containers/0/livenessProbe/exec/command
              help: ask an endpoint that answers 200 as long as the process can answer, such as /livez, and leave the rest to readiness
        "#]].assert_eq(&shown(&all.concat()));
    }
}
