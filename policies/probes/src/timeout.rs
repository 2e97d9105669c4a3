//! Timeouts that are longer than the period, or too tight for the CPU that the process gets.

use crate::{
    kind,
    windows::{Windows, threshold_for_silence},
};
use plimsoll_policy::{
    Duration, Finding, Findings, Level, Rule,
    workload::{Container, Handler, PodTemplate},
};

pub(crate) const OVER_PERIOD: Rule = Rule::new(
    "probe-timeout-over-period",
    Level::Warn,
    "a probe may take longer than its period, which then is not its period",
);

pub(crate) const TIGHT: Rule = Rule::new(
    "tight-probe-timeout",
    Level::Warn,
    "liveness must be answered within 1 s by a process that is throttled below one core",
);

const ONE_CORE_MILLIS: i64 = 1000;

/// A liveness probe that takes this long to kill outlasts the usual throttling.
const LONG_SILENCE: Duration = Duration::seconds(30);

pub(crate) fn check(pod: &PodTemplate, container: &Container, findings: &mut Findings<'_>) {
    over_period(container, findings);
    tight(pod, container, findings);
}

fn over_period(container: &Container, findings: &mut Findings<'_>) {
    for (kind, probe) in kind::steady(container) {
        let (period, timeout) = (probe.period_seconds, probe.timeout_seconds);
        if timeout <= period {
            continue;
        }
        let message = format!(
            "the {} probe has a timeout of {timeout}s and a period of {period}s: while there is no answer the kubelet asks only \
             every {timeout}s, and takes {} to notice",
            kind.name(),
            Windows::of(probe).silent
        );
        let help = format!("write `timeoutSeconds: {period}` or less, or `periodSeconds: {timeout}`");
        let finding = Finding::new(&OVER_PERIOD, probe.field("timeoutSeconds"), message);
        // It is asked as often only while it does not answer: failures that are answered are noticed later than now.
        let finding = finding.help(help).set(probe.field("periodSeconds"), timeout).unsafe_fix();
        findings.push(finding.container(container));
    }
}

