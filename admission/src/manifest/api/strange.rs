//! The fields of an object that a version of Kubernetes does not know, in one walk over it.

use super::{
    Gate, Version,
    table::{Field, TABLE, Table, Type},
};
use crate::{did_you_mean::nearest, printable::printable};
use plimsoll_policy::Pointer;
use serde_json::{Map, Value};
use std::fmt;

/// More of them in one object are counted, and not kept.
pub const MOST: usize = 100;

/// Fields of an object: the first of them, at most [`MOST`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Few {
    /// In the order of the object.
    pub fields: Vec<StrangeField>,
    /// How many more there are.
    pub more: usize,
}

/// A field that a version does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrangeField {
    /// Its name, fit to be shown.
    pub name: String,
    /// Where it is written.
    pub pointer: Pointer,
    /// What it is a field of.
    pub parent: Place,
    /// Name of the container that it is in.
    pub container: Option<String>,
    /// Why it is not known.
    pub strange: Strange,
}

/// Why a version does not know a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strange {
    /// No version has it.
    Unknown {
        /// Where a field of this name is known.
        belongs: Option<Place>,
        /// A field of the same parent that was probably meant.
        meant: Option<&'static str>,
    },
    /// The first minor version with it is later.
    Later(u8),
    /// The first minor version without it is earlier, or this one.
    Removed(u8),
    /// It is off unless this is turned on.
    Gated(&'static Gate),
}

