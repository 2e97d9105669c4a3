//! Native sidecars stop after the applications, one by one, the last one started first.

use crate::{GRACE, Stop, prestop::Bound, shutdown::Origin, timeline::Timeline};
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule};

pub(crate) const STARVED: Rule =
    Rule::new("sidecar-starved", Level::Warn, "a native sidecar is left less time than it declares");

/// The kubelet leaves every container that much.
const FLOOR: Duration = Duration::seconds(2);

pub(crate) fn check(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    // A hook that never ends is cut off with the grace period.
    let busy = |timeline: &Timeline<'_>| match timeline.prestop {
        Bound::Endless => stop.grace,
        _ => timeline.busy(),
    };
    let applications = stop.applications.iter().map(busy).max().unwrap_or_default();
    let mut before = Duration::ZERO;
    for timeline in stop.sidecars.iter().rev() {
        let Some(declared) = declared(timeline) else { continue };
        let left = stop.grace.saturating_sub(applications + before).max(FLOOR);
        if left < declared {
            let enough = (applications + before + declared).ceil_seconds();
            let message = format!(
                "this sidecar declares {declared} and is left {left} of {GRACE} {}s, after {applications} for the \
                 applications and {before} for the sidecars that stop before it",
                stop.grace_seconds(),
            );
            let finding = Finding::new(&STARVED, stop.grace_pointer(), message)
                .container(timeline.container)
                .help(format!("{GRACE}: {enough} or more"))
                .set(stop.grace_pointer(), enough);
            findings.push(finding);
        }
        before = before + declared;
    }
}

/// D + S + F of a sidecar that says so itself; a framework's default does not count.
fn declared(timeline: &Timeline<'_>) -> Option<Duration> {
    let is_declared = timeline.shutdown.known().is_some_and(|known| known.origin != Origin::Inferred);
    is_declared.then(|| timeline.drain.length + timeline.shutdown.length() + timeline.flush.length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Given, container, deployment, found, sidecar};

    fn with_proxies(grace: i64) -> Given {
        deployment(grace)
            .with(container("app").annotate("shutdown-timeout", "20s"))
            .with(sidecar("first").annotate("shutdown-timeout", "5s"))
            .with(sidecar("last").annotate("shutdown-timeout", "10s"))
    }

    #[test]
    fn the_last_one_started_stops_first_and_the_others_get_what_is_left() {
        let starved = |grace| -> Vec<_> {
            found(&with_proxies(grace).build(), &STARVED).into_iter().filter_map(|finding| finding.container).collect()
        };
        assert!(starved(35).is_empty());
        assert_eq!(starved(34), ["first"]);
        assert_eq!(starved(30), ["first"]);
        assert_eq!(starved(29), ["last", "first"]);
    }

    #[test]
    fn two_seconds_are_always_left_and_undeclared_sidecars_are_not_judged() {
        let brief = deployment(20)
            .with(container("app").annotate("shutdown-timeout", "20s"))
            .with(sidecar("brief").annotate("shutdown-timeout", "2s"))
            .with(sidecar("silent").image("cloud-sql-proxy:2.14.0"));
        assert_eq!(found(&brief.build(), &STARVED), []);
    }
}
