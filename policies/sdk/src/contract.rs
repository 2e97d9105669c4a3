//! The contract between an application and its manifest: what the application declares of itself in annotations of
//! its pod template.
//!
//! `plimsoll.dev/<key>` speaks for the pod, `<key>.plimsoll.dev/<container>` for one container and wins. Without the
//! second form, durations and `role` hold for all application containers; endpoints for one: the container that
//! declares the port `admin-port`, else the one that `kubectl.kubernetes.io/default-container` names, else the first.

use crate::{
    Duration, Pointer, Workload,
    workload::{Class, Container, Map, Port},
};
use std::fmt;

const DOMAIN: &str = "plimsoll.dev";
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// A key of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// `worker`, `web` or `migration`.
    Role,
    /// S: longest time the process needs, from the end of the drain delay, to finish or release its work.
    ShutdownTimeout,
    /// D: time the process keeps serving after the signal before it starts to stop.
    DrainDelay,
    /// F: settling and flushing telemetry after the work is done.
    FlushTimeout,
    /// Upper bound of an exec or http preStop hook.
    PrestopMax,
    /// Longest legitimate start.
    StartupBudget,
    /// Longest legitimate time without an answer on the liveness endpoint.
    LivenessStall,
    /// Path of the liveness endpoint.
    Livez,
    /// Path of the readiness endpoint.
    Readyz,
    /// Path of the startup endpoint.
    Startupz,
    /// Number or name of the port that serves them.
    AdminPort,
    /// `competing-consumers`, `leased-partitions` or `singleton`.
    Scale,
    /// Jobs that this workload's init containers wait for, separated by commas.
    After,
    /// Longest time those Jobs may take.
    MigrationBudget,
}

/// What a key's text must be.
enum Shape {
    OneOf(&'static [&'static str]),
    Duration,
    Path,
    Port,
    Names,
}

const KEYS: [(&str, Key, Shape); 14] = [
    ("role", Key::Role, Shape::OneOf(&["worker", "web", "migration"])),
    ("shutdown-timeout", Key::ShutdownTimeout, Shape::Duration),
    ("drain-delay", Key::DrainDelay, Shape::Duration),
    ("flush-timeout", Key::FlushTimeout, Shape::Duration),
    ("prestop-max", Key::PrestopMax, Shape::Duration),
    ("startup-budget", Key::StartupBudget, Shape::Duration),
    ("liveness-stall", Key::LivenessStall, Shape::Duration),
    ("livez", Key::Livez, Shape::Path),
    ("readyz", Key::Readyz, Shape::Path),
    ("startupz", Key::Startupz, Shape::Path),
    ("admin-port", Key::AdminPort, Shape::Port),
    ("scale", Key::Scale, Shape::OneOf(&["competing-consumers", "leased-partitions", "singleton"])),
    ("after", Key::After, Shape::Names),
    ("migration-budget", Key::MigrationBudget, Shape::Duration),
];

/// The names of all keys.
pub fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(name, ..)| *name)
}

/// What an application declares of itself.
#[derive(Clone, Debug, Default)]
pub struct Contract {
    entries: Vec<Entry>,
    invalid: Vec<Invalid>,
    /// The application container that the pod's endpoints speak for.
    endpoint_container: Option<String>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Key,
    container: Option<String>,
    annotation: String,
    pointer: Pointer,
    text: String,
}

/// A declared value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared<T> {
    /// The value.
    pub value: T,
    /// The annotation's key, as written.
    pub annotation: String,
    /// JSON pointer of the annotation.
    pub pointer: Pointer,
}

/// An annotation that looks like part of a contract and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The annotation's key, as written.
    pub annotation: String,
    /// JSON pointer of the annotation.
    pub pointer: Pointer,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No such key; the nearest one that there is.
    UnknownKey {
        /// "did you mean"
        nearest: Option<&'static str>,
    },
    /// The value does not parse.
    Value(String),
    /// It names a container that the pod does not have.
    NoSuchContainer(String),
    /// It stands on the workload instead of its pod template.
    OutsidePodTemplate,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::UnknownKey { nearest: Some(nearest) } => write!(f, "no such key; did you mean `{nearest}`?"),
            Reason::UnknownKey { nearest: None } => write!(f, "no such key"),
            Reason::Value(why) => write!(f, "{why}"),
            Reason::NoSuchContainer(name) => write!(f, "the pod has no container `{name}`"),
            Reason::OutsidePodTemplate => {
                write!(f, "it stands on the workload; a contract belongs to the pod template")
            }
        }
    }
}

