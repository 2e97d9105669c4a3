//! S: where a container's shutdown timeout comes from. In this order:
//! an explicit flag of a known framework, its explicit variable, the annotation for the container, the annotation for
//! the pod, a generic variable with a unit, the framework's default.

use crate::{
    command::CommandLine,
    detectors::{CustomDetector, DETECTORS, Detector, GENERIC},
    shell::Word,
    unit::Unit,
};
use plimsoll_policy::{
    Duration, Pointer,
    contract::{Contract, Declared, Key},
    workload::{Container, EnvVar},
};

pub(crate) enum Shutdown {
    Known(Known),
    Unknown(Unknown),
}

pub(crate) struct Known {
    pub(crate) length: Duration,
    /// The flag, the variable, the annotation, or whose default it is.
    pub(crate) source: String,
    pub(crate) origin: Origin,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag or a variable that a known framework reads.
    Framework,
    Annotation,
    GenericVariable,
    Default,
    /// A default that may not hold: the framework is only inferred, or `envFrom` may say otherwise.
    Inferred,
}

/// Nobody says, or nobody can tell from the manifest.
#[derive(Default)]
pub(crate) struct Unknown {
    pub(crate) obstacle: Option<Obstacle>,
    /// How one would tell the framework that was recognised.
    pub(crate) advice: Option<String>,
}

/// Something in the manifest that sets S to a value which cannot be told.
pub(crate) struct Obstacle {
    pub(crate) why: String,
    pub(crate) pointer: Option<Pointer>,
}

impl Shutdown {
    /// Zero where it is unknown: a lower bound.
    pub(crate) fn length(&self) -> Duration {
        match self {
            Shutdown::Known(known) => known.length,
            Shutdown::Unknown(_) => Duration::ZERO,
        }
    }

    pub(crate) fn known(&self) -> Option<&Known> {
        match self {
            Shutdown::Known(known) => Some(known),
            Shutdown::Unknown(_) => None,
        }
    }
}

type Reading = Result<Known, Obstacle>;

pub(crate) fn find(container: &Container, contract: &Contract, custom: &[CustomDetector]) -> Shutdown {
    let line = CommandLine::of(container);
    let custom = custom.iter().map(CustomDetector::row).filter_map(|row| Some((row, row.recognise(container, &line)?)));
    let built_in = DETECTORS.iter().filter_map(|row| Some((*row, row.recognise(container, &line)?)));
    let rows: Vec<_> =
        custom.chain(built_in).map(|(row, arguments)| Recognised { row, arguments, container, line: &line }).collect();

    let explicit = rows.iter().find_map(Recognised::flag).or_else(|| rows.iter().find_map(Recognised::variable));
    let obstacle = match explicit {
        Some(Ok(known)) => return Shutdown::Known(known),
        Some(Err(obstacle)) => Some(obstacle),
        None => None,
    };
    if let Some(declared) = contract.duration(Key::ShutdownTimeout, container) {
        let Declared { value: length, annotation: source, .. } = declared;
        return Shutdown::Known(Known { length, source, origin: Origin::Annotation });
    }
    let fallback = match obstacle {
        Some(obstacle) => Some(Err(obstacle)),
        None => generic(container).or_else(|| rows.iter().find_map(Recognised::default).map(Ok)),
    };
    let obstacle = match fallback {
        Some(Ok(known)) => return Shutdown::Known(known),
        Some(Err(obstacle)) => Some(obstacle),
        None => None,
    };
    Shutdown::Unknown(Unknown { obstacle, advice: rows.first().and_then(|recognised| recognised.row.advice()) })
}

/// A framework that a container was recognised to run.
struct Recognised<'a, 'c> {
    row: Detector<'a>,
    /// Words in which its flags may stand.
    arguments: Vec<&'c [Word]>,
    container: &'c Container,
    line: &'c CommandLine,
}

impl Recognised<'_, '_> {
    fn flag(&self) -> Option<Reading> {
        let on_the_line = self.arguments.iter().find_map(|words| self.flag_in(words));
        on_the_line.or_else(|| self.row.flag_variables.iter().find_map(|name| self.flag_in_variable(name)))
    }

    /// The last of the flags in a list of words: all these frameworks let the last one win.
    fn flag_in(&self, words: &[Word]) -> Option<Reading> {
        let (flag, value) = (0..words.len()).rev().find_map(|at| {
            let value = |flag| Some((flag, flag_value(flag, &words[at], words.get(at + 1))?));
            self.row.flags.iter().find_map(value)
        })?;
        let Some(value) = value.filter(|value| !value.dynamic) else {
            return Some(Err(Obstacle {
                why: format!("`{flag}` is given a value that only the pod knows"),
                pointer: None,
            }));
        };
        Some(self.read(&value.text, flag, None))
    }

    fn flag_in_variable(&self, name: &str) -> Option<Reading> {
        let (at, variable) = variable(self.container, |other| other == name)?;
        match &variable.value {
            Some(text) => self.flag_in(&CommandLine::of_options(text)),
            // `JAVA_TOOL_OPTIONS` from a secret is no sign of a shutdown timeout.
            None if self.row.telling_flags => None,
            None => Some(Err(elsewhere(self.container, at, name))),
        }
    }

