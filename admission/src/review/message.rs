//! What people read: the refusal at kubectl, its warnings, the audit log.

use super::{
    answer::Cause,
    decision::{Decision, Weighed, Weight},
};
use crate::{judge::config::OnFailure, printable::printable};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Longest warning, in characters: all that the API server keeps of each once they come to more than 4096.
const WARNING: usize = 256;

/// Most warnings: 16 of the longest are the 4096 characters after which the API server drops the rest.
const WARNINGS: usize = 16;

/// Most findings that a refusal spells out; a Status travels in one piece to a terminal.
const SPELLED_OUT: usize = 20;

/// Every finding that refuses, and what to do about it.
pub(super) fn refusal(decision: &Decision) -> String {
    let refusing: Vec<&Weighed> = refusing(decision).collect();
    let what = if refusing.is_empty() { "was refused without a verdict" } else { "is not fit to run" };
    let mut text = format!("{} {what}:", decision.object);
    for finding in refusing.iter().take(SPELLED_OUT) {
        write(&mut text, finding);
    }
    if refusing.len() > SPELLED_OUT {
        text += &format!("\n- and {} more; `plimsoll scan` shows them all", refusing.len() - SPELLED_OUT);
    }
    for why in failures(decision).filter(|(_, on_failure)| *on_failure == OnFailure::Deny).map(|(why, _)| why) {
        text += &format!(
            "\n- {why}\n  the configuration says `on-failure: deny`; try again, or tell the operator of the webhook"
        );
    }
    text
}

fn write(text: &mut String, finding: &Weighed) {
    let found = &finding.finding;
    let lines = |text: &str| printable(text).replace('\n', "\n    ");
    let container = found.container.as_ref().map(|name| format!(" (container {name})")).unwrap_or_default();
    let mut put =
        |line: String| writeln!(text).and_then(|()| text.write_str(&line)).expect("a string takes everything");
    put(format!("- {}: {}", found.rule, lines(&found.message)));
    put(format!("    at {}{container}", finding.field));
    if let Some(help) = &found.help {
        put(format!("    help: {}", lines(help)));
    }
    put(format!("    more: plimsoll explain {}", found.rule));
}

/// The same for programs.
pub(super) fn causes(decision: &Decision) -> Vec<Cause> {
    let cause = |finding: &Weighed| Cause {
        reason: finding.finding.rule.clone(),
        message: one_line(&finding.finding.message),
        field: finding.field.clone(),
    };
    refusing(decision).map(cause).collect()
}

/// The gravest first, because the API server drops what is too much.
pub(super) fn warnings(decision: &Decision) -> Vec<String> {
    let allowed = failures(decision).filter(|(_, on_failure)| *on_failure == OnFailure::Allow);
    let mut warnings: Vec<String> = allowed.map(|(why, _)| cut(&format!("{why}; allowed"))).collect();
    let unreadable = decision.unreadable.iter().map(|error| one_line(&error.to_string()));
    warnings.extend(unreadable.map(|why| cut(&format!("plimsoll judged this without a field: {why}"))));
    for (weight, note) in [
        (Weight::OnlyWarned, " (refused once this webhook enforces)"),
        (Weight::NotNew, " (not refused, because it was so before)"),
        (Weight::Warns, ""),
    ] {
        let of_weight = decision.findings.iter().filter(|finding| finding.weight == weight);
        warnings.extend(of_weight.map(|finding| warning(finding, note)));
    }
    let mut seen = BTreeSet::new();
    warnings.retain(|warning| seen.insert(warning.clone()));
    if warnings.len() > WARNINGS {
        let more = warnings.len() - (WARNINGS - 1);
        warnings.truncate(WARNINGS - 1);
        warnings.push(format!("plimsoll: and {more} more warnings; `plimsoll scan` shows them all"));
    }
    warnings
}

fn warning(finding: &Weighed, note: &str) -> String {
    let found = &finding.finding;
    cut(&format!("{}: {}{note}: {}", found.rule, finding.field, one_line(&found.message)))
}

/// For the audit log. Its keys get the name of the webhook as a prefix.
pub(super) fn audit(decision: &Decision) -> BTreeMap<&'static str, String> {
    let rules = |wanted: &[Weight]| -> BTreeSet<&str> {
        let findings = decision.findings.iter().filter(|finding| wanted.contains(&finding.weight));
        findings.map(|finding| finding.finding.rule.as_str()).collect()
    };
    let list = |rules: BTreeSet<&str>| rules.into_iter().collect::<Vec<_>>().join(",");
    let failed = decision.failures.iter().map(|(failure, _)| failure.policy.as_str()).collect();
    let entries = [
        ("policies", decision.policies.clone().unwrap_or_default()),
        ("refused-by", list(rules(&[Weight::Refuses]))),
        ("warned-by", list(rules(&[Weight::OnlyWarned, Weight::NotNew, Weight::Warns]))),
        ("excepted", list(rules(&[Weight::Excepted]))),
        ("no-verdict-of", list(failed)),
        ("not-read", list(decision.unreadable.iter().map(|error| error.pointer.as_str()).collect())),
        ("not-judged", decision.unjudged.as_ref().map(|(why, _)| one_line(why)).unwrap_or_default()),
    ];
    entries.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn refusing(decision: &Decision) -> impl Iterator<Item = &Weighed> {
    decision.findings.iter().filter(|finding| finding.weight == Weight::Refuses)
}

/// What gave no verdict, and whether that refuses.
fn failures(decision: &Decision) -> impl Iterator<Item = (String, OnFailure)> {
    let of_policies = decision.failures.iter().map(|(failure, on_failure)| {
        (one_line(&format!("policy {} gave no verdict: {}", failure.policy, failure.cause)), *on_failure)
    });
    let of_all = decision.unjudged.iter();
    of_policies.chain(
        of_all.map(|(why, on_failure)| (one_line(&format!("plimsoll could not judge this: {why}")), *on_failure)),
    )
}

fn one_line(text: &str) -> String {
    printable(text).replace('\n', " ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WARNING) {
        None => text.to_owned(),
        Some(_) => text.chars().take(WARNING - 1).chain(['…']).collect(),
    }
}
