//! What a module says of itself, doubted.

use super::{
    limits::{NAME, POLICIES, RULES},
    text::{cleaned, without_controls},
    wit,
};
use plimsoll_policy::{Description, Level, Levels, Rule};
use serde_json::{Map, Value};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// The descriptions of a module, or what is wrong with them.
pub(super) fn read(
    described: Vec<wit::Description>,
    mut pages: BTreeMap<&str, Cow<'static, str>>,
) -> Result<Vec<Description>, String> {
    if described.is_empty() {
        return Err("it has no policy".to_owned());
    }
    if described.len() > POLICIES {
        return Err(format!("it has {} policies; the limit is {POLICIES}", described.len()));
    }
    let (mut policies, mut rules) = (BTreeSet::new(), BTreeSet::new());
    for description in &described {
        check(description)?;
        let id = &description.id;
        if !policies.insert(id) {
            return Err(format!("it has two policies `{id}`"));
        }
        if let Some(twice) = description.rules.iter().find(|rule| !rules.insert(&rule.name)) {
            return Err(format!("it has two rules `{}`", twice.name));
        }
    }
    Ok(described.into_iter().map(|description| lift(description, &mut pages)).collect())
}

fn check(description: &wit::Description) -> Result<(), String> {
    let id = name(&description.id).map_err(|why| format!("its policy's id {why}"))?;
    if description.rules.is_empty() {
        return Err(format!("its policy `{id}` has no rule"));
    }
    if description.rules.len() > RULES {
        return Err(format!("its policy `{id}` has {} rules; the limit is {RULES}", description.rules.len()));
    }
    for rule in &description.rules {
        name(&rule.name).map_err(|why| format!("the name of a rule of its policy `{id}` {why}"))?;
    }
    serde_json::from_str::<Map<String, Value>>(&description.settings)
        .map_err(|error| format!("the settings' schema of its policy `{id}` is not a JSON object: {error}"))?;
    Ok(())
}

/// A name in kebab case.
fn name(text: &str) -> Result<&str, String> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if text.len() <= NAME && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(is_word) {
        return Ok(text);
    }
    let start: String = text.chars().take(NAME).collect();
    Err(format!("is {start:?}; a name is in kebab case and has at most {NAME} bytes"))
}

fn lift(description: wit::Description, pages: &mut BTreeMap<&str, Cow<'static, str>>) -> Description {
    Description {
        page: pages.remove(&*description.id).map(without_controls).unwrap_or_default(),
        rules: description.rules.into_iter().map(rule).collect(),
        id: description.id,
        version: cleaned(description.version),
        summary: cleaned(description.summary),
        settings: description.settings,
        wants_raw: description.wants_raw,
        wants_set: description.wants_set,
    }
}

fn rule(rule: wit::Rule) -> Rule {
    Rule {
        name: Cow::Owned(rule.name),
        summary: Cow::Owned(cleaned(rule.summary)),
        levels: levels(rule.levels),
        escalated: rule.escalated.map(levels),
        about: Cow::Owned(cleaned(rule.about)),
    }
}

fn levels(levels: wit::Levels) -> Levels {
    Levels { default: level(levels.default), strict: level(levels.strict) }
}

fn level(level: wit::Level) -> Level {
    match level {
        wit::Level::Off => Level::Off,
        wit::Level::Note => Level::Note,
        wit::Level::Warn => Level::Warn,
        wit::Level::Deny => Level::Deny,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule_named(name: &str) -> wit::Rule {
        let levels = wit::Levels { default: wit::Level::Warn, strict: wit::Level::Deny };
        wit::Rule {
            name: name.to_owned(),
            summary: "finds\u{7} it".to_owned(),
            levels,
            escalated: None,
            about: "image".to_owned(),
        }
    }

    fn policy(id: &str, rules: &[&str]) -> wit::Description {
        wit::Description {
            id: id.to_owned(),
            version: "1.0.0".to_owned(),
            summary: "all of it".to_owned(),
            rules: rules.iter().map(|name| rule_named(name)).collect(),
            settings: "{}".to_owned(),
            wants_raw: false,
            wants_set: true,
        }
    }

    #[test]
    fn takes_what_is_in_order() {
        let pages = [("other", "# no"), ("tags", "# Tags\n\u{1b}")];
        let pages = pages.map(|(id, page)| (id, page.into()));
        let read = read(vec![policy("tags", &["latest-tag", "tag2"])], pages.into()).unwrap();
        assert_eq!((&*read[0].page, read[0].wants_set), ("# Tags\n\u{fffd}", true));
        assert_eq!(read[0].rules[0].summary, "finds\u{fffd} it");
        assert_eq!(read[0].rules[1].levels, Levels { default: Level::Warn, strict: Level::Deny });
    }

    #[test]
    fn refuses_lies_about_itself() {
        let long = "a".repeat(NAME + 1);
        let names: Vec<String> = (0..=RULES).map(|n| format!("rule-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = (0..=POLICIES).map(|n| policy(&format!("policy-{n}"), &["x"])).collect();
        for (described, expected) in [
            (vec![], "it has no policy".to_owned()),
            (many, "it has 101 policies; the limit is 100".to_owned()),
            (vec![policy("a", &["x"]), policy("a", &["y"])], "it has two policies `a`".to_owned()),
            (vec![policy("a", &["x"]), policy("b", &["x"])], "it has two rules `x`".to_owned()),
            (vec![policy("a", &["x", "x"])], "it has two rules `x`".to_owned()),
            (vec![policy("a", &[])], "its policy `a` has no rule".to_owned()),
            (vec![policy("a", &names)], "its policy `a` has 201 rules; the limit is 200".to_owned()),
            (
                vec![policy("No\u{1b}", &["x"])],
                r#"its policy's id is "No\u{1b}"; a name is in kebab case and has at most 64 bytes"#.to_owned(),
            ),
            (
                vec![policy("a", &[&long])],
                format!(
                    "the name of a rule of its policy `a` is {:?}; a name is in kebab case and has at most 64 bytes",
                    &long[..NAME]
                ),
            ),
            (
                vec![wit::Description { settings: "[]".to_owned(), ..policy("a", &["x"]) }],
                "the settings' schema of its policy `a` is not a JSON object: invalid type: sequence, expected a map at line 1 column 0".to_owned(),
            ),
        ] {
            assert_eq!(read(described, BTreeMap::new()).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_name_is_in_kebab_case() {
        for (text, valid) in [
            ("latest-tag", true),
            ("a1-2b", true),
            ("", false),
            ("1a", false),
            ("a--b", false),
            ("-a", false),
            ("a-", false),
            ("a_b", false),
            ("Ab", false),
            ("größe", false),
            (&"a".repeat(NAME), true),
        ] {
            assert_eq!(name(text).is_ok(), valid, "{text}");
        }
    }
}