    /// Of several variables the longest time counts: which of them wins depends on the framework's version.
    fn variable(&self) -> Option<Reading> {
        if !self.row.sum.is_empty() {
            return self.sum();
        }
        let mut longest: Option<Known> = None;
        for name in self.row.variables.iter() {
            match self.variable_named(name) {
                Some(Ok(known)) if longest.as_ref().is_none_or(|longest| known.length > longest.length) => {
                    longest = Some(known);
                }
                Some(Err(obstacle)) => return Some(Err(obstacle)),
                _ => {}
            }
        }
        longest.map(Ok)
    }

    fn variable_named(&self, name: &str) -> Option<Reading> {
        if self.line.sets(name) {
            return Some(Err(Obstacle { why: format!("the command sets `{name}` itself"), pointer: None }));
        }
        let (at, variable) = variable(self.container, |other| self.row.is_variable(other, name))?;
        match &variable.value {
            None => Some(Err(elsewhere(self.container, at, &variable.name))),
            Some(text) if text.is_empty() => None,
            Some(text) => Some(self.read(text, &variable.name, Some(value_pointer(self.container, at)))),
        }
    }

    fn sum(&self) -> Option<Reading> {
        let mut length = Duration::ZERO;
        let mut sources = Vec::new();
        for (name, otherwise) in self.row.sum {
            match self.variable_named(name) {
                Some(Ok(known)) => {
                    length = length + known.length;
                    sources.push(known.source);
                }
                Some(Err(obstacle)) => return Some(Err(obstacle)),
                None => length = length + *otherwise,
            }
        }
        let source = sources.join(" + ");
        (!source.is_empty()).then_some(Ok(Known { length, source, origin: Origin::Framework }))
    }

    fn read(&self, text: &str, source: &str, pointer: Option<Pointer>) -> Reading {
        let parsed = if text.contains("$(") { None } else { self.row.unit.parse(text) };
        let Some(length) = parsed else {
            let name = self.row.name;
            return Err(Obstacle {
                why: format!("`{source}` is `{text}`, which {name} does not read as a time"),
                pointer,
            });
        };
        Ok(Known { length, source: source.to_owned(), origin: Origin::Framework })
    }

    fn default(&self) -> Option<Known> {
        let length = self.row.default?;
        let names_a_file = |word: &Word| self.row.file_flags.iter().any(|flag| is_flag(flag, word));
        if self.arguments.iter().copied().flatten().any(names_a_file) {
            return None;
        }
        if let Some((name, value)) = self.row.default_needs {
            let (_, variable) = variable(self.container, |other| other == name)?;
            variable.value.as_deref().filter(|given| given.eq_ignore_ascii_case(value))?;
        }
        let reads_variables = self.row.variables.iter().chain(self.row.flag_variables.iter()).next().is_some();
        let may_differ = self.row.inferred || (reads_variables && self.container.has_env_from);
        let (origin, suffix) = if may_differ { (Origin::Inferred, ", inferred") } else { (Origin::Default, "") };
        Some(Known { length, source: format!("default of {}{suffix}", self.row.name), origin })
    }
}

/// A variable that any application may read. A bare number may be seconds or milliseconds.
fn generic(container: &Container) -> Option<Reading> {
    let (at, variable) = variable(container, |name| GENERIC.contains(&name))?;
    let name = &variable.name;
    let Some(text) = &variable.value else { return Some(Err(elsewhere(container, at, name))) };
    if text.is_empty() {
        return None;
    }
    let Some(length) = Unit::WithUnit.parse(text) else {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let problem = if is_number { "unit unknown" } else { "not a time with a unit" };
        let why = format!("`{name}` is `{text}`: {problem}");
        return Some(Err(Obstacle { why, pointer: Some(value_pointer(container, at)) }));
    };
    Some(Ok(Known { length, source: name.clone(), origin: Origin::GenericVariable }))
}

/// The last variable whose name is wanted, as in the kubelet, and its index.
fn variable(container: &Container, wanted: impl Fn(&str) -> bool) -> Option<(usize, &EnvVar)> {
    container.env.iter().enumerate().rev().find(|(_, variable)| wanted(&variable.name))
}

fn elsewhere(container: &Container, at: usize, name: &str) -> Obstacle {
    Obstacle {
        why: format!("`{name}` comes from `valueFrom`"),
        pointer: Some(container.field(&format!("env/{at}/valueFrom"))),
    }
}

fn value_pointer(container: &Container, at: usize) -> Pointer {
    container.field(&format!("env/{at}/value"))
}

/// The value given to a flag by a word and the one after it: `--flag value`, `--flag=value`, `-t40`. The outer option
/// is whether the word is the flag at all.
fn flag_value(flag: &str, word: &Word, next: Option<&Word>) -> Option<Option<Word>> {
    if word.text == flag {
        return Some(next.cloned());
    }
    let rest = word.text.strip_prefix(flag)?;
    let is_short = flag.len() == 2 && rest.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    let value = rest.strip_prefix('=').or(is_short.then_some(rest))?;
    Some(Some(Word { text: value.to_owned(), ..word.clone() }))
}

fn is_flag(flag: &str, word: &Word) -> bool {
    let attached = |rest: &str| rest.is_empty() || rest.starts_with('=') || flag.len() == 2;
    word.text.strip_prefix(flag).is_some_and(attached)
}

#[cfg(test)]
mod tests;
