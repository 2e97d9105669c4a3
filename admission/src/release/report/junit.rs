//! The end for test reports: a case for each part.

use super::{
    super::{
        part::{Node, Stage},
        verdict::End,
    },
    Ending,
};
use crate::printable::printable;
use std::io::{self, Write};

pub(super) fn write(ending: &Ending<'_>, out: &mut dyn Write) -> io::Result<()> {
    let failures = ending.parts.iter().filter(|node| is_failure(node, ending)).count();
    let skipped = ending.parts.iter().filter(|node| is_open(node) && !is_failure(node, ending)).count();
    let (release, tests) = (escaped(ending.release), ending.parts.len() + 1);
    let failures = failures + usize::from(ending.end != End::Complete);
    let seconds = ending.elapsed.as_secs();
    let totals = format!(
        r#"name="plimsoll release {release}" tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}" time="{seconds}""#
    );
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, "<testsuites {totals}>\n  <testsuite {totals}>")?;
    write!(out, r#"    <testcase classname="{release}" name="is complete" time="{seconds}""#)?;
    match ending.end {
        End::Complete => writeln!(out, "/>")?,
        _ => {
            let advice = ending.cause.map(|cause| format!("{}; what to do: {}", cause.message, cause.advice));
            failure(&ending.summary, &advice.unwrap_or_default(), out)?;
        }
    }
    for node in ending.parts {
        part(node, ending, out)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn part(node: &Node, ending: &Ending<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (class, name) = (escaped(ending.release), escaped(&node.name.to_string()));
    write!(out, r#"    <testcase classname="{class}" name="{name}" time="0""#)?;
    match &node.cause {
        Some(cause) if is_failure(node, ending) => failure(cause.fault.code(), &cause.message, out),
        _ if is_open(node) => {
            writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escaped(&node.progress))
        }
        _ => writeln!(out, "/>"),
    }
}

fn failure(message: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>", escaped(message), escaped(text))
}

fn is_open(node: &Node) -> bool {
    node.stage != Stage::Done
}

fn is_failure(node: &Node, ending: &Ending<'_>) -> bool {
    let is_cause = ending.cause.is_some_and(|cause| cause.object == node.name);
    node.cause.is_some() && (is_cause || matches!(node.stage, Stage::Failed | Stage::Stuck))
}

/// As text or as an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
