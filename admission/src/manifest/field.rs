//! What is wrong with a field, and a cursor that reads the fields of an object and knows its own pointer.

use super::defaults::Filled;
use plimsoll_policy::{
    escape,
    workload::{Defaulted, Map as Strings},
};
use serde_json::{Map, Value};

/// A field that the API server would refuse, or read otherwise than its author meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct FieldError {
    /// JSON pointer of the field, or of where it belongs.
    pub pointer: String,
    /// What was found and what to do: lower case, no full stop at the end.
    pub message: String,
}

/// The steps of a JSON pointer.
pub(super) fn steps(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"))
}

pub(super) type Result<T> = std::result::Result<T, FieldError>;

/// The way from the root of the object to one of its nodes.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, &'a str, usize),
}

impl Path<'_> {
    fn pointer(&self) -> String {
        match self {
            Path::Root => String::new(),
            Path::Field(parent, name) => format!("{}/{}", parent.pointer(), escape(name)),
            Path::Item(parent, name, index) => format!("{}/{}/{index}", parent.pointer(), escape(name)),
        }
    }
}

/// An object inside the manifest.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    fields: &'a Map<String, Value>,
    filled: Option<&'a Filled>,
    path: Path<'a>,
}

impl<'a> Node<'a> {
    pub(super) fn root(fields: &'a Map<String, Value>, filled: &'a Filled) -> Self {
        Self { fields, filled: Some(filled), path: Path::Root }
    }

    pub(super) fn pointer(&self) -> String {
        self.path.pointer()
    }

    /// Refuses a field of this object.
    pub(super) fn refuse<T>(&self, name: &str, message: impl Into<String>) -> Result<T> {
        Err(FieldError { pointer: Path::Field(&self.path, name).pointer(), message: message.into() })
    }

    /// Refuses this object itself.
    pub(super) fn refuse_self<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(FieldError { pointer: self.pointer(), message: message.into() })
    }

    /// A field; null is as good as nothing.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn wrong_type<T>(&self, name: &str, expected: &str, found: &Value) -> Result<T> {
        self.refuse(name, wrong_type(expected, found))
    }

    pub(super) fn object<'b>(&'b self, name: &'b str) -> Result<Option<Node<'b>>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => {
                let filled = self.filled.and_then(|filled| filled.field(name));
                Ok(Some(Node { fields, filled, path: Path::Field(&self.path, name) }))
            }
            Some(other) => self.wrong_type(name, "a mapping", other),
        }
    }

    pub(super) fn required_object<'b>(&'b self, name: &'b str) -> Result<Node<'b>> {
        match self.object(name)? {
            Some(node) => Ok(node),
            None => self.refuse(name, format!("`{name}` is missing")),
        }
    }

    fn list(&self, name: &str) -> Result<&'a [Value]> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => self.wrong_type(name, "a list", other),
        }
    }

    /// The items of a list of objects.
    pub(super) fn objects<'b>(&'b self, name: &'b str) -> Result<Vec<Node<'b>>> {
        let items = self.list(name)?.iter().enumerate();
        items
            .map(|(index, item)| {
                let path = Path::Item(&self.path, name, index);
                match item {
                    Value::Object(fields) => {
                        let filled = self.filled.and_then(|filled| filled.item(name, index));
                        Ok(Node { fields, filled, path })
                    }
                    other => Err(FieldError { pointer: path.pointer(), message: wrong_type("a mapping", other) }),
                }
            })
            .collect()
    }

    pub(super) fn strings(&self, name: &str) -> Result<Vec<String>> {
        let items = self.list(name)?.iter().enumerate();
        items
            .map(|(index, item)| match item {
                Value::String(text) => Ok(text.clone()),
                Value::Null => Ok(String::new()),
                other => {
                    let pointer = Path::Item(&self.path, name, index).pointer();
                    Err(FieldError { pointer, message: wrong_type("a string", other) })
                }
            })
            .collect()
    }

    /// Labels or annotations: strings to strings.
    pub(super) fn map(&self, name: &str) -> Result<Strings> {
        let Some(node) = self.object(name)? else { return Ok(Strings::new()) };
        let entries = node.fields.keys().map(|key| Ok((key.clone(), node.text(key)?.unwrap_or_default().to_owned())));
        entries.collect()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => self.wrong_type(name, "a string", other),
        }
    }

    /// Text that is there and not empty.
    pub(super) fn required_text(&self, name: &str) -> Result<&'a str> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => self.refuse(name, format!("`{name}` is missing")),
        }
    }

    pub(super) fn bool(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => self.wrong_type(name, "true or false", other),
        }
    }

    /// A whole number of at least `least`, in 32 bits as nearly all of them are.
    pub(super) fn int(&self, name: &str, least: i64) -> Result<Option<i64>> {
        self.int_between(name, least, i64::from(i32::MAX))
    }

    pub(super) fn int_between(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let Some(number) = whole(value) else { return self.wrong_type(name, "a whole number", value) };
        if number < least {
            return self.refuse(name, format!("must be at least {least}, and is {number}"));
        }
        if number > most {
            return self.refuse(name, format!("must be at most {most}, and is {number}"));
        }
        Ok(Some(number))
    }

    /// A value that has a default, and whether it was written.
    pub(super) fn defaulted<T>(&self, name: &str, value: Option<T>) -> Result<Defaulted<T>> {
        match value {
            Some(value) => Ok(Defaulted { value, written: self.is_written(name) }),
            None => self.refuse(name, format!("`{name}` is missing")),
        }
    }

    pub(super) fn is_written(&self, name: &str) -> bool {
        self.has(name) && self.filled.is_none_or(|filled| !filled.has(name))
    }

    pub(super) fn defaulted_int(&self, name: &str, least: i64) -> Result<Defaulted<i64>> {
        self.defaulted(name, self.int(name, least)?)
    }

    pub(super) fn defaulted_text(&self, name: &str) -> Result<Defaulted<String>> {
        self.defaulted(name, self.text(name)?.map(str::to_owned))
    }

    /// One of a few words, each with what it stands for.
    pub(super) fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*value));
        }
        let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        self.refuse(name, format!("`{text}` is none of {}", known.join(", ")))
    }

    pub(super) fn defaulted_one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Defaulted<T>> {
        self.defaulted(name, self.one_of(name, words)?)
    }
}

/// 3.0 counts: so Go's JSON reads it, and webhooks see 3.
pub(super) fn whole(value: &Value) -> Option<i64> {
    let float = || value.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15).map(|float| float as i64);
    value.as_i64().or_else(float)
}

fn wrong_type(expected: &str, found: &Value) -> String {
    let (found, help) = match found {
        Value::Null => ("nothing".to_owned(), ""),
        Value::Bool(value) if expected == "a string" => {
            (value.to_string(), "; put it in quotes (YAML reads a plain yes, no, on, off, y or n as true or false)")
        }
        Value::Bool(value) => (value.to_string(), ""),
        Value::Number(number) if expected == "a string" => (format!("the number {number}"), "; put it in quotes"),
        Value::Number(number) => (format!("the number {number}"), ""),
        Value::String(text) => {
            let quoted_number = expected == "a whole number" && text.parse::<i64>().is_ok();
            let help = if quoted_number { "; remove the quotes" } else { "" };
            (format!("the string {text:?}"), help)
        }
        Value::Array(_) => ("a list".to_owned(), ""),
        Value::Object(_) => ("a mapping".to_owned(), ""),
    };
    format!("must be {expected}, and is {found}{help}")
}
