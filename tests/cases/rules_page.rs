//! `docs/rules.md` and `docs/coming-from.md`: what they say of rules is what the modules say.

use plimsoll::{engine::Engine, judge::host_rules};
use plimsoll_policy::{Description, Level, Levels, Rule};
use plimsoll_tests::root;
use std::{collections::BTreeSet, fs, num::NonZeroUsize};

/// The built-in policies as their module describes them, and those of the host.
fn policies() -> Vec<Description> {
    let builtin = Engine::new(NonZeroUsize::MIN).expect("an engine").builtin().expect("the policies load");
    builtin.descriptions().iter().cloned().chain(host_rules::descriptions()).collect()
}

/// The text under a heading of a page, up to the next heading as high.
fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let level = heading.split(' ').next()?;
    let titles = [heading.to_owned(), format!("{level} `{}`", heading.trim_start_matches(['#', ' ']))];
    let mut start = None;
    let mut offset = 0;
    let mut is_code = false;
    for line in page.split_inclusive('\n') {
        let here = offset;
        offset += line.len();
        is_code ^= line.starts_with("```");
        let marks = line.len() - line.trim_start_matches('#').len();
        let is_heading = !is_code && marks > 0 && line[marks..].starts_with(' ');
        match start {
            Some(start) if is_heading && marks <= level.len() => return Some(&page[start..here]),
            None if is_heading && titles.iter().any(|title| *title == line.trim_end()) => start = Some(offset),
            _ => {}
        }
    }
    start.map(|start| &page[start..])
}

/// What the line `- KEY: …` of a text says, with the lines that go on.
fn fact(text: &str, key: &str) -> Option<String> {
    let start = text.lines().position(|line| line.starts_with(&format!("- {key}: ")))?;
    let mut lines = text.lines().skip(start);
    let first = lines.next()?.split_once(": ")?.1.to_owned();
    Some(lines.take_while(|line| line.starts_with("  ")).fold(first, |all, line| all + " " + line.trim()))
}

/// What a rule's section says of itself under `### Facts`, else what the page says before its first section.
fn of_rule_or_page(policy: &Description, rule: &Rule, key: &str) -> Option<String> {
    let own =
        section(&policy.page, &format!("## {}", rule.name)).and_then(|text| fact(section(text, "### Facts")?, key));
    own.or_else(|| fact(policy.page.split("\n## ").next()?, key))
}

/// Shorter beginnings of an explanation leave the point to the next sentence.
const LONG_ENOUGH: usize = 80;

/// The first sentences of `### Why`.
fn mechanism(policy: &Description, rule: &Rule) -> Option<String> {
    let why = section(section(&policy.page, &format!("## {}", rule.name))?, "### Why")?.trim();
    let paragraph = why.split("\n\n").next()?.replace('\n', " ");
    let mut ends = paragraph.match_indices(". ").map(|(offset, _)| offset + 1);
    let end = ends.find(|end| *end >= LONG_ENOUGH).unwrap_or(paragraph.len());
    Some(paragraph[..end].to_owned())
}

fn row(policy: &Description, rule: &Rule) -> String {
    let level = |of: fn(&Levels) -> Level| {
        let ordinary = of(&rule.levels).name();
        let escalated = rule.escalated.as_ref().map(|levels| of(levels).name()).filter(|level| *level != ordinary);
        escalated.map_or(ordinary.to_owned(), |escalated| format!("{ordinary} / {escalated}"))
    };
    let (default, strict) = (level(|levels| levels.default), level(|levels| levels.strict));
    let levels = if default == strict { default } else { format!("{default}; {strict}") };
    let said = |key: &str, otherwise: &str| of_rule_or_page(policy, rule, key).unwrap_or_else(|| otherwise.to_owned());
    let (applies, since) = (said("Applies to", "not said"), said("Since", "0.1.0"));
    let like = said("Like", "not known");
    let why = mechanism(policy, rule).unwrap_or_else(|| rule.summary.clone().into_owned());
    format!("| [`{}`]({}#{}) | {levels} | {applies} | {since} | {why} | {like} |\n", rule.name, page(policy), rule.name)
}

/// Where the page of a policy is, from `docs/`.
fn page(policy: &Description) -> String {
    match policy.id.as_str() {
        "api" => "../admission/src/judge/api_rules.md".to_owned(),
        "plimsoll" => "../admission/src/judge/host_rules.md".to_owned(),
        other => format!("../policies/{other}/README.md"),
    }
}

const HEAD: &str = "\
# All rules

Generated from the policies; `UPDATE_EXPECT=1 cargo test --release --workspace --test front_door -- rules_page` writes it. The rule's page, which its name
leads to and `plimsoll explain RULE` prints, has examples and the fix.

- **level**: in the profile `default`, then in `strict` where that differs. After a slash stands the level of the other case that
  the rule's page names.
- **applies to**, **since**, **like checks elsewhere**: from the list `### Facts` of the rule's page, else from the beginning of its policy's page.
  A rule that does not say since when is as old as the first version. \"not known\" means that no like check was found in
  kube-linter, kube-score, Polaris and Kyverno's library, or that nobody looked; [coming-from.md](coming-from.md) goes the other way.
- **why**: the beginning of what the rule's page says under `### Why`.
";

#[test]
fn the_table_of_all_rules_is_generated() {
    let mut expected = HEAD.to_owned();
    for policy in policies() {
        expected += &format!("\n## [`{}`]({})\n\n{}\n\n", policy.id, page(&policy), sentence(&policy.summary));
        expected += "| rule | level | applies to | since | why | like checks elsewhere |\n| --- | --- | --- | --- | --- | --- |\n";
        policy.rules.iter().for_each(|rule| expected += &row(&policy, rule));
    }
    held("docs/rules.md", &expected);
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// A file is as expected; or becomes so, where the environment asks for that.
fn held(path: &str, expected: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        return fs::write(root().join(path), expected).expect("the page is written");
    }
    let found = fs::read_to_string(root().join(path)).unwrap_or_default();
    let line = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    assert!(found == expected, "{path} is stale at line {:?}; UPDATE_EXPECT=1 writes it", line.map(|line| line + 1));
}

#[test]
fn the_page_about_other_tools_names_rules_that_there_are() {
    let page = fs::read_to_string(root().join("docs/coming-from.md")).expect("the page");
    let policies = policies();
    let rules: BTreeSet<&str> = policies.iter().flat_map(|policy| &policy.rules).map(|rule| &*rule.name).collect();
    for line in page.lines() {
        // Of a row, the first cell has names of the other tool.
        let ours = line.strip_prefix("| `").and_then(|row| row.split_once(" | ")).map_or(line, |(_, ours)| ours);
        let names = ours.split('`').skip(1).step_by(2).filter(|name| looks_like_a_rule(name));
        let unknown: Vec<&str> = names.filter(|name| !rules.contains(name)).collect();
        assert!(unknown.is_empty(), "no rules: {unknown:?} in {line}");
    }
}

/// Rules have at least two words; values and fields of Kubernetes have one, or capital letters.
fn looks_like_a_rule(name: &str) -> bool {
    name.contains('-') && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
}
