//! Pages and tables as text, with ANSI styles.

use super::markdown;
use crate::{did_you_mean, printable::printable, report::rule_page::section};
use anstyle::Style;
use plimsoll_policy::{Description, Levels, Rule};
use std::io::{self, Write};

pub(super) const BOLD: Style = Style::new().bold();

/// What there is to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic<'a> {
    /// A rule of a policy.
    Rule(&'a Description, &'a Rule),
    /// A policy, with all of its rules.
    Policy(&'a Description),
}

/// The rule or policy of that name.
///
/// # Errors
/// There is none; the text says which one was probably meant.
pub(super) fn find<'a>(name: &str, policies: &'a [Description]) -> Result<Topic<'a>, String> {
    let mut rules = policies.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
    if let Some((policy, rule)) = rules.find(|(_, rule)| rule.name == name) {
        return Ok(Topic::Rule(policy, rule));
    }
    if let Some(policy) = policies.iter().find(|policy| policy.id == name) {
        return Ok(Topic::Policy(policy));
    }
    let known = policies.iter().flat_map(|policy| {
        let rules = policy.rules.iter().map(|rule| &*rule.name);
        rules.chain([policy.id.as_str()])
    });
    let unknown = did_you_mean::unknown("rule or policy", name, known);
    Err(if unknown.ends_with('?') { unknown } else { format!("{unknown}; `plimsoll explain` lists them all") })
}

/// Writes what there is to read.
pub(super) fn write(topic: Topic<'_>, out: &mut impl Write) -> io::Result<()> {
    match topic {
        Topic::Policy(policy) => markdown::write(&policy.page, out),
        Topic::Rule(policy, rule) => {
            writeln!(out, "{BOLD}{}{BOLD:#}: {}", printable(&rule.name), printable(&rule.summary))?;
            writeln!(out, "policy {}; {}\n", printable(&policy.id), levels(rule))?;
            match section(&policy.page, &rule.name) {
                Some(section) => markdown::write(section, out),
                None => writeln!(out, "The page of the policy has no section about this rule."),
            }
        }
    }
}

/// Writes a table of all rules.
pub(super) fn write_table(policies: &[Description], out: &mut impl Write) -> io::Result<()> {
    let mut rows = vec![["rule", "policy", "default", "strict", "what"].map(str::to_owned)];
    for policy in policies {
        for rule in &policy.rules {
            let (default, strict) = (level(rule, |of| of.default), level(rule, |of| of.strict));
            let cells = [&*rule.name, &policy.id, &default, &strict, &rule.summary];
            rows.push(cells.map(|cell| printable(cell).into_owned()));
        }
    }
    markdown::write_table(&rows, out)?;
    writeln!(out, "\nThe level after `/` is for the graver case that the rule's page names: plimsoll explain RULE")
}

fn levels(rule: &Rule) -> String {
    let (default, strict) = (level(rule, |of| of.default), level(rule, |of| of.strict));
    if default == strict { default } else { format!("{default}, in profile strict {strict}") }
}

fn level(rule: &Rule, of: impl Fn(&Levels) -> plimsoll_policy::Level) -> String {
    let ordinary = of(&rule.levels).name();
    match rule.escalated.as_ref().map(|levels| of(levels).name()) {
        Some(escalated) if escalated != ordinary => format!("{ordinary} / {escalated}"),
        _ => ordinary.to_owned(),
    }
}

#[cfg(test)]
mod tests;
