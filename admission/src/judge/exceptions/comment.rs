//! Exceptions in the text of a manifest: `# plimsoll: allow RULE until 2027-01-31: reason`.

use super::{annotation::can_be_excepted, parse_day};
use crate::{
    finding::Status,
    judge::host_rules::{EXPIRED_EXCEPTION, INVALID_EXCEPTION, UNUSED_EXCEPTION},
};
use jiff::civil::Date;
use plimsoll_policy::{Finding, Pointer};
use std::collections::BTreeSet;

/// What the text of a comment begins with.
const PREFIX: &str = "plimsoll:";
const REWRITE: &str = "write it like `# plimsoll: allow RULE until 2027-01-31: reason`";

/// What a comment grants, or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comment {
    /// Findings of a rule do not count.
    Grants {
        /// Name of the rule.
        rule: String,
        /// What becomes of them.
        status: Status,
    },
    /// It grants nothing, for the reason that the finding says.
    Nothing(Finding),
}

impl Comment {
    /// What to say of one that covered nothing.
    pub fn unused(rule: &str, why: &str) -> Finding {
        let message = format!("the exception from `{rule}` is unused: {why}");
        Finding::new(&UNUSED_EXCEPTION, Pointer::ROOT, message).help("delete it")
    }
}

/// Reads what stands behind the `#`.
pub(super) fn read(text: &str, rules: &BTreeSet<String>, today: Date) -> Option<Comment> {
    let text = text.trim().strip_prefix(PREFIX)?;
    Some(match parse(text, rules) {
        Ok((rule, expires, _)) if expires < today => {
            let message = format!("the exception from `{rule}` ended on {expires}: findings count again");
            let finding = Finding::new(&EXPIRED_EXCEPTION, Pointer::ROOT, message);
            Comment::Nothing(finding.help("fix what it covered and delete it, or write a new day"))
        }
        Ok((rule, expires, reason)) => {
            let status = Status::Excepted { reason: reason.to_owned(), expires: expires.to_string() };
            Comment::Grants { rule: rule.to_owned(), status }
        }
        Err((why, help)) => {
            let message = format!("this grants no exception: {why}");
            Comment::Nothing(Finding::new(&INVALID_EXCEPTION, Pointer::ROOT, message).help(help))
        }
    })
}

/// `allow RULE until DAY: REASON`.
fn parse<'a>(text: &'a str, rules: &BTreeSet<String>) -> Result<(&'a str, Date, &'a str), (String, &'static str)> {
    let wrong = |why: &str| (why.to_owned(), REWRITE);
    let text = text.trim();
    let rest = text.strip_prefix("allow").filter(|rest| rest.starts_with(char::is_whitespace));
    let rest = rest.ok_or_else(|| wrong("it does not begin with `allow`"))?;
    let (rule, rest) = rest.trim_start().split_once(char::is_whitespace).ok_or_else(|| wrong("it names no day"))?;
    can_be_excepted(rule, rules)?;
    let rest = rest.trim_start().strip_prefix("until").filter(|rest| rest.starts_with(char::is_whitespace));
    let rest = rest.ok_or_else(|| wrong("it names no day"))?;
    let (day, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let expires = parse_day(day.trim()).map_err(|why| (why, REWRITE))?;
    match reason.trim() {
        "" => Err(wrong("it gives no reason")),
        reason => Ok((rule, expires, reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn said(text: &str) -> String {
        let rules = ["latest-tag".to_owned(), "series-tag".to_owned()].into();
        match read(text, &rules, date(2027, 1, 31)) {
            None => "nothing".to_owned(),
            Some(Comment::Grants { rule, status: Status::Excepted { reason, expires } }) => {
                format!("{rule} {expires} {reason}")
            }
            Some(Comment::Grants { .. }) => unreachable!("a comment excepts"),
            Some(Comment::Nothing(finding)) => format!("{}: {}", finding.rule, finding.message),
        }
    }

    #[test]
    fn is_read_as_it_is_written() {
        for (text, expected) in [
            (" plimsoll: allow latest-tag until 2027-01-31: vendor: image", "latest-tag 2027-01-31 vendor: image"),
            ("plimsoll:allow  latest-tag  until  2027-01-31 :x", "latest-tag 2027-01-31 x"),
            ("plimsoll.dev/role: allow latest-tag until 2027-01-31: x", "nothing"),
            ("say plimsoll: allow latest-tag until 2027-01-31: x", "nothing"),
            (
                "plimsoll: allow latest-tag until 2027-01-30: x",
                "expired-exception: the exception from `latest-tag` ended on 2027-01-30: findings count again",
            ),
            (
                "plimsoll: allow latest-tag until 2027-01-31",
                "invalid-exception: this grants no exception: it gives no reason",
            ),
            ("plimsoll: allow latest-tag", "invalid-exception: this grants no exception: it names no day"),
            (
                "plimsoll: allow latest-tag: x",
                "invalid-exception: this grants no exception: unknown rule `latest-tag:`; did you mean `latest-tag`?",
            ),
            (
                "plimsoll: deny latest-tag",
                "invalid-exception: this grants no exception: it does not begin with `allow`",
            ),
            (
                "plimsoll: allow latest-tag until tomorrow: x",
                "invalid-exception: this grants no exception: `tomorrow` is not a day; write it like 2027-01-31",
            ),
            (
                "plimsoll: allow unused-exception until 2027-01-31: x",
                "invalid-exception: this grants no exception: `unused-exception` cannot be excepted",
            ),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }
}