fn tight(pod: &PodTemplate, container: &Container, findings: &mut Findings<'_>) {
    let Some(liveness) = &container.liveness else { return };
    let of_container = container.cpu_limit_millis.map(|limit| ("the CPU limit", limit));
    let of_pod = pod.cpu_limit_millis.map(|limit| ("the CPU limit of the pod", limit));
    let Some((whose, limit)) = of_container.or(of_pod) else { return };
    // The kernel accepts a TCP connection, however throttled the process is.
    let needs_cpu = matches!(liveness.handler, Handler::Http(_) | Handler::Grpc { .. } | Handler::Exec { .. });
    let windows = Windows::of(liveness);
    let is_tight = liveness.timeout_seconds <= 1 && windows.silent < LONG_SILENCE;
    if !needs_cpu || !is_tight || limit >= ONE_CORE_MILLIS {
        return;
    }
    let message = format!(
        "liveness allows 1s for an answer and {whose} is {limit}m: a throttled process misses that although it lives, \
         and is killed after {}",
        windows.of_silence()
    );
    let enough = threshold_for_silence(liveness, LONG_SILENCE);
    let help = format!("write `timeoutSeconds: 5` (and no shorter period), or `failureThreshold: {enough}`");
    let finding = Finding::new(&TIGHT, liveness.field("timeoutSeconds"), message);
    findings.push(finding.help(help).set(liveness.field("failureThreshold"), enough).container(container));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ContainerExt, ProbeExt, container, deployment, exec, fires, found, grpc, http, shown, tcp};
    use expect_test::expect;
    use plimsoll_policy::workload::{Class, Probe};

    fn probe() -> Probe {
        http("/livez", 8080)
    }

    #[test]
    fn a_look_must_end_before_the_next_is_due() {
        for (period, timeout, over) in [(10, 1, false), (5, 5, false), (5, 6, true)] {
            let probe = probe().period(period).timeout(timeout);
            assert_eq!(fires(&OVER_PERIOD, container("app").liveness(probe.clone())), over, "{period} {timeout}");
            assert_eq!(fires(&OVER_PERIOD, container("app").readiness(probe.clone())), over, "{period} {timeout}");
            assert!(!fires(&OVER_PERIOD, container("app").startup(probe)), "{period} {timeout}");
        }
        assert!(fires(&OVER_PERIOD, container("mesh").class(Class::Sidecar).liveness(probe().timeout(11))));
    }

    fn limited(probe: Probe, limit: Option<i64>) -> Container {
        Container { cpu_limit_millis: limit, ..container("app").liveness(probe) }
    }

    #[test]
    fn one_second_is_tight_below_one_core() {
        for (probe, limit, tight) in [
            (probe(), Some(999), true),
            (probe(), Some(1000), false),
            (probe(), None, false),
            (probe().timeout(2), Some(100), false),
            (probe().threshold(4), Some(100), false),
            // 29 s, then 31 s.
            (probe().period(14), Some(100), true),
            (probe().period(15), Some(100), false),
            (grpc(1, ""), Some(100), true),
            (exec("check"), Some(100), true),
            (tcp(1), Some(100), false),
        ] {
            assert_eq!(fires(&TIGHT, limited(probe.clone(), limit)), tight, "{limit:?} {probe:?}");
        }
        let readiness = Container { cpu_limit_millis: Some(100), ..container("app").readiness(probe()) };
        assert!(!fires(&TIGHT, readiness));
    }

    #[test]
    fn the_limit_of_the_pod_counts_where_the_container_has_none() {
        for (of_container, of_pod, tight) in [
            (None, Some(200), true),
            (None, Some(1000), false),
            (Some(2000), Some(200), false),
            (Some(200), Some(2000), true),
        ] {
            let mut pod = deployment([limited(probe(), of_container)]);
            pod.pod.cpu_limit_millis = of_pod;
            assert_eq!(found(&TIGHT, &pod).len(), usize::from(tight), "{of_container:?} {of_pod:?}");
        }
    }

    #[test]
    fn says_the_numbers_and_what_to_write() {
        let mut of_pod = deployment([limited(probe().period(5), None)]);
        of_pod.pod.cpu_limit_millis = Some(500);
        let all = [
            found(&OVER_PERIOD, &deployment([container("app").liveness(probe().period(5).timeout(10))])),
            found(&TIGHT, &deployment([limited(probe(), Some(250))])),
            found(&TIGHT, &of_pod),
        ];
        expect![[r#"
            app: the liveness probe has a timeout of 10s and a period of 5s: while there is no answer the kubelet asks only every 10s, and takes 30s to notice
              at /spec/template/spec/containers/0/livenessProbe/timeoutSeconds
              help: write `timeoutSeconds: 5` or less, or `periodSeconds: 10`
              fix: Add { pointer: "/spec/template/spec/containers/0/livenessProbe/periodSeconds", value: "10" }
            app: liveness allows 1s for an answer and the CPU limit is 250m: a throttled process misses that although it lives, and is killed after 21s of silence (a failing start: 20s)
              at /spec/template/spec/containers/0/livenessProbe/timeoutSeconds
              help: write `timeoutSeconds: 5` (and no shorter period), or `failureThreshold: 4`
              fix: Add { pointer: "/spec/template/spec/containers/0/livenessProbe/failureThreshold", value: "4" }
            app: liveness allows 1s for an answer and the CPU limit of the pod is 500m: a throttled process misses that although it lives, and is killed after 11s of silence (a failing start: 10s)
              at /spec/template/spec/containers/0/livenessProbe/timeoutSeconds
              help: write `timeoutSeconds: 5` (and no shorter period), or `failureThreshold: 7`
              fix: Add { pointer: "/spec/template/spec/containers/0/livenessProbe/failureThreshold", value: "7" }
        "#]].assert_eq(&shown(&all.concat()));
    }
}
