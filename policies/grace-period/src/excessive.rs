//! A grace period that keeps nodes from being drained.

use crate::{GRACE, Stop, shutdown::Origin, timeline::Timeline};
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule, workload::Handler};

pub(crate) const EXCESSIVE: Rule =
    Rule::new("excessive-grace", Level::Warn, "a grace period over 600 seconds that nothing asks for");

/// What the cluster autoscaler waits for at most by default (`--max-graceful-termination-sec`).
const LONGEST: Duration = Duration::seconds(600);

pub(crate) fn check(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    if stop.grace <= LONGEST || needed(stop) > LONGEST || has_long_hook(stop) {
        return;
    }
    let message = format!(
        "{GRACE} {}s: the cluster autoscaler waits {LONGEST} at most by default, and nothing in the contract asks for \
         more",
        stop.grace_seconds(),
    );
    let help =
        format!("{GRACE}: 600 or less; or declare what takes so long, as in `plimsoll.dev/shutdown-timeout: 15m`");
    findings.push(Finding::new(&EXCESSIVE, stop.grace_pointer(), message).help(help));
}

/// What the applications and then the declared sidecars need.
fn needed(stop: &Stop<'_>) -> Duration {
    let applications = stop.applications.iter().map(Timeline::needed).max().unwrap_or_default();
    let is_declared =
        |timeline: &&Timeline<'_>| timeline.shutdown.known().is_some_and(|known| known.origin != Origin::Inferred);
    let sidecars: Duration = stop.sidecars.iter().filter(is_declared).map(Timeline::busy).sum();
    applications + sidecars
}

fn has_long_hook(stop: &Stop<'_>) -> bool {
    stop.long_running().any(|timeline| {
        let hook = timeline.container.pre_stop.as_ref();
        hook.is_some_and(|hook| matches!(hook.handler, Handler::Exec { .. } | Handler::Http(_)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{container, deployment, found};

    #[test]
    fn more_than_600_seconds_need_a_reason() {
        let app = || container("app");
        assert_eq!(found(&deployment(600).with(app()).build(), &EXCESSIVE), []);
        assert_eq!(found(&deployment(601).with(app()).build(), &EXCESSIVE).len(), 1);

        let declared = |timeout| deployment(900).with(app()).annotate("plimsoll.dev/shutdown-timeout", timeout).build();
        assert_eq!(found(&declared("595s"), &EXCESSIVE).len(), 1);
        assert_eq!(found(&declared("596s"), &EXCESSIVE), []);

        let hook = Handler::Exec { command: vec!["/drain".to_owned()] };
        assert_eq!(found(&deployment(900).with(app().pre_stop(hook)).build(), &EXCESSIVE), []);
        let sleep = Handler::Sleep { seconds: 5 };
        assert_eq!(found(&deployment(900).with(app().pre_stop(sleep)).build(), &EXCESSIVE).len(), 1);
    }
}
