//! S: where a container's shutdown timeout comes from. In this order:
//! an explicit flag of a known framework, its explicit variable, the annotation for the container, the annotation for
//! the pod, a generic variable with a unit, the framework's default.

use crate::{
    command::{CommandLine, Program},
    detectors::{CustomDetector, DETECTORS, Detector, GENERIC},
    unit::Unit,
};
use plimsoll_policy::{
    Duration,
    contract::{Contract, Declared, Key},
    shell::Word,
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
    /// The default of a framework, which code or a file of the image may change; or one of several branches.
    Inferred,
}

/// The manifest does not say it, or says it in a way that cannot be read from here.
#[derive(Default)]
pub(crate) struct Unknown {
    pub(crate) obstacle: Option<Obstacle>,
    /// How to tell it to the framework that was recognised.
    pub(crate) advice: Option<String>,
}

/// Something in the manifest that sets S to a value which cannot be told.
pub(crate) struct Obstacle {
    pub(crate) why: String,
    pub(crate) pointer: Option<String>,
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

/// What a container is, as far as its shutdown timeout depends on it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) container: &'a Container,
    pub(crate) line: &'a CommandLine,
    /// It is meant to end by itself, so that it may well have no host for services.
    pub(crate) runs_to_completion: bool,
    pub(crate) custom: &'a [CustomDetector],
}

impl<'a> Subject<'a> {
    /// S, in the order of this module's first lines.
    pub(crate) fn shutdown(self, contract: &Contract) -> Shutdown {
        let recognised = self.recognised();
        let explicit = match self.line.unreadable() {
            Some((_, unreadable)) => {
                Some(obstacle(format!("the shell string cannot be read ({})", unreadable.construct)))
            }
            None => merged(recognised.iter().map(|rows| explicit(rows))),
        };
        let annotation = contract.duration(Key::ShutdownTimeout, self.container).map(|declared| {
            let Declared { value: length, annotation: source, .. } = declared;
            Known { length, source, origin: Origin::Annotation }
        });
        let reading = match (explicit, annotation) {
            (Some(Ok(known)), None) => Some(Ok(known)),
            (Some(Ok(known)), Some(_)) if known.origin == Origin::Framework => Some(Ok(known)),
            (_, Some(annotation)) => Some(Ok(annotation)),
            (Some(Err(obstacle)), None) => Some(Err(obstacle)),
            (None, None) => self.generic().or_else(|| merged(recognised.iter().map(|rows| default(rows)))),
        };
        let obstacle = match reading {
            Some(Ok(known)) => return Shutdown::Known(known),
            Some(Err(obstacle)) => Some(obstacle),
            None => None,
        };
        let advice = recognised.iter().flatten().next().and_then(|recognised| recognised.row.advice());
        Shutdown::Unknown(Unknown { obstacle, advice })
    }

    /// D as a framework is told it, with the variable's name. It is only inferred: a switch at build time turns it on.
    pub(crate) fn delay(self) -> Option<(Duration, String)> {
        let recognised = self.recognised();
        let rows = || recognised.iter().flatten();
        let known = rows().find_map(|row| row.row.delays.iter().find_map(|name| row.variable_named(name)?.ok()))?;
        Some((known.length, known.source))
    }

    /// The rows that recognise each of the programs that may run.
    fn recognised(self) -> Vec<Vec<Recognised<'a>>> {
        let rows = |program: Option<&'a Program>| {
            let custom = self.custom.iter().map(CustomDetector::row);
            let recognise = |row: Detector<'a>| {
                let arguments = row.recognise(self.container, program)?;
                Some(Recognised { row, arguments, subject: self })
            };
            custom.chain(DETECTORS).filter_map(recognise).collect()
        };
        match (&*self.line.programs, &self.line.script) {
            ([], None) => vec![rows(None)],
            (programs, _) => programs.iter().map(|program| rows(Some(program))).collect(),
        }
    }

    /// A variable that any application may read. A bare number may be seconds or milliseconds.
    fn generic(self) -> Option<Reading> {
        let (at, variable) = variable(self.container, |name| GENERIC.contains(&name))?;
        let name = &variable.name;
        if self.line.changes(|changed| changed == name).is_some() {
            return Some(obstacle(format!("the command sets `{name}` itself")));
        }
        let Some(text) = &variable.value else { return Some(Err(elsewhere(self.container, at, name))) };
        if text.is_empty() {
            return None;
        }
        let Some(length) = Unit::WithUnit.parse(text) else {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let problem = if is_number { "unit unknown" } else { "not a time with a unit" };
            let why = format!("`{name}` is `{text}`: {problem}");
            return Some(Err(Obstacle { why, pointer: Some(value_pointer(self.container, at)) }));
        };
        Some(Ok(Known { length, source: name.clone(), origin: Origin::GenericVariable }))
    }
}

