//! Values as YAML in block style.

use crate::manifest::{scalar::plain, tree::Scalar};
use serde_json::Value;
use std::borrow::Cow;

/// A field, in as many lines as it takes, without a line break at the end.
pub(super) fn field(name: &str, value: &Value, column: usize, indent: usize, line_break: &str) -> String {
    let mut block = Block { lines: Vec::new(), indent };
    block.field(name, value, column);
    block.lines.join(line_break)
}

struct Block {
    lines: Vec<String>,
    indent: usize,
}

impl Block {
    fn field(&mut self, name: &str, value: &Value, column: usize) {
        let name = text(name);
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                self.line(column, &format!("{name}:"));
                for (name, value) in fields {
                    self.field(name, value, column + self.indent);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                self.line(column, &format!("{name}:"));
                items.iter().for_each(|item| self.item(item, column + self.indent));
            }
            other => self.line(column, &format!("{name}: {}", scalar(other))),
        }
    }

    fn item(&mut self, item: &Value, column: usize) {
        let Value::Object(fields) = item else { return self.line(column, &format!("- {}", scalar(item))) };
        if fields.is_empty() {
            return self.line(column, "- {}");
        }
        let first = self.lines.len();
        for (name, value) in fields {
            self.field(name, value, column + DASH.len());
        }
        self.lines[first].replace_range(column..column + DASH.len(), DASH);
    }

    fn line(&mut self, column: usize, text: &str) {
        self.lines.push(format!("{:column$}{text}", ""));
    }
}

const DASH: &str = "- ";

/// A scalar, or a collection on one line.
pub(super) fn scalar(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(string) => text(string),
        other => other.to_string().into(),
    }
}

/// A string without quotes where YAML then reads the same string.
pub(super) fn text(string: &str) -> Cow<'_, str> {
    if is_plain(string) { Cow::Borrowed(string) } else { Cow::Owned(Value::from(string).to_string()) }
}

fn is_plain(string: &str) -> bool {
    let is_simple = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-');
    string.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
        && string.bytes().all(is_simple)
        && matches!(plain(Cow::Borrowed(string)), Scalar::Text(_))
}
