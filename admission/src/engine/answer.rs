//! What a module says of an object, doubted.

use super::{
    limits::{EDITS, FINDINGS, POINTER, RELATED, SET_FINDINGS},
    text::{cleaned, one_line},
    wit,
};
use plimsoll_policy::{Description, Edit, Finding, Pointer, Related, Run, Safety, Set, Workload};
use serde::de::IgnoredAny;

/// What a module was asked about.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    /// One object.
    Object(&'a Workload),
    /// All objects of a set.
    Set(&'a Set),
}

/// The findings of an answer, each with the index of the run that it belongs to; or what is wrong with the answer.
pub(super) fn read(
    answer: Vec<wit::Finding>,
    asked: Asked<'_>,
    runs: &[Run],
    descriptions: &[Description],
) -> Result<Vec<(usize, Finding)>, String> {
    let limit = match asked {
        Asked::Object(_) => FINDINGS,
        Asked::Set(_) => SET_FINDINGS,
    };
    if answer.len() > limit {
        return Err(format!("{} findings; the limit is {limit}", answer.len()));
    }
    answer.into_iter().map(|finding| one(finding, asked, runs, descriptions)).collect()
}

fn one(
    finding: wit::Finding,
    asked: Asked<'_>,
    runs: &[Run],
    descriptions: &[Description],
) -> Result<(usize, Finding), String> {
    let wit::Finding { policy, rule, message, help, object, pointer, container, escalated, related, fix, fix_is } =
        finding;
    let run = runs
        .iter()
        .position(|run| run.policy == policy)
        .ok_or_else(|| format!("a finding of {}, which was not asked", short(&policy)))?;
    let description = descriptions.iter().find(|description| description.id == policy);
    let known = description.and_then(|description| description.rules.iter().find(|known| known.name == rule));
    let known = known.ok_or_else(|| format!("a finding of {}, which is not a rule of `{policy}`", short(&rule)))?;
    let refuse = |why: String| format!("a finding of `{}` {why}", known.name);

    if escalated && known.escalated.is_none() {
        return Err(refuse("is escalated, and the rule has no escalated levels".to_owned()));
    }
    if !asked.has_object(object) {
        return Err(refuse(format!("is about object {object}, which the set does not have")));
    }
    if let Some(name) = container.as_ref().filter(|name| !asked.has_container(object, name)) {
        return Err(refuse(format!("is about a container {}, which the object does not have", short(name))));
    }
    if fix.len() > EDITS {
        return Err(refuse(format!("has {} edits; the limit is {EDITS}", fix.len())));
    }
    if related.len() > RELATED {
        return Err(refuse(format!("has {} related places; the limit is {RELATED}", related.len())));
    }
    let pointer = self::pointer(pointer, "points to").map_err(refuse)?;
    let related = related.into_iter().map(|related| place(related, asked)).collect::<Result<_, _>>().map_err(refuse)?;
    // An edit at a pointer that had to be cleaned or cut would change another field.
    let is_exact = fix.iter().all(|edit| is_short_line(&edit.pointer));
    let fix: Vec<Edit> = fix.into_iter().map(edit).collect::<Result<_, _>>().map_err(refuse)?;
    let fix = if is_exact { fix } else { Vec::new() };
    let fix_is = match fix_is {
        wit::Safety::Safe => Safety::Safe,
        wit::Safety::Unsafe => Safety::Unsafe,
    };
    let (message, help) = (cleaned(message), help.map(cleaned));
    let finding = Finding { rule, message, help, object, pointer, container, escalated, related, fix, fix_is };
    Ok((run, finding))
}

fn place(related: wit::Related, asked: Asked<'_>) -> Result<Related, String> {
    let wit::Related { object, pointer, message } = related;
    if let Some(object) = object.filter(|object| !asked.has_object(*object)) {
        return Err(format!("has a related place in object {object}, which the set does not have"));
    }
    let pointer = self::pointer(pointer, "has a related place at")?;
    Ok(Related { object, pointer, message: cleaned(message) })
}

fn edit(edit: wit::Edit) -> Result<Edit, String> {
    let wit::Edit { operation, pointer, value } = edit;
    let pointer = self::pointer(pointer, "has an edit at")?;
    if let Some(Err(error)) = value.as_deref().map(serde_json::from_str::<IgnoredAny>) {
        return Err(format!("has an edit whose value is not JSON: {error}"));
    }
    match (operation, value) {
        (wit::Operation::Add, Some(value)) => Ok(Edit::Add { pointer, value }),
        (wit::Operation::Replace, Some(value)) => Ok(Edit::Replace { pointer, value }),
        (wit::Operation::Remove, None) => Ok(Edit::Remove { pointer }),
        (wit::Operation::Remove, Some(_)) => Err("has an edit that removes a value".to_owned()),
        (_, None) => Err("has an edit without a value".to_owned()),
    }
}

/// Cleaned, and cut to its first steps: a pointer has the names that a manifest has, which must not be able to make a
/// policy fail.
fn pointer(text: String, what: &str) -> Result<Pointer, String> {
    let refused = format!("{what} {}, which is not a JSON pointer", short(&text));
    let pointer = Pointer::parse(text).ok_or(refused)?;
    if is_short_line(&pointer) {
        return Ok(pointer);
    }
    let start = &pointer[..pointer.floor_char_boundary(POINTER)];
    let steps = if start.len() < pointer.len() { &start[..start.rfind('/').unwrap_or_default()] } else { start };
    Ok(one_line(steps).into())
}

fn is_short_line(text: &str) -> bool {
    text.len() <= POINTER && !text.contains(char::is_control)
}

impl Asked<'_> {
    fn has_object(self, object: u32) -> bool {
        match self {
            Asked::Object(_) => object == 0,
            Asked::Set(set) => (object as usize) < set.objects.len(),
        }
    }

    fn has_container(self, object: u32, name: &str) -> bool {
        let workload = match self {
            Asked::Object(workload) => Some(workload),
            Asked::Set(set) => set.objects.get(object as usize).and_then(|member| member.workload.as_ref()),
        };
        workload.is_some_and(|workload| workload.pod.containers.iter().any(|container| container.name == name))
    }
}