/// One answer of several branches. Where they differ, the longest time is inferred.
fn merged(readings: impl Iterator<Item = Option<Reading>>) -> Option<Reading> {
    let mut readings: Vec<Option<Reading>> = readings.collect();
    if readings.len() < 2 {
        return readings.pop()?;
    }
    let lengths: Vec<Option<Duration>> =
        readings.iter().map(|reading| Some(reading.as_ref()?.as_ref().ok()?.length)).collect();
    let agree = lengths.windows(2).all(|pair| pair[0] == pair[1]);
    let longest = lengths.iter().max().copied().flatten();
    let at = (0..lengths.len()).find(|&at| longest.is_some() && lengths[at] == longest);
    match at.and_then(|at| readings.swap_remove(at)) {
        Some(Ok(known)) if agree => Some(Ok(known)),
        Some(Ok(known)) => {
            Some(Ok(Known { source: format!("{}, in one branch", known.source), origin: Origin::Inferred, ..known }))
        }
        _ => readings.into_iter().flatten().next(),
    }
}

fn explicit(rows: &[Recognised<'_>]) -> Option<Reading> {
    let blocked = rows.iter().find_map(Recognised::blocked).map(obstacle);
    let flag = || rows.iter().find_map(Recognised::flag);
    blocked.or_else(flag).or_else(|| rows.iter().find_map(Recognised::variable))
}

fn default(rows: &[Recognised<'_>]) -> Option<Reading> {
    rows.iter().find_map(Recognised::default)
}

/// A framework that a program was recognised to be.
struct Recognised<'a> {
    row: Detector<'a>,
    /// Words in which its flags may stand.
    arguments: &'a [Word],
    subject: Subject<'a>,
}

impl Recognised<'_> {
    /// What makes the timeout unknown, whatever flags and variables say.
    fn blocked(&self) -> Option<String> {
        let (.., why) = self.row.obstacles.iter().find(|(name, text, _)| {
            let says =
                |value: &Option<String>| value.as_ref().is_none_or(|value| value.to_ascii_lowercase().contains(text));
            let variables = &self.subject.container.env;
            variables.iter().any(|variable| variable.name.starts_with(name) && says(&variable.value))
        })?;
        Some((*why).to_owned())
    }

    fn flag(&self) -> Option<Reading> {
        let on_the_line = self.flag_in(self.arguments);
        on_the_line.or_else(|| self.row.flag_variables.iter().find_map(|name| self.flag_in_variable(name)))
    }

    /// The last of the flags in a list of words: all these frameworks let the last one win.
    fn flag_in(&self, words: &[Word]) -> Option<Reading> {
        let (flag, value) = (0..words.len()).rev().find_map(|at| {
            let value = |flag| Some((flag, flag_value(flag, &words[at], words.get(at + 1))?));
            self.row.flags.iter().find_map(value)
        })?;
        let Some(value) = value.filter(|value| !value.dynamic) else {
            return Some(obstacle(format!("`{flag}` is given a value that only the pod knows")));
        };
        Some(self.read(&value.text, flag, None))
    }

    fn flag_in_variable(&self, name: &str) -> Option<Reading> {
        if self.changes(name) {
            return Some(obstacle(format!("the command sets `{name}` itself")));
        }
        let (at, variable) = variable(self.subject.container, |other| other == name)?;
        match &variable.value {
            Some(text) => self.flag_in(&CommandLine::of_options(text)),
            // `JAVA_TOOL_OPTIONS` from a secret does not point to a shutdown timeout.
            None if self.row.telling_flags => None,
            None => Some(Err(elsewhere(self.subject.container, at, name))),
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
        if self.changes(name) {
            return Some(obstacle(format!("the command sets `{name}` itself")));
        }
        let container = self.subject.container;
        let (at, variable) = variable(container, |other| self.row.is_variable(other, name))?;
        match &variable.value {
            None => Some(Err(elsewhere(container, at, &variable.name))),
            Some(text) if text.is_empty() => None,
            Some(text) => Some(self.read(text, &variable.name, Some(value_pointer(container, at)))),
        }
    }

    fn changes(&self, name: &str) -> bool {
        self.subject.line.changes(|changed| self.row.is_variable(changed, name)).is_some()
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

    fn read(&self, text: &str, source: &str, pointer: Option<String>) -> Reading {
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

    /// The framework's default, unless the manifest points to something that may say otherwise.
    fn default(&self) -> Option<Reading> {
        let length = self.row.default?;
        if (self.row.services_only && self.subject.runs_to_completion) || !self.has_what_it_needs() {
            return None;
        }
        if let Some(why) = self.another_source() {
            return Some(obstacle(format!("{why}, which may set it")));
        }
        let source = format!("default of {}, inferred", self.row.name);
        Some(Ok(Known { length, source, origin: Origin::Inferred }))
    }

    fn has_what_it_needs(&self) -> bool {
        let Some(need) = self.row.default_needs else { return true };
        let is_wanted = |value: &str| value.eq_ignore_ascii_case(need.value);
        let variable = self.subject.container.env(need.variable).and_then(|variable| variable.value.as_deref());
        let words = self.all_words();
        let by_flag = (0..words.len()).any(|at| {
            let value = |flag: &&str| flag_value(flag, &words[at], words.get(at + 1)).flatten();
            need.flags.iter().find_map(value).is_some_and(|value| is_wanted(&value.text))
        });
        variable.is_some_and(is_wanted) || by_flag
    }

    /// The words of the command line, and those of its variables for options.
    fn all_words(&self) -> Vec<Word> {
        let texts =
            self.row.flag_variables.iter().filter_map(|name| self.subject.container.env(name)?.value.as_deref());
        self.arguments.iter().cloned().chain(texts.flat_map(CommandLine::of_options)).collect()
    }

    /// What else may say how long it takes: a file, or a variable that is not in the manifest.
    fn another_source(&self) -> Option<String> {
        let Subject { container, line, .. } = self.subject;
        let words = self.all_words();
        let file_flag = self.row.file_flags.iter().find(|flag| words.iter().any(|word| is_flag(flag, word)));
        if let Some(flag) = file_flag {
            return Some(format!("`{flag}` names a configuration"));
        }
        let by_prefix = |name: &str| self.row.file_variables.iter().any(|prefix| self.row.starts_with(name, prefix));
        if let Some(variable) = container.env.iter().find(|variable| by_prefix(&variable.name)) {
            return Some(format!("`{}` names a configuration", variable.name));
        }
        if let Some(name) = line.changes(by_prefix) {
            return Some(format!("the command sets `{name}`"));
        }
        let is_elsewhere = |name: &&str| container.env(name).is_some_and(|variable| variable.value.is_none());
        if let Some(name) = self.row.flag_variables.iter().find(is_elsewhere) {
            return Some(format!("`{name}` comes from `valueFrom`"));
        }
        if let Some(sourced) = line.sourced() {
            return Some(format!("the command runs `{sourced}`"));
        }
        if let Some(word) = unknown_options(self.arguments) {
            return Some(format!("`{}` may hold flags", word.text));
        }
        container.has_env_from.then(|| "`envFrom` brings variables".to_owned())
    }
}

/// A word of the command line that may be any number of flags, and not only the value of one.
fn unknown_options(words: &[Word]) -> Option<&Word> {
    let is_value = |at: usize| at > 0 && words[at - 1].text.starts_with('-') && !words[at - 1].text.contains('=');
    let is_unknown = |at: &usize| words[*at].dynamic && words[*at].text.starts_with('$') && !is_value(*at);
    (0..words.len()).find(is_unknown).map(|at| &words[at])
}

fn obstacle<T>(why: String) -> Result<T, Obstacle> {
    Err(Obstacle { why, pointer: None })
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

fn value_pointer(container: &Container, at: usize) -> String {
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
    let attached = |rest: &str| rest.is_empty() || rest.starts_with('=') || flag.len() == 2 || flag.ends_with('.');
    word.text.strip_prefix(flag).is_some_and(attached)
}

#[cfg(test)]
mod tests;
