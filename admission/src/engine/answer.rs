//! What a module says of an object, doubted.

use super::{
    limits::{EDITS, FINDINGS},
    module::Question,
    text::cleaned,
    wit,
};
use plimsoll_policy::{Description, Edit, Finding};
use serde::de::IgnoredAny;

/// The findings of an answer, each with the index of the run that it belongs to; or what is wrong with the answer.
pub(super) fn read(
    answer: Vec<wit::Finding>,
    question: &Question<'_>,
    descriptions: &[Description],
) -> Result<Vec<(usize, Finding)>, String> {
    if answer.len() > FINDINGS {
        return Err(format!("{} findings; the limit is {FINDINGS}", answer.len()));
    }
    answer.into_iter().map(|finding| one(finding, question, descriptions)).collect()
}

fn one(
    finding: wit::Finding,
    question: &Question<'_>,
    descriptions: &[Description],
) -> Result<(usize, Finding), String> {
    let wit::Finding { policy, rule, message, help, pointer, container, second, fix } = finding;
    let run = question
        .runs
        .iter()
        .position(|run| run.policy == policy)
        .ok_or_else(|| format!("a finding of {}, which was not asked", short(&policy)))?;
    let description = descriptions.iter().find(|description| description.id == policy);
    let known = description.and_then(|description| description.rules.iter().find(|known| known.name == rule));
    let known = known.ok_or_else(|| format!("a finding of {}, which is no rule of `{policy}`", short(&rule)))?;
    let refuse = |why: String| format!("a finding of `{}` {why}", known.name);

    if second && known.second.is_none() {
        return Err(refuse("asks for second levels, which the rule does not have".to_owned()));
    }
    if !is_pointer(&pointer) {
        return Err(refuse(format!("points to {}, which is no JSON pointer", short(&pointer))));
    }
    if let Some(name) = container.as_ref().filter(|name| !has_container(question, name)) {
        return Err(refuse(format!("is about a container {}, which the object does not have", short(name))));
    }
    if fix.len() > EDITS {
        return Err(refuse(format!("has {} edits; the limit is {EDITS}", fix.len())));
    }
    let fix = fix.into_iter().map(edit).collect::<Result<_, _>>().map_err(refuse)?;
    let (message, help) = (cleaned(message), help.map(cleaned));
    Ok((run, Finding { rule, message, help, pointer, container, second, fix }))
}

fn edit(edit: wit::Edit) -> Result<Edit, String> {
    let wit::Edit { operation, pointer, value } = edit;
    if !is_pointer(&pointer) {
        return Err(format!("has an edit at {}, which is no JSON pointer", short(&pointer)));
    }
    if let Some(Err(error)) = value.as_deref().map(serde_json::from_str::<IgnoredAny>) {
        return Err(format!("has an edit whose value is no JSON: {error}"));
    }
    match (operation, value) {
        (wit::Operation::Add, Some(value)) => Ok(Edit::Add { pointer, value }),
        (wit::Operation::Replace, Some(value)) => Ok(Edit::Replace { pointer, value }),
        (wit::Operation::Remove, None) => Ok(Edit::Remove { pointer }),
        (wit::Operation::Remove, Some(_)) => Err("has an edit that removes a value".to_owned()),
        (_, None) => Err("has an edit without a value".to_owned()),
    }
}

fn has_container(question: &Question<'_>, name: &str) -> bool {
    question.workload.pod.containers.iter().any(|container| container.name == *name)
}

/// RFC 6901: empty, or steps that each begin with `/`, in which `~` stands only before `0` or `1`.
fn is_pointer(text: &str) -> bool {
    let escapes = || text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    text.is_empty() || text.starts_with('/') && escapes()
}

