//! What a container runs, as far as the manifest says.

use crate::application;
use plimsoll_policy::{
    Pointer,
    shell::{self, Invocation, Item, Shell, Simple, Unreadable, Word, base_name},
    workload::Container,
};

/// The command line of a container, or of a hook in it.
pub(crate) struct CommandLine {
    /// What may run: one program, or one for each branch of a shell string. Only the image knows where there is none.
    pub(crate) programs: Vec<Program>,
    /// The shell string, if it starts a shell with one.
    pub(crate) script: Option<Script>,
    effects: Effects,
}

/// A program and its arguments, without the launchers in front of it.
pub(crate) struct Program {
    pub(crate) words: Vec<Word>,
    /// The image's entrypoint gets these words, and the manifest does not say what it does with them.
    pub(crate) is_argument: bool,
}

/// A shell string.
pub(crate) struct Script {
    pub(crate) shell: Shell,
    /// Its commands; none for a shell whose language is not read.
    pub(crate) items: Result<Vec<Item>, Unreadable>,
    /// Which word of the command line it is.
    pub(crate) index: usize,
    /// The program in front of the shell, if there is one: `tini`.
    pub(crate) behind: Option<String>,
}

/// What a shell does to the variables that the application gets.
#[derive(Default)]
struct Effects {
    /// Variables that it sets or removes.
    changed: Vec<String>,
    /// A file that it sources, or an expression that it evaluates: these may set any variable.
    sourced: Option<String>,
}

/// Launchers that fetch variables for the program.
const INJECTORS: [&str; 9] =
    ["aws-vault", "berglas", "chamber", "doppler", "dotenv", "dotenvx", "infisical", "op", "summon"];

/// A shell string may start a shell with a shell string; deeper is not looked into.
const MAX_NESTING: usize = 4;

impl CommandLine {
    pub(crate) fn of(container: &Container) -> Self {
        let words: Vec<Word> = container.argv().map(|word| expanded(word, container)).collect();
        let mut line = Self::of_words(&words, container);
        if container.command.is_empty() {
            line.programs.iter_mut().for_each(|program| program.is_argument = true);
        }
        line
    }

    /// The command of a hook, which runs with the container's variables.
    pub(crate) fn of_words(words: &[Word], container: &Container) -> Self {
        let mut line = CommandLine { programs: Vec::new(), script: None, effects: Effects::default() };
        line.script = line.read(words, container, 0);
        line
    }

    /// Words of an options variable, such as `GUNICORN_CMD_ARGS`: blanks and quotes mean what they do in a shell.
    pub(crate) fn of_options(text: &str) -> Vec<Word> {
        text.split_whitespace().map(|word| argument(word.trim_matches(['"', '\'']))).collect()
    }

    /// Whether the command itself sets or removes a variable whose name is wanted.
    pub(crate) fn changes(&self, wanted: impl Fn(&str) -> bool) -> Option<&str> {
        self.effects.changed.iter().map(String::as_str).find(|name| wanted(name))
    }

    /// What the shell string sources or evaluates.
    pub(crate) fn sourced(&self) -> Option<&str> {
        self.effects.sourced.as_deref()
    }

    /// The shell string that cannot be read.
    pub(crate) fn unreadable(&self) -> Option<(&Script, &Unreadable)> {
        let script = self.script.as_ref()?;
        Some((script, script.items.as_ref().err()?))
    }