impl Contract {
    /// Reads the contract of a workload.
    pub fn of(workload: &Workload) -> Self {
        let pod = &workload.pod;
        let mut contract = Contract::default();
        contract.read(&pod.annotations, |annotation| pod.annotation(annotation), workload);
        // A pod is its own template.
        if !pod.pointer.is_empty() {
            contract.refuse_outside(&workload.annotations);
        }
        contract.endpoint_container = contract.find_endpoint_container(workload);
        contract
    }

    /// Annotations that look like part of a contract and are not.
    pub fn invalid(&self) -> &[Invalid] {
        &self.invalid
    }

    /// The role that a container plays.
    pub fn role(&self, container: &Container) -> Option<Declared<&str>> {
        self.text(Key::Role, container)
    }

    /// A duration that holds for a container.
    pub fn duration(&self, key: Key, container: &Container) -> Option<Declared<Duration>> {
        let declared = self.text(key, container)?;
        let value = declared.value.parse().ok()?;
        Some(Declared { value, annotation: declared.annotation, pointer: declared.pointer })
    }

    /// The path of an endpoint (`Livez`, `Readyz`, `Startupz`) of a container.
    pub fn endpoint(&self, key: Key, container: &Container) -> Option<Declared<&str>> {
        self.text(key, container)
    }

    /// The port that serves the endpoints of a container.
    pub fn admin_port(&self, container: &Container) -> Option<Declared<Port>> {
        let declared = self.text(Key::AdminPort, container)?;
        let value = parse_port(declared.value);
        Some(Declared { value, annotation: declared.annotation, pointer: declared.pointer })
    }

    /// How the workload scales.
    pub fn scale(&self) -> Option<Declared<&str>> {
        self.of_the_pod(Key::Scale).map(Entry::declared)
    }

    /// Longest time the Jobs that this workload waits for may take.
    pub fn migration_budget(&self) -> Option<Declared<Duration>> {
        let entry = self.of_the_pod(Key::MigrationBudget)?;
        let Declared { annotation, pointer, .. } = entry.declared();
        Some(Declared { value: entry.text.parse().ok()?, annotation, pointer })
    }

    /// The Jobs that this workload's init containers wait for.
    pub fn after(&self) -> impl Iterator<Item = &str> {
        self.of_the_pod(Key::After).into_iter().flat_map(|entry| names(&entry.text))
    }

    fn text(&self, key: Key, container: &Container) -> Option<Declared<&str>> {
        let own = self.entries.iter().find(|e| e.key == key && e.container.as_ref() == Some(&container.name));
        own.or_else(|| self.pod_wide(key).filter(|_| self.speaks_for(key, container))).map(Entry::declared)
    }

