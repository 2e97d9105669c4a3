//! Rules about what is not declared.

use crate::{GRACE, Stop, prestop::Bound, shutdown::Shutdown};
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule};

pub(crate) const UNDECLARED: Rule =
    Rule::new("undeclared-shutdown-timeout", Level::Note, "nothing says how long the container needs to stop")
        .strict(Level::Warn)
        .escalated(Level::Warn, Level::Deny);
pub(crate) const IMPLICIT: Rule =
    Rule::new("implicit-grace-period", Level::Warn, "a worker with the default grace period of 30 seconds");

pub(crate) fn undeclared(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    for timeline in &stop.applications {
        let Shutdown::Unknown(unknown) = &timeline.shutdown else { continue };
        if timeline.container.only_waits() {
            continue;
        }
        let obstacle = unknown.obstacle.as_ref();
        let why = obstacle.map_or_else(|| "it is not declared".to_owned(), |obstacle| obstacle.why.clone());
        let checked = match timeline.prestop {
            _ if !stop.knows_grace() => format!("{GRACE} cannot be read either"),
            Bound::Endless => format!("the preStop hook uses up {GRACE} {}s in any case", stop.grace_seconds()),
            _ => {
                let least = timeline.least_spelled_out();
                format!("{GRACE} {}s was checked against a lower bound of {least}", stop.grace_seconds())
            }
        };
        let message = format!("the shutdown timeout is unknown: {why}; {checked}");
        let annotation = stop.workload.pod.annotation("plimsoll.dev/shutdown-timeout");
        let pointer = obstacle.and_then(|obstacle| obstacle.pointer.clone()).unwrap_or(annotation);
        let mut help = "declare it on the pod template, as in `plimsoll.dev/shutdown-timeout: 30s`".to_owned();
        if let Some(advice) = &unknown.advice {
            help += &format!(", or {advice}");
        }
        let finding = Finding::new(&UNDECLARED, pointer, message).container(timeline.container).help(help);
        let has_role = stop.contract.role(timeline.container).is_some();
        findings.push(if has_role { finding.escalated() } else { finding });
    }
}

/// One for the pod, whether 30 is written or not: the webhook cannot tell.
pub(crate) fn implicit(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    let worker = stop
        .applications
        .iter()
        .find(|timeline| stop.contract.role(timeline.container).is_some_and(|role| role.value == "worker"));
    let Some(worker) = worker.filter(|_| stop.grace == Duration::seconds(30)) else { return };
    let message = format!(
        "this worker has {GRACE} 30s, the default of every pod: it was not chosen for this worker's longest job"
    );
    let help = match &worker.shutdown {
        Shutdown::Known(_) => {
            let needed = worker.needed().ceil_seconds();
            let chosen = if needed == 30 { 31 } else { needed };
            format!("{GRACE}: {chosen}, what its contract adds up to, or more")
        }
        Shutdown::Unknown(_) => {
            format!("declare `plimsoll.dev/shutdown-timeout`, and set {GRACE} to what the sum comes to")
        }
    };
    findings.push(Finding::new(&IMPLICIT, stop.grace_pointer(), message).container(worker.container).help(help));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{container, deployment, found, messages};
    use expect_test::expect;

    #[test]
    fn an_unknown_timeout_is_said_and_weighs_more_with_a_role() {
        let silent = deployment(30).with(container("app"));
        let [finding] = &*found(&silent.build(), &UNDECLARED) else { panic!("one finding") };
        assert!(!finding.escalated);
        assert_eq!(finding.pointer, "/spec/template/metadata/annotations/plimsoll.dev~1shutdown-timeout");
        let [finding] = &*found(&silent.annotate("plimsoll.dev/role", "web").build(), &UNDECLARED) else {
            panic!("one finding")
        };
        assert!(finding.escalated);
    }

    #[test]
    fn what_only_waits_has_nothing_to_declare() {
        let waiting = deployment(30).with(container("app").command(&["sh", "-c", "sleep infinity"]));
        assert_eq!(found(&waiting.build(), &UNDECLARED), []);
    }

    #[test]
    fn says_what_stands_in_the_way() {
        for (variable, value, expected) in [
            (
                "SHUTDOWN_TIMEOUT",
                Some("30"),
                expect![
                    "the shutdown timeout is unknown: `SHUTDOWN_TIMEOUT` is `30`: unit unknown; terminationGracePeriodSeconds 30s was checked against a lower bound of 1s = preStop 0s + drain delay 0s + flush 0s + 1s for the shutdown itself"
                ],
            ),
            (
                "DOTNET_SHUTDOWNTIMEOUTSECONDS",
                None,
                expect![
                    "the shutdown timeout is unknown: `DOTNET_SHUTDOWNTIMEOUTSECONDS` comes from `valueFrom`; terminationGracePeriodSeconds 30s was checked against a lower bound of 1s = preStop 0s + drain delay 0s + flush 0s + 1s for the shutdown itself"
                ],
            ),
        ] {
            let app = match value {
                Some(value) => container("app").env(variable, value),
                None => container("app").env_from_elsewhere(variable),
            };
            let workload = deployment(30).with(app).build();
            expected.assert_eq(&messages(&workload, &UNDECLARED));
            let pointer = &found(&workload, &UNDECLARED)[0].pointer;
            assert!(pointer.starts_with("/spec/template/spec/containers/0/env/0/value"), "{pointer}");
        }
    }

    #[test]
    fn a_workers_grace_of_30_is_reported_and_only_a_workers() {
        let worker = |grace| deployment(grace).with(container("app")).annotate("plimsoll.dev/role", "worker");
        assert_eq!(found(&worker(30).build(), &IMPLICIT).len(), 1);
        assert_eq!(found(&worker(29).build(), &IMPLICIT), []);
        assert_eq!(found(&worker(31).build(), &IMPLICIT), []);
        let web = deployment(30).with(container("app")).annotate("plimsoll.dev/role", "web").build();
        assert_eq!(found(&web, &IMPLICIT), []);
    }
}
