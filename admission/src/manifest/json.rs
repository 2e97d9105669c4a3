//! One JSON document to a value.

use super::{
    Limits, Problem,
    document::Document,
    value::{Reader, Refusal},
    yaml,
};
use serde_json::Value;

/// Parses `body`, the JSON of a document. What is no JSON may be YAML in flow style still.
pub(super) fn parse(document: &Document<'_>, body: &str, limits: &Limits) -> Option<Result<Value, Problem>> {
    let reader = Reader::json(limits);
    let mut source = serde_json::Deserializer::from_str(body);
    let error = match reader.read(&mut source).and_then(|value| source.end().map(|()| value)) {
        Ok(value) => return Some(Ok(value)),
        Err(error) => error,
    };
    let at_beginning = document.position(1, 1);
    match reader.refusal() {
        Some(Refusal::Duplicate(key)) => Some(Err(yaml::duplicate_key(document, &key))),
        Some(Refusal::Other(reason)) => Some(Err(document.problem(at_beginning, reason))),
        None if error.is_syntax() || error.is_eof() => None,
        None => Some(Err(document.problem(at_beginning, without_place(&error.to_string())))),
    }
}

fn without_place(told: &str) -> String {
    told.rfind(" at line ").map_or(told, |at| &told[..at]).to_owned()
}
