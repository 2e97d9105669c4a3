//! What people read: the refusal at kubectl, its warnings, the audit log.

use super::{
    answer::Cause,
    bounds::{self, Budget, shown},
    decision::{Decision, Weighed, Weight},
};
use crate::judge::config::OnFailure;
use std::collections::{BTreeMap, BTreeSet};

/// Longest warning, in characters: all that the API server keeps of each once they come to more than 4096.
const WARNING: usize = 256;

/// Most warnings: 16 of the longest are the 4096 characters after which the API server drops the rest.
const WARNINGS: usize = 16;

/// Most findings that a refusal spells out; a Status travels in one piece to a terminal.
const SPELLED_OUT: usize = 20;

/// Every finding that refuses, and what to do about it, as far as there is room.
pub(super) fn refusal(decision: &Decision) -> String {
    let refusing: Vec<&Weighed> = refusing(decision).collect();
    let what = if refusing.is_empty() { "was refused without a verdict" } else { "is not fit to run" };
    let mut text = format!("{} {what}:", decision.object);
    let mut budget = Budget::of(bounds::MESSAGE);
    let spelled_out = refusing.iter().take(SPELLED_OUT).map(|finding| spelled_out(finding));
    let (mut findings, more) = fitting(spelled_out, refusing.len(), &mut budget);
    if more > 0 {
        findings.push(format!("\n- and {more} more; `plimsoll scan` shows them all"));
    }
    text.extend(findings);
    let denying: Vec<String> = failures(decision)
        .filter(|(_, on_failure)| *on_failure == OnFailure::Deny)
        .map(|(why, _)| {
            format!(
                "\n- {why}\n  the configuration says `on-failure: deny`; try again, or tell the operator of the webhook"
            )
        })
        .collect();
    let count = denying.len();
    let (failures, more) = fitting(denying.into_iter(), count, &mut budget);
    text.extend(failures);
    if more > 0 {
        text += &format!("\n- and {more} more without a verdict");
    }
    text
}

/// The texts that there is room for, and how many of `count` are left.
fn fitting(texts: impl Iterator<Item = String>, count: usize, budget: &mut Budget) -> (Vec<String>, usize) {
    let fitting: Vec<String> = texts.take_while(|text| budget.fits([text.as_str()])).collect();
    let more = count - fitting.len();
    (fitting, more)
}

fn spelled_out(finding: &Weighed) -> String {
    let found = &finding.finding;
    let container = found.container.as_ref().map(|name| format!(" (container {})", shown(name, bounds::NAME)));
    let mut text = format!("\n- {}: {}", found.rule, one_line(&found.message));
    text += &format!("\n    at {}{}", finding.field, container.unwrap_or_default());
    if let Some(help) = &found.help {
        text += &format!("\n    help: {}", one_line(help));
    }
    text += &format!("\n    more: plimsoll explain {}", found.rule);
    text
}

/// The same for programs.
pub(super) fn causes(decision: &Decision) -> Vec<Cause> {
    let cause = |finding: &Weighed| Cause {
        reason: finding.finding.rule.clone(),
        message: shown(&finding.finding.message, bounds::TEXT),
        field: finding.field.clone(),
    };
    let mut budget = Budget::of(bounds::ALL_CAUSES);
    let causes = refusing(decision).take(bounds::CAUSES).map(cause);
    causes.take_while(|cause| budget.fits([cause.reason.as_str(), &cause.message, &cause.field])).collect()
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
    let (count, mut budget) = (warnings.len(), Budget::of(bounds::WARNINGS));
    let most = if count > WARNINGS { WARNINGS - 1 } else { WARNINGS };
    let (mut warnings, more) = fitting(warnings.into_iter().take(most), count, &mut budget);
    if more > 0 {
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
    let mut budget = Budget::of(bounds::ANNOTATIONS);
    let entries = entries.map(|(key, value)| (key, shown(&value, bounds::LINE)));
    entries.into_iter().filter(|(_, value)| !value.is_empty() && budget.fits([value.as_str()])).collect()
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
    shown(text, bounds::TEXT)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WARNING) {
        None => text.to_owned(),
        Some(_) => text.chars().take(WARNING - 1).chain(['…']).collect(),
    }
}
