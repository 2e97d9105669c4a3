//! What is wrong with a field, and a cursor that reads the fields of an object and knows its own pointer.

use super::{
    defaults::default_of,
    room::{CONTAINERS, Room},
};
use plimsoll_policy::{Pointer, workload::Map as Strings};
use serde_json::{Map, Value};
use std::{cell::RefCell, collections::BTreeSet};

/// A field that the API server would refuse, or read otherwise than its author meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct FieldError {
    /// JSON pointer of the field, or of where it belongs.
    pub pointer: Pointer,
    /// What was found and what to do: lower case, no full stop at the end.
    pub message: String,
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
    fn pointer(&self) -> Pointer {
        match self {
            Path::Root => Pointer::ROOT,
            Path::Field(parent, name) => parent.pointer().step(name),
            Path::Item(parent, name, index) => parent.pointer().step(name).step(index),
        }
    }
}

/// What could not be read of an object.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    errors: RefCell<Vec<FieldError>>,
    /// Fields that are left out because of what is in them.
    left_out: RefCell<Vec<Pointer>>,
}

impl Unreadable {
    pub(super) fn add(&self, error: FieldError) {
        self.errors.borrow_mut().push(error);
    }

    /// One error for each field, in the order in which they were found, and the pointers of all fields that are
    /// unknown for it.
    pub(super) fn into_parts(self) -> (Vec<FieldError>, Vec<Pointer>) {
        let mut seen = BTreeSet::new();
        let mut errors = self.errors.into_inner();
        errors.retain(|error| seen.insert(error.pointer.clone()));
        seen.extend(self.left_out.into_inner());
        (errors, seen.into_iter().collect())
    }
}

/// An object inside the manifest.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    fields: &'a Map<String, Value>,
    /// Where to note a field that cannot be read, which then is as if it were not there; none where that is an error.
    unreadable: Option<&'a Unreadable>,
    /// How much may be read of texts, lists and mappings; none where there is no bound.
    room: Option<&'a Room>,
    path: Path<'a>,
}

impl<'a> Node<'a> {
    /// The first field that cannot be read is an error.
    pub(super) fn root(fields: &'a Map<String, Value>) -> Self {
        Self { fields, unreadable: None, room: None, path: Path::Root }
    }

    /// Fields that cannot be read are noted, and the others read on.
    pub(super) fn noting(self, unreadable: &'a Unreadable) -> Self {
        Self { unreadable: Some(unreadable), ..self }
    }

    /// Of what is too long only the beginning is read.
    pub(super) fn within(self, room: &'a Room) -> Self {
        Self { room: Some(room), ..self }
    }

