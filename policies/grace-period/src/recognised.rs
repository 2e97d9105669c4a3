//! What one framework, recognised in a program, says of its shutdown timeout: by flag, by variable, by default.

use crate::{
    command::CommandLine,
    detectors::Detector,
    shutdown::{Known, Obstacle, Origin, Reading, Subject},
};
use plimsoll_policy::{
    Duration, Pointer,
    shell::Word,
    workload::{Container, EnvVar},
};

/// A framework that a program was recognised to be.
pub(crate) struct Recognised<'a> {
    pub(crate) row: Detector<'a>,
    /// Words in which its flags may stand.
    pub(crate) arguments: &'a [Word],
    pub(crate) subject: Subject<'a>,
}

impl Recognised<'_> {
    /// What makes the timeout unknown, whatever flags and variables say.
    pub(crate) fn blocked(&self) -> Option<String> {
        let (.., why) = self.row.obstacles.iter().find(|(name, text, _)| {
            let says =
                |value: &Option<String>| value.as_ref().is_none_or(|value| value.to_ascii_lowercase().contains(text));
            let variables = &self.subject.container.env;
            variables.iter().any(|variable| variable.name.starts_with(name) && says(&variable.value))
        })?;
        Some((*why).to_owned())
    }

    pub(crate) fn flag(&self) -> Option<Reading> {
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
    pub(crate) fn variable(&self) -> Option<Reading> {
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

    pub(crate) fn variable_named(&self, name: &str) -> Option<Reading> {
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

    /// The framework's default, unless the manifest points to something that may say otherwise.
    pub(crate) fn default(&self) -> Option<Reading> {
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

pub(crate) fn obstacle<T>(why: String) -> Result<T, Obstacle> {
    Err(Obstacle { why, pointer: None })
}

/// The last variable whose name is wanted, as in the kubelet, and its index.
pub(crate) fn variable(container: &Container, wanted: impl Fn(&str) -> bool) -> Option<(usize, &EnvVar)> {
    container.env.iter().enumerate().rev().find(|(_, variable)| wanted(&variable.name))
}

pub(crate) fn elsewhere(container: &Container, at: usize, name: &str) -> Obstacle {
    Obstacle {
        why: format!("`{name}` comes from `valueFrom`"),
        pointer: Some(container.field(&format!("env/{at}/valueFrom"))),
    }
}

pub(crate) fn value_pointer(container: &Container, at: usize) -> Pointer {
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