    fn read(&mut self, words: &[Word], container: &Container, depth: usize) -> Option<Script> {
        let invocation = shell::invocation(words).filter(|_| depth < MAX_NESTING);
        let Some(Invocation { shell, script, index, behind }) = invocation else {
            let start = words.len() - shell::program(words).len();
            self.effects.changed.extend(words[..start].iter().filter_map(assigned));
            let injector =
                words[..start].iter().map(|word| base_name(&word.text)).find(|name| INJECTORS.contains(name));
            self.effects.sourced = self.effects.sourced.take().or(injector.map(str::to_owned));
            self.programs
                .extend((!words.is_empty()).then(|| Program { words: words[start..].to_vec(), is_argument: false }));
            return None;
        };
        let items = read_script(shell, &script);
        if let Ok(items) = &items {
            self.effects.note(items, container);
            for simple in application::candidates(items) {
                self.effects.changed.extend(simple.assignments.iter().map(|assignment| assignment.name.clone()));
                let arrays = arrays(items);
                let resolved = self.effects.resolve(simple, container, &words[index + 1..], &arrays);
                if let Some(script) = self.read(&resolved, container, depth + 1).filter(|script| script.items.is_err())
                {
                    return Some(Script { index, ..script });
                }
            }
        }
        Some(Script { shell, items, index, behind: behind.map(str::to_owned) })
    }
}

fn read_script(shell: Shell, script: &str) -> Result<Vec<Item>, Unreadable> {
    if !shell.is_posix() && script.contains(|c: char| "|&;<>(){}$%`'\"^@".contains(c)) {
        let near = script.chars().take(40).collect();
        return Err(Unreadable { construct: format!("a script for {}", shell.name()).into(), near });
    }
    if shell.is_posix() { shell::parse(script) } else { Ok(plain(script)) }
}

/// One command of a Windows shell, without any sign that is special to it.
fn plain(script: &str) -> Vec<Item> {
    let words = script.split_whitespace().map(Word::literal).collect();
    let command = shell::Command::Simple(Simple { words, ..Simple::default() });
    vec![Item { command, prefixed: false, end: shell::End::Sequence }]
}

impl Effects {
    fn note(&mut self, items: &[Item], container: &Container) {
        let commands = shell::simple_commands(items);
        let exports_all = commands.iter().any(|simple| {
            let words: Vec<&str> = simple.words.iter().map(|word| &*word.text).collect();
            matches!(&*words, ["set", "-o", "allexport", ..])
                || matches!(&*words, ["set", flags, ..] if flags.starts_with('-') && flags.contains('a'))
        });
        let (mut set, mut exported) = (Vec::new(), Vec::new());
        for simple in commands {
            let arguments = || simple.words.iter().skip(1);
            match simple.name() {
                "" => set.extend(simple.assignments.iter().map(|assignment| assignment.name.clone())),
                "read" | "declare" | "typeset" | "local" | "readonly" | "getopts" | "mapfile" => {
                    let is_export = arguments().any(|word| word.text.starts_with('-') && word.text.contains('x'));
                    let names = arguments().map(name_of);
                    if is_export { exported.extend(names) } else { set.extend(names) }
                }
                "export" | "unset" => {
                    if let Some(word) = arguments().find(|word| word.text.starts_with(['$', '`'])) {
                        self.sourced = Some(format!("{} {}", simple.name(), word.text));
                    }
                    exported.extend(arguments().map(name_of));
                }
                "." | "source" | "eval" => {
                    let what = arguments().next().map_or("", |word| &*word.text);
                    self.sourced = Some(format!("{} {what}", simple.name()));
                }
                _ => {}
            }
        }
        let is_exported = |name: &String| exports_all || container.env(name).is_some();
        self.changed.extend(set.into_iter().filter(is_exported));
        self.changed.extend(exported);
    }

    /// The words of a command, with the variables put in that the manifest sets and the shell string does not touch.
    fn resolve(
        &self,
        simple: &Simple,
        container: &Container,
        positional: &[Word],
        arrays: &[(String, &[Word])],
    ) -> Vec<Word> {
        let value = |name: &str| {
            let is_sure = self.sourced.is_none() && !self.changed.iter().any(|changed| changed == name);
            value(container, name).filter(|_| is_sure).map(str::to_owned)
        };
        let resolve = |word: &Word| match &*word.text {
            "$@" | "${@}" | "$*" if word.dynamic && positional.len() > 1 => positional[1..].to_vec(),
            text if arrays.iter().any(|(reference, _)| reference == text) => {
                let elements =
                    arrays.iter().filter(|(reference, _)| reference == text).flat_map(|(_, words)| words.iter());
                elements.flat_map(|element| element.resolve(value).unwrap_or_else(|| vec![element.clone()])).collect()
            }
            "$0" if word.dynamic && !positional.is_empty() => vec![positional[0].clone()],
            _ => word.resolve(value).unwrap_or_else(|| vec![word.clone()]),
        };
        simple.words.iter().flat_map(resolve).collect()
    }
}