/// Quoted, escaped, and no longer than a line.
fn short(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{self, Kinds, Triage};
    use plimsoll_policy::{Level, Rule, Run, Workload};
    use serde_json::json;
    use std::borrow::Cow;

    fn workload() -> Workload {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
            "spec": {"containers": [{"name": "app", "image": "app:1.2.3"}]},
        });
        match manifest::object(pod, &Kinds::default()) {
            Ok(Triage::Object(object)) => object.workload,
            other => panic!("a Pod is judged, not {other:?}"),
        }
    }

    fn description(id: &str, rules: &[Rule]) -> Description {
        Description {
            id: id.to_owned(),
            version: String::new(),
            summary: String::new(),
            rules: rules.to_vec(),
            settings: "{}".to_owned(),
            page: String::new(),
            request: plimsoll_policy::REQUEST_VERSION,
            wants_raw: false,
            wants_siblings: false,
        }
    }

    fn finding() -> wit::Finding {
        wit::Finding {
            policy: "tags".to_owned(),
            rule: "latest-tag".to_owned(),
            message: "no tag".to_owned(),
            help: None,
            pointer: "/spec/containers/0/image".to_owned(),
            container: Some("app".to_owned()),
            second: false,
            fix: Vec::new(),
        }
    }

    fn edit(operation: wit::Operation, pointer: &str, value: Option<&str>) -> wit::Edit {
        wit::Edit { operation, pointer: pointer.to_owned(), value: value.map(str::to_owned) }
    }

    /// `tags` and `probes` were asked, `tags` second; the module also has `other`.
    fn read_one(finding: wit::Finding) -> Result<(usize, Finding), String> {
        let rule = Rule { name: Cow::Borrowed("latest-tag"), ..Rule::new("", Level::Deny, "") };
        let descriptions = ["tags", "probes", "other"].map(|id| description(id, std::slice::from_ref(&rule)));
        let runs = ["probes", "tags"].map(|id| Run { policy: id.to_owned(), settings: Vec::new(), off: Vec::new() });
        let workload = workload();
        let question = Question { workload: &workload, raw: None, siblings: &[], runs: &runs };
        read(vec![finding], &question, &descriptions).map(|mut read| read.remove(0))
    }

    #[test]
    fn takes_an_honest_answer() {
        let fix = vec![
            edit(wit::Operation::Add, "/spec/a~1b", Some("\"1\"")),
            edit(wit::Operation::Replace, "", Some("{}")),
            edit(wit::Operation::Remove, "/spec", None),
        ];
        let (run, read) = read_one(wit::Finding { fix, ..finding() }).unwrap();
        assert_eq!((run, read.rule.as_str(), read.container.as_deref()), (1, "latest-tag", Some("app")));
        assert_eq!(read.fix[2], Edit::Remove { pointer: "/spec".to_owned() });
    }

    #[test]
    fn refuses_lies() {
        let with_fix = |fix| wit::Finding { fix, ..finding() };
        let add = wit::Operation::Add;
        for (finding, expected) in [
            (wit::Finding { policy: "other".to_owned(), ..finding() }, r#"a finding of "other", which was not asked"#),
            (
                wit::Finding { rule: "x\u{1b}".to_owned(), ..finding() },
                r#"a finding of "x\u{1b}", which is no rule of `tags`"#,
            ),
            (
                with_fix(vec![edit(add, "spec", Some("1"))]),
                r#"a finding of `latest-tag` has an edit at "spec", which is no JSON pointer"#,
            ),
            (with_fix(vec![edit(add, "/spec", None)]), "a finding of `latest-tag` has an edit without a value"),
            (
                with_fix(vec![edit(wit::Operation::Remove, "/spec", Some("1"))]),
                "a finding of `latest-tag` has an edit that removes a value",
            ),
            (
                with_fix(vec![edit(add, "", Some("1")); EDITS + 1]),
                "a finding of `latest-tag` has 101 edits; the limit is 100",
            ),
        ] {
            assert_eq!(read_one(finding).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_pointer_is_empty_or_has_steps() {
        for (text, valid) in [
            ("", true),
            ("/", true),
            ("/spec/a~1b~0", true),
            ("spec", false),
            ("/spec/~2", false),
            ("/spec/~", false),
            ("#/spec", false),
        ] {
            assert_eq!(is_pointer(text), valid, "{text}");
        }
    }
}
