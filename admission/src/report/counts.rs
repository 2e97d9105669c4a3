//! Counts and times in words, as every format for people says them.

use crate::finding::{Audited, Report, Summary, Tally};
use std::time::Duration;

/// `1 error, 2 deny, 1 excepted`; or `clean`, or `nothing judged`.
pub(super) fn found(report: &Report) -> String {
    let Tally { deny, warn, note, excepted, baselined } = report.tally();
    let found: Vec<String> = [
        (report.problems.len(), if report.problems.len() == 1 { "error" } else { "errors" }),
        (deny, "deny"),
        (warn, "warn"),
        (note, "note"),
        (excepted, "excepted"),
        (baselined, "in the baseline"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, name)| format!("{count} {name}"))
    .collect();
    match (found.is_empty(), report.summary.workloads) {
        (true, 0) => "nothing judged".to_owned(),
        (true, _) => "clean".to_owned(),
        (false, _) => found.join(", "),
    }
}

/// `27 workloads in 30 documents of 3 files`, or `27 workloads of 410 objects in 12 namespaces of prod`.
pub(super) fn judged(summary: &Summary) -> String {
    let workloads = count(summary.workloads, "workload");
    match &summary.cluster {
        None => {
            format!("{workloads} in {} of {}", count(summary.documents, "document"), count(summary.files, "file"))
        }
        Some(Audited { name, namespaces, objects, .. }) => {
            format!(
                "{workloads} of {} in {} of {name}",
                count(*objects, "object"),
                count(namespaces.len(), "namespace")
            )
        }
    }
}

/// What an audit is asked for before the webhook enforces.
pub(super) fn refused(summary: &Summary) -> Option<String> {
    let refused = summary.cluster.as_ref().filter(|_| summary.workloads > 0)?.refused;
    let workloads = count(summary.workloads, "workload");
    Some(format!("if they were created now, the webhook would refuse {refused} of {workloads}"))
}

/// `1 file`, `2 files`.
pub(super) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// `12 ms`, `1.5 s`.
pub(super) fn elapsed(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
