//! Probes that start a program for every look.

use crate::{command, kind};
use plimsoll_policy::{
    Finding, Findings, Level, Rule,
    workload::{Container, Handler},
};

pub(crate) const OVERHEAD: Rule = Rule::new(
    "exec-probe-overhead",
    Level::Warn,
    "an exec probe starts a process in the container more often than every 10 s",
);

pub(crate) const TIMEOUT: Rule = Rule::new(
    "exec-probe-timeout",
    Level::Warn,
    "an exec probe gives a shell or a client program 1 s to start, ask and end",
);

const SHORT_PERIOD_SECONDS: i64 = 10;

pub(crate) fn check(container: &Container, findings: &mut Findings<'_>) {
    for (kind, probe) in kind::steady(container) {
        let Handler::Exec { command } = &probe.handler else { continue };
        let (name, period) = (kind.name(), probe.period_seconds);
        if period < SHORT_PERIOD_SECONDS {
            let message = format!(
                "the {name} probe starts a process every {period}s: each costs the node and the container CPU and \
                 counts against their limits on processes"
            );
            let help = "write `periodSeconds: 10` or more, or ask by httpGet or grpc";
            let finding = Finding::new(&OVERHEAD, probe.field("periodSeconds"), message);
            findings.push(finding.help(help).container(container));
        }
        if probe.timeout_seconds > 1 {
            continue;
        }
        if let Some(program) = command::slow_program(command) {
            let message = format!(
                "the {name} probe has 1s to start `{program}`, ask and end: on a busy node the start alone takes \
                 that long"
            );
            let help = "write `timeoutSeconds: 5` (and no shorter period), or ask by httpGet or grpc";
            let finding = Finding::new(&TIMEOUT, probe.field("timeoutSeconds"), message);
            findings.push(finding.help(help).container(container));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ContainerExt, ProbeExt, container, deployment, exec, fires, found, http, shown};
    use expect_test::expect;

    #[test]
    fn a_process_is_not_started_more_often_than_every_ten_seconds() {
        for (period, often) in [(1, true), (9, true), (10, false)] {
            let probe = exec("/bin/check").period(period);
            assert_eq!(fires(&OVERHEAD, container("app").liveness(probe.clone())), often, "{period}");
            assert_eq!(fires(&OVERHEAD, container("app").readiness(probe.clone())), often, "{period}");
            assert!(!fires(&OVERHEAD, container("app").startup(probe)), "{period}");
        }
        assert!(!fires(&OVERHEAD, container("app").liveness(http("/livez", 1).period(1))));
    }

    #[test]
    fn a_shell_or_a_client_gets_more_than_a_second() {
        for (probe, short) in [
            (exec("sh -c check"), true),
            (exec("/usr/bin/curl -f localhost"), true),
            (exec("curl -f localhost").timeout(2), false),
            (exec("/bin/grpc_health_probe -addr=:1"), true),
            (exec("powershell.exe -Command check"), true),
            (exec("cmd /c check"), true),
            (exec("C:\\app\\check.exe"), false),
            (exec("cat /tmp/healthy"), false),
        ] {
            assert_eq!(fires(&TIMEOUT, container("app").liveness(probe.clone())), short, "{probe:?}");
            assert_eq!(fires(&TIMEOUT, container("app").readiness(probe.clone())), short, "{probe:?}");
            assert!(!fires(&TIMEOUT, container("app").startup(probe.clone())), "{probe:?}");
        }
    }

    #[test]
    fn says_what_is_started_and_what_to_write() {
        let pod = deployment([container("app").liveness(exec("bash -c rabbitmqctl status").period(5))]);
        let all = [found(&OVERHEAD, &pod), found(&TIMEOUT, &pod)];
        expect![[r#"
            app: the liveness probe starts a process every 5s: each costs the node and the container CPU and counts against their limits on processes
              at /spec/template/spec/containers/0/livenessProbe/periodSeconds
              help: write `periodSeconds: 10` or more, or ask by httpGet or grpc
            app: the liveness probe has 1s to start `bash`, ask and end: on a busy node the start alone takes that long
              at /spec/template/spec/containers/0/livenessProbe/timeoutSeconds
              help: write `timeoutSeconds: 5` (and no shorter period), or ask by httpGet or grpc
        "#]].assert_eq(&shown(&all.concat()));
    }
}
