//! Counts and times in words, as every format for people says them.

use crate::finding::{Report, Tally};
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