/// Quoted, escaped, and no longer than a line.
fn short(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_policy::{Level, Member, Rule, testing};
    use std::borrow::Cow;

    fn workload() -> Workload {
        testing::deployment([testing::container("app")])
    }

    fn description(id: &str, rules: &[Rule]) -> Description {
        Description {
            id: id.to_owned(),
            version: String::new(),
            summary: String::new(),
            rules: rules.to_vec(),
            settings: "{}".to_owned(),
            page: "".into(),
            wants_raw: false,
            wants_set: false,
        }
    }

    fn finding() -> wit::Finding {
        wit::Finding {
            policy: "tags".to_owned(),
            rule: "latest-tag".to_owned(),
            message: "no tag".to_owned(),
            help: None,
            object: 0,
            pointer: "/spec/containers/0/image".to_owned(),
            container: Some("app".to_owned()),
            escalated: false,
            related: Vec::new(),
            fix: Vec::new(),
            fix_is: wit::Safety::Unsafe,
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
        read(vec![finding], Asked::Object(&workload()), &runs, &descriptions).map(|mut read| read.remove(0))
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
        assert_eq!(read.fix[2], Edit::Remove { pointer: "/spec".into() });
    }

    #[test]
    fn refuses_lies() {
        let with_fix = |fix| wit::Finding { fix, ..finding() };
        let add = wit::Operation::Add;
        for (finding, expected) in [
            (wit::Finding { policy: "other".to_owned(), ..finding() }, r#"a finding of "other", which was not asked"#),
            (
                wit::Finding { rule: "x\u{1b}".to_owned(), ..finding() },
                r#"a finding of "x\u{1b}", which is not a rule of `tags`"#,
            ),
            (
                with_fix(vec![edit(add, "spec", Some("1"))]),
                r#"a finding of `latest-tag` has an edit at "spec", which is not a JSON pointer"#,
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
    fn pointers_are_cleaned_and_cut_to_whole_steps() {
        let long = format!("/{}/{}/image", "a".repeat(3000), "b".repeat(3000));
        for (written, expected) in [
            ("/spec/containers/0", "/spec/containers/0"),
            ("/a\nplimsoll: forged\u{1b}[2J", "/a\u{fffd}plimsoll: forged\u{fffd}[2J"),
            (long.as_str(), &long[..3001]),
        ] {
            let fix = vec![edit(wit::Operation::Remove, written, None)];
            let (_, read) = read_one(wit::Finding { pointer: written.to_owned(), fix, ..finding() }).unwrap();
            assert_eq!(read.pointer.as_str(), expected);
            assert_eq!(read.fix.is_empty(), written != expected, "{written}");
        }
    }

    #[test]
    fn a_finding_about_a_set_names_an_object_of_it() {
        let member = |workload| Member {
            api_version: "v1".to_owned(),
            kind: "Kind".to_owned(),
            name: "app".to_owned(),
            workload,
            ..Member::default()
        };
        let set = Set { objects: vec![member(None), member(Some(workload()))], ..Set::default() };
        let related = |object| wit::Related { object, pointer: "/spec".to_owned(), message: "here".to_owned() };
        let rule = Rule { name: Cow::Borrowed("latest-tag"), ..Rule::new("", Level::Deny, "") };
        let runs = [Run { policy: "tags".to_owned(), settings: Vec::new(), off: Vec::new() }];
        let of_two = [description("tags", std::slice::from_ref(&rule))];
        let finding_of_two = || wit::Finding { object: 1, ..finding() };
        let many = |count| read(vec![finding_of_two(); count], Asked::Set(&set), &runs, &of_two);
        assert!(many(SET_FINDINGS).is_ok());
        assert_eq!(many(SET_FINDINGS + 1).unwrap_err(), "40001 findings; the limit is 40000");
        let read = |object, of: Option<u32>| {
            let finding = wit::Finding { object, related: vec![related(of)], ..finding() };
            read(vec![finding], Asked::Set(&set), &runs, &[description("tags", std::slice::from_ref(&rule))])
        };
        assert!(read(1, Some(0)).is_ok());
        for (refused, why) in [
            (read(2, None), "a finding of `latest-tag` is about object 2, which the set does not have"),
            (read(0, None), "a finding of `latest-tag` is about a container \"app\", which the object does not have"),
            (
                read(1, Some(9)),
                "a finding of `latest-tag` has a related place in object 9, which the set does not have",
            ),
        ] {
            assert_eq!(refused.unwrap_err(), why);
        }
    }
}
