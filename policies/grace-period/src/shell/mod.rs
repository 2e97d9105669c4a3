//! Shell strings (`sh -c "…"`), split as far as the rules here need it: which commands there are, which comes last,
//! what stands between them.
//!
//! It is not a shell. Whatever it does not understand (here-documents, `case`, functions, arrays, process
//! substitution) makes it give up on the whole string, because a wrong guess would be a false alarm.

pub(crate) mod interpreter;
mod lexer;
mod parser;

pub(crate) use parser::parse;

/// A command, and what follows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) command: Command,
    pub(crate) end: End,
}

/// What stands after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// `;`, a newline, or the end.
    Sequence,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Simple(Simple),
    Compound(Kind, Vec<Item>),
}

/// A program or builtin with its arguments; assignments before it and redirections are taken off.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Simple {
    pub(crate) words: Vec<Word>,
    pub(crate) redirected: bool,
}

/// What holds commands together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `{ … }`
    Group,
    /// `( … )`
    Subshell,
    If,
    /// `for`, `while`, `until`
    Loop,
}

/// A word with its quotes taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// It holds an expansion, so that the text is not what the program gets.
    pub(crate) dynamic: bool,
    pub(crate) quoted: bool,
}

impl Simple {
    /// The program's name without its folder; empty where there are only assignments or redirections.
    pub(crate) fn name(&self) -> &str {
        self.words.first().map_or("", |word| base_name(&word.text))
    }
}

/// Every simple command, also inside of compound ones.
pub(crate) fn simple_commands(items: &[Item]) -> Vec<&Simple> {
    let mut all = Vec::new();
    for item in items {
        match &item.command {
            Command::Simple(simple) => all.push(simple),
            Command::Compound(_, inner) => all.extend(simple_commands(inner)),
        }
    }
    all
}

/// Whether anything is put into the background, at any depth.
pub(crate) fn has_background(items: &[Item]) -> bool {
    items.iter().any(|item| {
        item.end == End::Background || matches!(&item.command, Command::Compound(_, inner) if has_background(inner))
    })
}

/// `/usr/bin/sleep` is `sleep`.
pub(crate) fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}
