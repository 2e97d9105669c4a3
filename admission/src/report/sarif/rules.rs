//! What a SARIF log says of the rules that its results name.

use super::{
    level,
    log::{Configuration, Descriptor, Help, Message, Properties},
};
use crate::{
    finding::Finding,
    report::{Context, cut, rule_page},
};
use plimsoll_policy::{Description, Level, Rule};
use std::collections::BTreeMap;

/// Characters of a description that GitHub takes.
const MOST_DESCRIPTION: usize = 1024;
/// Characters of a page of a foreign policy; ours have about a tenth.
const MOST_HELP: usize = 20_000;

/// Those that results name, in the order of their names.
pub(super) struct Rules<'a> {
    pub(super) descriptors: Vec<Descriptor<'a>>,
    by_name: BTreeMap<&'a str, usize>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(findings: &[&Finding], context: &Context<'a>) -> Self {
        let mut found: Vec<(&Description, &Rule)> =
            findings.iter().filter_map(|finding| context.rule_of(&finding.rule)).collect();
        found.sort_by_key(|(_, rule)| &*rule.name);
        found.dedup_by_key(|(_, rule)| &*rule.name);
        let by_name = found.iter().enumerate().map(|(index, (_, rule))| (&*rule.name, index)).collect();
        Rules { descriptors: found.iter().map(|(policy, rule)| descriptor(policy, rule)).collect(), by_name }
    }

    /// None for a rule that no policy has, which only a test could make up.
    pub(super) fn index(&self, rule: &str) -> Option<usize> {
        self.by_name.get(rule).copied()
    }
}

/// No `security-severity`: GitHub would sort the alerts of a rule that has one among vulnerabilities.
fn descriptor<'a>(policy: &Description, rule: &'a Rule) -> Descriptor<'a> {
    let section = rule_page::section(&policy.page, &rule.name).unwrap_or_default();
    let page = rule_page::without_examples(section);
    let why = rule_page::paragraph(page, "Why").unwrap_or_default().replace('\n', " ");
    let summary = sentence(&rule.summary);
    let gravest = [Some(rule.levels), rule.escalated].into_iter().flatten().map(|levels| levels.default).max();
    let more = format!("`plimsoll explain {}` prints this page with its examples.", rule.name);
    Descriptor {
        id: &rule.name,
        short_description: Message::new(cut(&summary, MOST_DESCRIPTION)),
        full_description: Message::new(cut(format!("{summary} {why}").trim(), MOST_DESCRIPTION)),
        help: Help {
            text: cut(format!("{page}\n\n{more}").trim(), MOST_HELP),
            markdown: cut(format!("{page}\n\n{more}").trim(), MOST_HELP),
        },
        default_configuration: Configuration { level: level(gravest.unwrap_or(Level::Off)) },
        properties: Properties {
            tags: vec!["kubernetes".to_owned(), policy.id.clone()],
            precision: "high",
            severity: severity(gravest.unwrap_or(Level::Off)),
        },
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Note | Level::Off => "recommendation",
    }
}

/// `No tag.` of `no tag`.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}