/// The arrays of a script that are assigned once and in any case, by the reference to all their elements.
fn arrays(items: &[Item]) -> Vec<(String, &[Word])> {
    let all = shell::simple_commands(items);
    let count =
        |name: &str| all.iter().flat_map(|simple| &simple.assignments).filter(|other| other.name == name).count();
    let top_level = items.iter().filter_map(|item| match &item.command {
        shell::Command::Simple(simple) if simple.words.is_empty() => Some(&simple.assignments),
        _ => None,
    });
    let once = top_level.flatten().filter(|assigned| !assigned.value.array.is_empty() && count(&assigned.name) == 1);
    once.map(|assigned| (format!("${{{}[@]}}", assigned.name), &*assigned.value.array)).collect()
}

/// The variable that a word such as `NAME=value` is about.
fn name_of(word: &Word) -> String {
    let name = word.text.split('=').next().unwrap_or_default();
    name.strip_suffix('+').unwrap_or(name).to_owned()
}

fn assigned(word: &Word) -> Option<String> {
    let is_option = word.text.starts_with('-');
    word.text.find('=').filter(|&at| at > 0 && !is_option).map(|at| word.text[..at].to_owned())
}

/// The value of a variable, where the manifest has it as a text.
fn value<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    container.env(name)?.value.as_deref().filter(|value| !value.contains("$("))
}

/// A word of `command` or `args`, with the references put in that the kubelet resolves: `$(NAME)`.
pub(crate) fn expanded(word: &str, container: &Container) -> Word {
    let (mut text, mut dynamic) = (String::new(), false);
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        text += &rest[..at];
        let (name, tail) = match rest[at + 1..].strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some(reference) => reference,
            // The kubelet reads `$$` as a `$`.
            None => {
                text.push('$');
                rest = rest[at + 1..].strip_prefix('$').unwrap_or(&rest[at + 1..]);
                continue;
            }
        };
        match value(container, name) {
            Some(value) => text += value,
            None => {
                dynamic = true;
                text += &rest[at..rest.len() - tail.len()];
            }
        }
        rest = tail;
    }
    text += rest;
    Word { text, dynamic, expansions: usize::from(dynamic), ..Word::default() }
}

/// A word whose references are not resolved.
fn argument(word: &str) -> Word {
    let dynamic = word.contains("$(");
    Word { text: word.to_owned(), dynamic, expansions: usize::from(dynamic), ..Word::default() }
}

impl Program {
    /// Its name without a folder; empty where only the pod knows it.
    pub(crate) fn name(&self) -> &str {
        self.words.first().filter(|word| !word.dynamic).map_or("", |word| base_name(&word.text))
    }

    pub(crate) fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Whether it may be the application of the image, under a name of its own: `/app/Shop`, `/entrypoint.sh`.
    pub(crate) fn may_be_the_images_own(&self) -> bool {
        let Some(first) = self.words.first() else { return true };
        let path = &*first.text;
        let is_of_the_system =
            ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"].iter().any(|folder| path.starts_with(folder));
        self.is_argument || first.dynamic || path.ends_with(".sh") || (path.contains('/') && !is_of_the_system)
    }
}

/// Where a word of the command line stands in the manifest.
pub(crate) fn word_pointer(container: &Container, index: usize) -> Pointer {
    match index.checked_sub(container.command.len()) {
        None => container.field(&format!("command/{index}")),
        Some(index) => container.field(&format!("args/{index}")),
    }
}