/// A place in a manifest, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `a Deployment`.
    Kind(&'static str),
    /// `the Deployment's spec`.
    Spec(&'static str),
    /// `the pod's spec`.
    Pod,
    /// `the pod template`.
    Template,
    /// `a container`.
    Container,
    /// `a container's securityContext`: the other of the two.
    Other(&'static str),
    /// `metadata`, `livenessProbe`: a field of some other type, by its path from a known place.
    Field(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Kind(kind) => write!(f, "a {kind}"),
            Place::Spec(kind) => write!(f, "the {kind}'s spec"),
            Place::Pod => f.write_str("the pod's spec"),
            Place::Template => f.write_str("the pod template"),
            Place::Container => f.write_str("a container"),
            Place::Other(whose) => write!(f, "{whose} `securityContext`"),
            Place::Field(path) => write!(f, "`{path}`"),
        }
    }
}

/// The fields of one of Kubernetes' own workloads that a version does not have, and those that are off in it.
pub(super) fn fields(kind: &str, root: &Map<String, Value>, version: Version) -> (Few, Few) {
    let mut walk = Walk {
        table: &TABLE,
        version,
        path: Vec::new(),
        above: Vec::new(),
        container: None,
        unknown: Few::default(),
        gated: Few::default(),
    };
    if let Some(of) = TABLE.named(kind) {
        walk.fields(of, root);
    }
    (walk.unknown, walk.gated)
}

struct Walk<'a> {
    table: &'a Table,
    version: Version,
    /// From the object to where the walk is.
    path: Vec<Step<'a>>,
    /// The types on that way, the object's own first, each with the length of the path that leads to it.
    above: Vec<(&'a Type, usize)>,
    container: Option<&'a str>,
    unknown: Few,
    gated: Few,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Item(usize),
}

impl<'a> Walk<'a> {
    fn fields(&mut self, of: &'a Type, fields: &'a Map<String, Value>) {
        self.above.push((of, self.path.len()));
        let around = self.container;
        if is_container(of) {
            self.container = fields.get("name").and_then(Value::as_str);
        }
        for (name, value) in fields {
            self.path.push(Step::Field(name));
            let known = of.field(name);
            self.field(of, name, known);
            if let Some(within) = known.and_then(|field| self.table.within(field)) {
                self.value(within, value);
            }
            self.path.pop();
        }
        self.container = around;
        self.above.pop();
    }

    /// A mapping, or each mapping of a list; what has another type is for others to refuse.
    fn value(&mut self, of: &'a Type, value: &'a Value) {
        match value {
            Value::Object(fields) => self.fields(of, fields),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Value::Object(fields) = item {
                        self.path.push(Step::Item(index));
                        self.fields(of, fields);
                        self.path.pop();
                    }
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, of: &'a Type, name: &str, known: Option<&Field>) {
        let strange = match known {
            None if self.unknown.fields.len() < MOST => self.unknown(of, name),
            // Nothing is said of what is only counted.
            None => Strange::Unknown { belongs: None, meant: None },
            Some(field) => match in_version(field, self.version) {
                Some(strange) => strange,
                None => return,
            },
        };
        let is_kept = |few: &mut Few| {
            let is_kept = few.fields.len() < MOST;
            few.more += usize::from(!is_kept);
            is_kept
        };
        let is_gated = matches!(strange, Strange::Gated(_));
        if !is_kept(if is_gated { &mut self.gated } else { &mut self.unknown }) {
            return;
        }
        let found = StrangeField {
            name: shown(name),
            pointer: self.pointer(),
            parent: self.place(self.above.len() - 1),
            container: self.container.map(shown),
            strange,
        };
        if is_gated { self.gated.fields.push(found) } else { self.unknown.fields.push(found) }
    }

    fn unknown(&self, of: &Type, name: &str) -> Strange {
        let lasting = |of: &Type| of.field(name).is_some_and(|field| field.until.is_none());
        let names: Vec<&'static str> = of.fields.iter().filter(|field| field.until.is_none()).map(|f| f.name).collect();
        let meant = nearest(name, &names);
        let is_slip = meant.is_some_and(|meant| strsim::damerau_levenshtein(meant, name) == 1);
        let below = if is_slip { None } else { other(self.table, of, name).or_else(|| below(self.table, of, name)) };
        let above = || (0..self.above.len() - 1).rev().find(|index| lasting(self.above[*index].0));
        let above = || if EVERYWHERE.contains(&name) { None } else { above().map(|index| self.place(index)) };
        Strange::Unknown { belongs: below.or_else(above), meant }
    }

    fn pointer(&self) -> Pointer {
        let mut pointer = Pointer::ROOT;
        for step in &self.path {
            match step {
                Step::Field(name) => pointer.push(name),
                Step::Item(index) => pointer.push(index),
            }
        }
        pointer
    }

    /// The place of a type that the walk is in, by its index in `above`.
    fn place(&self, index: usize) -> Place {
        let (of, length) = self.above[index];
        if index == 0 {
            return Place::Kind(of.name);
        }
        named(of).unwrap_or_else(|| {
            let known = (0..index).rev().find(|above| *above == 0 || named(self.above[*above].0).is_some());
            let from = self.above[known.unwrap_or_default()].1;
            let steps = self.path[from..length].iter().filter_map(|step| match step {
                Step::Field(name) => Some(*name),
                Step::Item(_) => None,
            });
            Place::Field(steps.collect::<Vec<_>>().join("."))
        })
    }
}

/// Why a version does not know a field that some versions know.
fn in_version(field: &Field, version: Version) -> Option<Strange> {
    let minor = version.minor();
    let later = field.since.filter(|since| minor < *since).map(Strange::Later);
    let removed = || field.until.filter(|until| minor >= *until).map(Strange::Removed);
    let gated = || field.gate.filter(|gate| gate.is_off(version)).map(Strange::Gated);
    later.or_else(removed).or_else(gated)
}

/// The place of a type that people know by a name.
fn named(of: &Type) -> Option<Place> {
    match of.name {
        "PodSpec" => Some(Place::Pod),
        "PodTemplateSpec" => Some(Place::Template),
        _ if is_container(of) => Some(Place::Container),
        other => other.strip_suffix("Spec").filter(|kind| KINDS.contains(kind)).map(Place::Spec),
    }
}

/// The kinds with a spec of their own.
const KINDS: [&str; 7] =
    ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"];

fn is_container(of: &Type) -> bool {
    matches!(of.name, "Container" | "EphemeralContainer")
}

/// Pods and containers have fields of one name with different fields in them.
fn other(table: &Table, of: &Type, name: &str) -> Option<Place> {
    let (other, whose) = match of.name {
        "PodSecurityContext" => ("SecurityContext", "a container's"),
        "SecurityContext" => ("PodSecurityContext", "the pod's"),
        _ => return None,
    };
    table.named(other)?.field(name).map(|_| Place::Other(whose))
}

/// Nearly every type has these, so that another one has them says nothing.
const EVERYWHERE: [&str; 3] = ["apiVersion", "kind", "name"];

/// Further down than this a name means something else. `spec`, `template` and `jobTemplate` are no step down.
const DEEPEST: usize = 1;

/// The one place below a type where a field of this name is known. Of several, a container or a direct part wins.
fn below(table: &Table, of: &Type, name: &str) -> Option<Place> {
    let mut level = vec![(of, String::new())];
    for depth in 0..=DEEPEST {
        let mut index = 0;
        let mut next = Vec::new();
        while index < level.len() {
            let (of, path) = level[index].clone();
            for (field, within) in of.fields.iter().filter_map(|field| Some((field, table.within(field)?))) {
                let path = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
                let is_part = matches!(field.name, "spec" | "template" | "jobTemplate");
                if is_part { level.push((within, path)) } else { next.push((within, path)) }
            }
            index += 1;
        }
        // The type itself is not below itself.
        let found = level.iter().skip(usize::from(depth == 0)).filter(|(of, _)| of.field(name).is_some());
        let mut places: Vec<Place> =
            found.map(|(of, path)| named(of).unwrap_or_else(|| Place::Field(path.clone()))).collect();
        places.dedup();
        match places.as_slice() {
            [] => level = next,
            [only] => return Some(only.clone()),
            several => {
                let mut direct =
                    several.iter().filter(|place| matches!(place, Place::Field(path) if !path.contains('.')));
                return match (several.contains(&Place::Container), direct.next(), direct.next()) {
                    (true, ..) => Some(Place::Container),
                    (false, Some(only), None) => Some(only.clone()),
                    _ => None,
                };
            }
        }
    }
    None
}

/// No more characters of a name are worth showing.
const LONGEST: usize = 64;

fn shown(name: &str) -> String {
    let mut shown: String = printable(name).chars().take(LONGEST).collect();
    if shown.len() < printable(name).len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
