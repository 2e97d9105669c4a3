//! One YAML document to a value. Only this file and the configuration name serde_yaml.

use super::{
    Limits, Position, Problem,
    document::Document,
    scalar,
    tree::Tree,
    value::{Reader, Refusal},
};
use serde_json::Value;

pub(super) fn parse(document: &Document<'_>, limits: &Limits) -> Result<Value, Problem> {
    let reader = Reader::yaml(limits);
    let rewritten = scalar::as_yaml_1_2(document.text);
    let source = serde_yaml::Deserializer::from_str(rewritten.as_deref().unwrap_or(document.text));
    reader.read(source).map_err(|error| match reader.refusal() {
        Some(Refusal::Duplicate(key)) => duplicate_key(document, &key),
        Some(Refusal::Other(reason)) => problem(document, &error.to_string(), Some(reason)),
        None => problem(document, &error.to_string(), None),
    })
}

pub(super) fn duplicate_key(document: &Document<'_>, key: &str) -> Problem {
    let tree = Tree::parse(document.text);
    let Some((first, second)) = tree.as_ref().and_then(Tree::duplicate) else {
        return document.problem(document.position(1, 1), format!("duplicate key `{key}`: keep one of the two"));
    };
    let first = document.position(first.line, first.column).line;
    let message = format!("duplicate key `{key}`: it is on line {first} already; keep one of the two");
    document.problem(document.position(second.line, second.column), message)
}

/// `told` is serde_yaml's own error, `reason` ours.
fn problem(document: &Document<'_>, told: &str, reason: Option<String>) -> Problem {
    let position = position(document, told);
    let source = document.text.lines().nth(position.line - document.line).unwrap_or_default();
    let message = match reason {
        _ if is_template(document.text, source) => CHART_TEMPLATE.to_owned(),
        Some(reason) => reason,
        None => explain(told, source),
    };
    document.problem(position, message)
}

fn position(document: &Document<'_>, told: &str) -> Position {
    place(document.text, told).map_or(document.position(1, 1), |place| document.position(place.line, place.column))
}

/// libyaml tells up to two places: of the problem, and of what it was reading when it met the problem.
fn place(text: &str, told: &str) -> Option<Position> {
    let mut places = told.split(" at line ").skip(1).filter_map(|rest| {
        let mut numbers = rest.split(|other: char| !other.is_ascii_digit()).filter(|part| !part.is_empty());
        Some(Position { line: numbers.next()?.parse().ok()?, column: numbers.next()?.parse().ok()? })
    });
    // The end of the text says nothing; where the open quote or bracket is does.
    let open = told.contains("unexpected end of stream") || told.contains("unexpected document indicator");
    let place = if open { places.last() } else { places.next() };
    place.or_else(|| {
        let offset = told.split(" at position ").nth(1)?;
        let digits = offset.split(|other: char| !other.is_ascii_digit()).next()?;
        let before = text.get(..digits.parse().ok()?)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some(Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 })
    })
}

fn is_template(text: &str, source: &str) -> bool {
    source.contains("{{") || TEMPLATE_ACTIONS.iter().any(|action| text.contains(action))
}

fn explain(told: &str, source: &str) -> String {
    if source.trim_start_matches(' ').starts_with('\t') {
        return "a tab indents this line, and YAML takes spaces only".to_owned();
    }
    if told.starts_with("repetition limit exceeded") {
        return "aliases expand to too many values".to_owned();
    }
    if told.contains("more than one document") {
        return "not valid YAML: the text goes on after the end of its value".to_owned();
    }
    if told.contains("recursion limit exceeded") {
        return "too many mappings and sequences inside each other (limit `depth`)".to_owned();
    }
    format!("not valid YAML: {}", without_places(told))
}

/// What only a template has: two braces alone are often in an argument or an annotation.
const TEMPLATE_ACTIONS: [&str; 5] = ["{{-", "{{ .", "{{.", "{{ include", "{{ if"];

/// What to do about a document that is a template still.
pub(super) const CHART_TEMPLATE: &str =
    "this looks like a chart template; render it first: helm template CHART | plimsoll scan -";

/// The places are told by the position already, and count from the beginning of the document.
fn without_places(told: &str) -> String {
    let mut parts = told.split(", ").filter_map(|part| {
        let words = ["at line ", "at position "].iter().find_map(|mark| part.find(mark)).map_or(part, |at| &part[..at]);
        let words = words.trim_end();
        (!words.is_empty()).then_some(words)
    });
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + ", " + part)
}
