//! A probe's own grace period, which takes the pod's place when that probe kills the container.

use crate::{GRACE, Stop, timeline::Timeline};
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule, workload::Probe};

pub(crate) const CONFLICT: Rule =
    Rule::new("probe-grace-conflict", Level::Deny, "a probe's own grace period contradicts the pod's")
        .escalated(Level::Warn, Level::Warn);

pub(crate) fn check(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    for timeline in stop.long_running() {
        let container = timeline.container;
        for (name, probe) in [("liveness", &container.liveness), ("startup", &container.startup)] {
            if let Some(finding) = probe.as_ref().and_then(|probe| judge(stop, timeline, name, probe)) {
                findings.push(finding.container(container));
            }
        }
    }
}

fn judge(stop: &Stop<'_>, timeline: &Timeline<'_>, name: &str, probe: &Probe) -> Option<Finding> {
    let seconds = probe.grace_period_seconds?;
    let own = Duration::seconds(seconds);
    let pointer = probe.field(GRACE);
    if own > stop.grace {
        let message = format!(
            "the {name} probe's own {GRACE} {seconds}s is more than the pod's {}s: a hung container would get longer \
             than a healthy one",
            stop.grace_seconds(),
        );
        let help = format!("{GRACE}: {} or less, or nothing at all", stop.grace_seconds());
        return Some(Finding::new(&CONFLICT, &*pointer, message).help(help).remove(pointer));
    }
    let known = timeline.shutdown.known().filter(|known| own < known.length)?;
    let message = format!(
        "the {name} probe's own {GRACE} {seconds}s is less than the shutdown timeout {} ({}): what still works when \
         the probe gives up is cut off early",
        known.length, known.source,
    );
    let help = format!("{GRACE}: {} or more, or nothing at all", known.length.ceil_seconds());
    Some(Finding::new(&CONFLICT, pointer, message).help(help).escalated())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{container, deployment, found};

    #[test]
    fn denies_more_than_the_pods_and_warns_of_less_than_the_shutdown_timeout() {
        for (own, expected) in [(41, Some(false)), (40, None), (20, None), (19, Some(true))] {
            let app = container("app").liveness_grace(own).annotate("shutdown-timeout", "20s");
            let found = found(&deployment(40).with(app).build(), &CONFLICT);
            let second: Option<bool> = found.first().map(|finding| finding.escalated);
            assert_eq!(second, expected, "{own}");
        }
    }
}