    fn pod_wide(&self, key: Key) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key == key && e.container.is_none())
    }

    /// What is about the pod as a whole, wherever it is said.
    fn of_the_pod(&self, key: Key) -> Option<&Entry> {
        self.pod_wide(key).or_else(|| self.entries.iter().find(|e| e.key == key))
    }

    fn speaks_for(&self, key: Key, container: &Container) -> bool {
        let is_endpoint = matches!(key, Key::Livez | Key::Readyz | Key::Startupz | Key::AdminPort);
        container.class == Class::Application
            && (!is_endpoint || self.endpoint_container.as_ref() == Some(&container.name))
    }

    fn find_endpoint_container(&self, workload: &Workload) -> Option<String> {
        let pod = &workload.pod;
        let port = self.pod_wide(Key::AdminPort).map(|entry| parse_port(&entry.text));
        let declares_port = |container: &&Container| {
            port.as_ref().is_some_and(|port| {
                container.ports.iter().any(|declared| match port {
                    Port::Number(number) => declared.container_port == *number,
                    Port::Name(name) => declared.name.as_ref() == Some(name),
                })
            })
        };
        let default = pod.annotations.get(DEFAULT_CONTAINER);
        let container = pod
            .applications()
            .find(declares_port)
            .or_else(|| pod.applications().find(|container| Some(&container.name) == default))
            .or_else(|| pod.applications().next())?;
        Some(container.name.clone())
    }

    fn read(&mut self, annotations: &Map, pointer: impl Fn(&str) -> Pointer, workload: &Workload) {
        for (annotation, text) in annotations {
            let Some((key, container)) = split(annotation) else { continue };
            let pointer = pointer(annotation);
            let no_such_container = container.filter(|name| !workload.pod.containers.iter().any(|c| c.name == **name));
            let reason = match (KEYS.iter().find(|(name, ..)| *name == key), no_such_container) {
                (None, _) => Reason::UnknownKey { nearest: nearest(key) },
                (_, Some(name)) => Reason::NoSuchContainer(name.to_owned()),
                (Some((_, key, shape)), None) => match shape.check(text) {
                    Err(why) => Reason::Value(why),
                    Ok(()) => {
                        let container = container.map(str::to_owned);
                        let (annotation, text) = (annotation.clone(), text.clone());
                        self.entries.push(Entry { key: *key, container, annotation, pointer, text });
                        continue;
                    }
                },
            };
            self.invalid.push(Invalid { annotation: annotation.clone(), pointer, reason });
        }
    }

    fn refuse_outside(&mut self, annotations: &Map) {
        for annotation in annotations.keys().filter(|annotation| split(annotation).is_some()) {
            let pointer = Pointer::ROOT.join("metadata/annotations").step(annotation);
            let reason = Reason::OutsidePodTemplate;
            self.invalid.push(Invalid { annotation: annotation.clone(), pointer, reason });
        }
    }
}

impl Entry {
    fn declared(&self) -> Declared<&str> {
        Declared { value: &self.text, annotation: self.annotation.clone(), pointer: self.pointer.clone() }
    }
}

impl Shape {
    fn check(&self, text: &str) -> Result<(), String> {
        match self {
            Shape::OneOf(values) if values.contains(&text) => Ok(()),
            Shape::OneOf(values) => Err(format!("`{text}` is none of `{}`", values.join("`, `"))),
            Shape::Duration => text.parse::<Duration>().map(drop).map_err(|error| error.to_string()),
            Shape::Path if text.starts_with('/') => Ok(()),
            Shape::Path => Err(format!("`{text}` is not a path; a path begins with `/`")),
            Shape::Port => match parse_port(text) {
                Port::Number(1..=65535) => Ok(()),
                Port::Name(name) if !name.is_empty() => Ok(()),
                _ => Err(format!("`{text}` is not a port")),
            },
            Shape::Names if names(text).next().is_some() => Ok(()),
            Shape::Names => Err("no name in it".to_owned()),
        }
    }
}

/// Key and container of an annotation of the contract; none for any other annotation.
/// `allow.plimsoll.dev/…` grants exceptions and is not part of it.
fn split(annotation: &str) -> Option<(&str, Option<&str>)> {
    let (prefix, name) = annotation.split_once('/')?;
    if prefix == DOMAIN {
        return Some((name, None));
    }
    let key = prefix.strip_suffix(DOMAIN)?.strip_suffix('.')?;
    (key != "allow").then_some((key, Some(name)))
}

fn parse_port(text: &str) -> Port {
    text.parse().map_or_else(|_| Port::Name(text.to_owned()), Port::Number)
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// The key that a typo most likely meant: at most a third of its letters off.
fn nearest(typo: &str) -> Option<&'static str> {
    let near = |distance: usize, key: &str| distance * 3 <= key.len();
    // Lengths first: an annotation may be as long as its author likes.
    let candidates = KEYS.iter().map(|(key, ..)| *key).filter(|key| near(typo.len().abs_diff(key.len()), key));
    let (distance, key) = candidates.map(|key| (edit_distance(typo, key), key)).min()?;
    near(distance, key).then_some(key)
}

/// Levenshtein distance, in bytes: keys are ASCII. A guest carries no library for this one loop.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
