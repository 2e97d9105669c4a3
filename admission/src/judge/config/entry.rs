//! Walks the tree of a configuration and collects what is wrong with it: all of it, not only the first.

use crate::did_you_mean;
use plimsoll_policy::{Level, Pointer};
use serde_json::{Map, Value};

/// What is wrong, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Complaint {
    /// JSON pointer into the configuration.
    pub pointer: Pointer,
    /// Which of the two to show.
    pub about: About,
    /// What was found and what to do: lower case, no full stop at the end.
    pub message: String,
}

/// What a complaint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum About {
    Key,
    Value,
}

impl Complaint {
    /// About the name of a field.
    pub fn key(pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        Complaint { pointer: pointer.into(), about: About::Key, message: message.into() }
    }

    /// About what a field holds.
    pub fn value(pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        Complaint { pointer: pointer.into(), about: About::Value, message: message.into() }
    }
}

/// A value of the configuration, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) value: &'a Value,
    pub(super) pointer: Pointer,
}

/// The fields of a mapping.
pub(super) struct Fields<'a> {
    map: Option<&'a Map<String, Value>>,
    pointer: Pointer,
    /// Whether there is a mapping, or nothing; anything else was complained about and lacks no field.
    is_mapping: bool,
}

type Complaints = Vec<Complaint>;

impl<'a> Entry<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Entry { value, pointer: Pointer::ROOT }
    }

    /// The fields, of which only those in `known` may be there. Nothing (`probes:`) has no fields.
    pub(super) fn fields(&self, known: &[&str], complaints: &mut Complaints) -> Fields<'a> {
        let entries = self.entries(complaints);
        for unknown in entries.iter().filter(|(name, _)| !known.contains(name)) {
            let message = did_you_mean::unknown("field", unknown.0, known.iter().copied());
            complaints.push(Complaint::key(&unknown.1.pointer, message));
        }
        let is_mapping = self.value.is_object() || self.value.is_null();
        Fields { map: self.value.as_object(), pointer: self.pointer.clone(), is_mapping }
    }

    /// The fields of a mapping whose keys are free.
    pub(super) fn entries(&self, complaints: &mut Complaints) -> Vec<(&'a str, Entry<'a>)> {
        match self.value {
            Value::Object(map) => map
                .iter()
                .map(|(name, value)| (name.as_str(), Entry { value, pointer: child(&self.pointer, name) }))
                .collect(),
            Value::Null => Vec::new(),
            _ => self.complain("a mapping", complaints).unwrap_or_default(),
        }
    }

    pub(super) fn items(&self, complaints: &mut Complaints) -> Vec<Entry<'a>> {
        match self.value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, value)| Entry { value, pointer: child(&self.pointer, index) })
                .collect(),
            Value::Null => Vec::new(),
            _ => self.complain("a list", complaints).unwrap_or_default(),
        }
    }

    pub(super) fn text(&self, complaints: &mut Complaints) -> Option<&'a str> {
        match self.value.as_str().map(str::trim) {
            Some("") => {
                complaints.push(Complaint::value(&self.pointer, "this is empty"));
                None
            }
            None => self.complain("text", complaints),
            text => text,
        }
    }

    pub(super) fn boolean(&self, complaints: &mut Complaints) -> Option<bool> {
        self.value.as_bool().or_else(|| self.complain("true or false", complaints))
    }

    /// YAML 1.1 reads `off` as false.
    pub(super) fn level(&self, complaints: &mut Complaints) -> Option<Level> {
        const LEVELS: [Level; 4] = [Level::Deny, Level::Warn, Level::Note, Level::Off];
        match self.value {
            Value::Bool(false) => Some(Level::Off),
            Value::String(text) => self.one_of("level", &LEVELS.map(|level| (level.name(), level)), text, complaints),
            _ => self.complain("a level (deny, warn, note or off)", complaints),
        }
    }

    /// What the name stands for.
    pub(super) fn one_of<T: Copy>(
        &self,
        what: &str,
        known: &[(&str, T)],
        text: &str,
        complaints: &mut Complaints,
    ) -> Option<T> {
        let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let message = did_you_mean::unknown(what, text, known.iter().map(|(name, _)| *name));
            complaints.push(Complaint::value(&self.pointer, message));
        }
        found
    }

    fn complain<T>(&self, expected: &str, complaints: &mut Complaints) -> Option<T> {
        let found = match self.value {
            Value::Null => "nothing",
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a mapping",
        };
        complaints.push(Complaint::value(&self.pointer, format!("expected {expected}, found {found}")));
        None
    }
}

impl<'a> Fields<'a> {
    pub(super) fn get(&self, name: &str) -> Option<Entry<'a>> {
        let value = self.map?.get(name)?;
        Some(Entry { value, pointer: child(&self.pointer, name) })
    }

    /// A field that must be there.
    pub(super) fn require(&self, name: &str, complaints: &mut Complaints) -> Option<Entry<'a>> {
        let entry = self.get(name);
        if entry.is_none() && self.is_mapping {
            complaints.push(Complaint::value(&self.pointer, format!("`{name}` is missing")));
        }
        entry
    }

    /// Text that must be there.
    pub(super) fn text(&self, name: &str, complaints: &mut Complaints) -> Option<&'a str> {
        self.require(name, complaints)?.text(complaints)
    }
}

fn child(pointer: &Pointer, step: impl std::fmt::Display) -> Pointer {
    pointer.step(step)
}
