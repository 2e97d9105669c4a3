//! One JSON document to a value.

use super::{Limits, Problem, document::Document, tree::Tree, value::Reader};
use serde_json::Value;

/// Parses `body`, the JSON of a document. What is no JSON may be YAML in flow style still.
pub(super) fn parse(document: &Document<'_>, body: &str, limits: &Limits) -> Option<Result<Value, Problem>> {
    let reader = Reader::json(limits);
    let mut source = serde_json::Deserializer::from_str(body);
    let error = match reader.read(&mut source).and_then(|value| source.end().map(|()| value)) {
        Ok(value) => return Some(Ok(value)),
        Err(error) => error,
    };
    let key = reader.duplicate();
    if key.is_none() && (error.is_syntax() || error.is_eof()) {
        return None;
    }
    let at = key.is_some().then(|| Tree::parse(document.text)?.duplicate()).flatten();
    let position = at.map_or(document.position(1, 1), |(_, second)| document.position(second.line, second.column));
    let message = match key {
        Some(key) => format!("duplicate key `{key}`: keep one of the two"),
        None => without_place(&error.to_string()),
    };
    Some(Err(document.problem(position, message)))
}

fn without_place(told: &str) -> String {
    told.rfind(" at line ").map_or(told, |at| &told[..at]).to_owned()
}