    /// Goes on without what could not be read.
    pub(super) fn or_unknown<T>(&self, read: Result<T>) -> Result<Option<T>> {
        match (read, self.unreadable) {
            (Ok(value), _) => Ok(Some(value)),
            (Err(error), Some(unreadable)) => {
                unreadable.add(error);
                Ok(None)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Goes on without a field where something in it could not be read.
    pub(super) fn or_without<T>(&self, name: &str, read: Result<Option<T>>) -> Result<Option<T>> {
        let value = self.or_unknown(read)?;
        if let (None, Some(unreadable)) = (&value, self.unreadable) {
            unreadable.left_out.borrow_mut().push(Path::Field(&self.path, name).pointer());
        }
        Ok(value.flatten())
    }

    /// Notes that something does not go with something else; both are read.
    pub(super) fn check(&self, outcome: Result<()>) -> Result<()> {
        self.or_unknown(outcome).map(|_| ())
    }

    pub(super) fn pointer(&self) -> Pointer {
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

    /// Whether a field is a list of anything.
    pub(super) fn has_items(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Array(items)) if !items.is_empty())
    }

    fn wrong_type<T>(&self, name: &str, expected: &str, found: &Value) -> Result<T> {
        self.refuse(name, wrong_type(expected, found))
    }

    pub(super) fn object<'b>(&'b self, name: &'b str) -> Result<Option<Node<'b>>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Node { fields, path: Path::Field(&self.path, name), ..*self })),
            Some(other) => self.or_unknown(self.wrong_type(name, "a mapping", other)),
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
            Some(other) => Ok(self.or_unknown(self.wrong_type(name, "a list", other))?.unwrap_or_default()),
        }
    }

    /// The items of a list of objects.
    pub(super) fn objects<'b>(&'b self, name: &'b str) -> Result<Vec<Node<'b>>> {
        let mut nodes = Vec::new();
        for (index, item) in self.list(name)?.iter().enumerate() {
            let path = Path::Item(&self.path, name, index);
            let node = match item {
                Value::Object(fields) => Ok(Node { fields, path, ..*self }),
                other => Err(FieldError { pointer: path.pointer(), message: wrong_type("a mapping", other) }),
            };
            nodes.extend(self.or_unknown(node)?);
        }
        Ok(nodes)
    }

    /// What is made of each item of a list of objects.
    pub(super) fn each<T>(&self, name: &str, read: impl Fn(&Node<'_>) -> Result<T>) -> Result<Vec<T>> {
        self.each_of(name, &self.objects(name)?, read)
    }

    /// The same of some of its items.
    pub(super) fn each_of<T>(
        &self,
        name: &str,
        items: &[Node<'_>],
        read: impl Fn(&Node<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.in_half(|| {
            let mut all = Vec::new();
            for (index, item) in items.iter().enumerate() {
                if !self.has_room() {
                    self.leave_out(name, "items", index, items.len());
                    break;
                }
                all.extend(self.or_unknown(read(item))?);
            }
            Ok(all)
        })
    }

    /// The containers of a list; `before` are those that were read already.
    pub(super) fn containers<'b>(&'b self, name: &'b str, before: usize) -> Result<Vec<Node<'b>>> {
        let mut items = self.objects(name)?;
        let most = CONTAINERS.saturating_sub(before);
        if self.room.is_some() && items.len() > most {
            self.leave_out(name, "containers", most, items.len());
            items.truncate(most);
        }
        Ok(items)
    }

    fn has_room(&self) -> bool {
        self.room.is_none_or(Room::item)
    }

    fn in_half<T>(&self, read: impl FnOnce() -> T) -> T {
        match self.room {
            Some(room) => room.half(read),
            None => read(),
        }
    }

    fn leave_out(&self, name: &str, what: &str, kept: usize, of: usize) {
        if let Some(room) = self.room {
            let pointer = || Path::Field(&self.path, name).pointer();
            room.leave_out(pointer, || format!("it has {of} {what}, of which {kept} are judged"));
        }
    }

    /// As much of a text as there is room for.
    fn fitting(&self, name: &str, text: &'a str) -> &'a str {
        let fits = self.room.map_or(text, |room| room.text(text));
        self.leave_out_of(name, text, fits);
        fits
    }

    /// The same of a part of a command; none where there is no room for any more.
    fn fitting_command(&self, name: &str, text: &'a str) -> Option<String> {
        let fits = self.room.map_or(Some(text), |room| room.command(text))?;
        self.leave_out_of(name, text, fits);
        Some(fits.to_owned())
    }

    fn leave_out_of(&self, name: &str, text: &str, fits: &str) {
        if fits.len() < text.len() {
            self.leave_out(name, "bytes", fits.len(), text.len());
        }
    }

    /// One item of a list of objects.
    pub(super) fn item<'b>(&'b self, name: &'b str, index: usize) -> Result<Option<Node<'b>>> {
        let path = Path::Item(&self.path, name, index);
        match self.list(name)?.get(index) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Node { fields, path, ..*self })),
            Some(other) => Err(FieldError { pointer: path.pointer(), message: wrong_type("a mapping", other) }),
        }
    }

    /// A list of strings, of which each has to be known.
    pub(super) fn strings(&self, name: &str) -> Result<Vec<String>> {
        let items = self.list(name)?;
        let string = |index, item: &'a Value| match item {
            Value::String(text) => Ok(self.fitting_command(name, text)),
            Value::Null => Ok(Some(String::new())),
            other => {
                let pointer = Path::Item(&self.path, name, index).pointer();
                Err(FieldError { pointer, message: wrong_type("a string", other) })
            }
        };
        self.in_half(|| {
            let mut all = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let read = if self.has_room() { self.or_unknown(string(index, item))? } else { Some(None) };
                let Some(None) = read else {
                    all.push(read.flatten());
                    continue;
                };
                self.leave_out(name, "items", index, items.len());
                break;
            }
            Ok(all.into_iter().collect::<Option<_>>().unwrap_or_default())
        })
    }

    /// Labels or annotations: strings to strings.
    pub(super) fn map(&self, name: &str) -> Result<Strings> {
        let Some(node) = self.object(name)? else { return Ok(Strings::new()) };
        self.in_half(|| {
            let mut all = Strings::new();
            for (index, key) in node.fields.keys().filter(|key| *key != LAST_APPLIED).enumerate() {
                if !self.has_room() {
                    self.leave_out(name, "entries", index, node.fields.len());
                    break;
                }
                all.insert(node.fitting(key, key).to_owned(), node.text(key)?.unwrap_or_default().to_owned());
            }
            Ok(all)
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(self.fitting(name, text))),
            Some(other) => self.or_unknown(self.wrong_type(name, "a string", other)),
        }
    }

    /// Text that is there and not empty.
    pub(super) fn required_text(&self, name: &str) -> Result<&'a str> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => self.refuse(name, format!("`{name}` is missing")),
        }
    }

    /// As [`required_text`](Self::required_text), and empty where that could not be read.
    pub(super) fn known_text(&self, name: &str) -> Result<String> {
        Ok(self.or_unknown(self.required_text(name))?.unwrap_or_default().to_owned())
    }

    pub(super) fn bool(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => Ok(self.or_unknown(self.wrong_type(name, "true or false", other))?.unwrap_or_default()),
        }
    }

    /// A whole number of at least `least`, in 32 bits as nearly all of them are.
    pub(super) fn int(&self, name: &str, least: i64) -> Result<Option<i64>> {
        self.int_between(name, least, i64::from(i32::MAX))
    }

    pub(super) fn int_between(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => self.or_unknown(self.whole_between(name, value, least, most)),
        }
    }

    fn whole_between(&self, name: &str, value: &Value, least: i64, most: i64) -> Result<i64> {
        let Some(number) = whole(value) else { return self.wrong_type(name, "a whole number", value) };
        if number < least {
            return self.refuse(name, format!("must be at least {least}, and is {number}"));
        }
        if number > most {
            return self.refuse(name, format!("must be at most {most}, and is {number}"));
        }
        Ok(number)
    }

    /// A value that is there, because it has a default.
    pub(super) fn defaulted<T>(&self, name: &str, value: Option<T>) -> Result<T> {
        match value {
            Some(value) => Ok(value),
            None => self.refuse(name, format!("`{name}` is missing")),
        }
    }

    /// The default of a field, where it is written and cannot be read.
    pub(super) fn instead<T>(&self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        self.unreadable.and(default_of(name)).and_then(|default| read(&default))
    }

    pub(super) fn defaulted_int(&self, name: &str, least: i64) -> Result<i64> {
        let value = self.int(name, least)?.or_else(|| self.instead(name, Value::as_i64));
        self.defaulted(name, value)
    }

    pub(super) fn defaulted_text(&self, name: &str) -> Result<String> {
        let default = || self.instead(name, |default| default.as_str().map(str::to_owned));
        self.defaulted(name, self.text(name)?.map(str::to_owned).or_else(default))
    }

    /// One of a few words, each with what it stands for.
    pub(super) fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*value));
        }
        let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        self.or_unknown(self.refuse(name, format!("`{text}` is none of {}", known.join(", "))))
    }

    pub(super) fn defaulted_one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<T> {
        let named = |word: &str| words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        let default = || self.instead(name, |default| named(default.as_str()?));
        self.defaulted(name, self.one_of(name, words)?.or_else(default))
    }
}

/// The annotation in which kubectl keeps a copy of the whole manifest. No rule looks at it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

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
