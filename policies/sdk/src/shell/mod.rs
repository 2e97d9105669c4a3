//! The reader of command lines and shell strings (`sh -c "…"`): which commands there are, which of them is the program
//! that runs, and what stands between them.
//!
//! It reads the grammar of POSIX sh and what people use of bash, and runs nothing: an expansion stays as it is
//! written. What it cannot read is an [`Unreadable`] that names the construct, never a guess. The work is linear in the
//! text, and nesting is bounded, because a guest's stack is small.
//!
//! No published parser fits: those that are maintained backtrack, and none bounds its depth.

mod brief;
mod expansion;
mod interpreter;
mod launcher;
mod lexer;
mod parser;

pub use brief::is_brief;
pub use interpreter::{Invocation, Shell, invocation};
pub use launcher::{launched, program, unwrapped};
pub use parser::parse;

use std::{borrow::Cow, fmt, ops::Range};

/// A command, and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The command.
    pub command: Command,
    /// It has `!` or `time` in front, so that the shell waits for it whatever comes next.
    pub prefixed: bool,
    /// What stands after it.
    pub end: End,
}

/// What stands after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
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

/// One command of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A program or builtin with its arguments. `[[ … ]]` and `(( … ))` are read as one, too.
    Simple(Simple),
    /// Commands that a keyword or brackets hold together.
    Compound(Compound),
    /// A definition, which runs nothing yet.
    Function(Function),
}

/// A program or builtin with its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simple {
    /// `NAME=value` in front of the program, or alone.
    pub assignments: Vec<Assignment>,
    /// The program and its arguments; empty where there are only assignments or redirections.
    pub words: Vec<Word>,
    /// It has a redirection.
    pub redirected: bool,
    /// Words of its redirections; only those with substitutions, since they run something.
    pub targets: Vec<Word>,
}

/// `NAME=value`, `NAME+=value`, or an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value; for an array empty and dynamic, with the elements beside it.
    pub value: Word,
}

/// Commands that a keyword or brackets hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compound {
    /// Which one.
    pub kind: Kind,
    /// Lists that decide which body runs: of `if` and each `elif`, of `while` and `until`.
    pub conditions: Vec<Vec<Item>>,
    /// Lists that run: one, or the branches of `if` and `case`.
    pub bodies: Vec<Vec<Item>>,
    /// Words after `for … in` and `case`.
    pub words: Vec<Word>,
    /// It has a redirection.
    pub redirected: bool,
}

/// What holds commands together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{ … }`
    Group,
    /// `( … )`
    Subshell,
    /// `if`
    If,
    /// `case`
    Case,
    /// `for` and `select`
    For,
    /// `while`
    While,
    /// `until`
    Until,
}

/// `name() { … }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What runs where it is called.
    pub body: Vec<Item>,
}

/// A word with its quotes taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The text; an expansion stands in it as it is written.
    pub text: String,
    /// It holds an expansion, so that the text is not what the program gets.
    pub dynamic: bool,
    /// Some of it was in quotes.
    pub quoted: bool,
    /// Where plain references (`$NAME`, `${NAME}`) stand in the text, and to which variables. Other expansions are not
    /// listed.
    pub references: Vec<(Range<usize>, String)>,
    /// How many expansions there are, listed or not.
    pub expansions: usize,
    /// The elements of an array that is assigned here.
    pub array: Vec<Word>,
    /// Commands of its substitutions: `$(…)`, `` `…` ``, `<(…)`, `>(…)`.
    pub substitutions: Vec<Vec<Item>>,
}

/// A text that this reader cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The construct, in words for a message: `` `coproc` ``.
    pub construct: Cow<'static, str>,
    /// The text from there on, cut short.
    pub near: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.near {
            "" => write!(f, "{}", self.construct),
            near => write!(f, "{}, at `{near}`", self.construct),
        }
    }
}

impl std::error::Error for Unreadable {}

impl Simple {
    /// The program's name without its folder; empty where there are only assignments or redirections.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", |word| base_name(&word.text))
    }

    /// `exec` with a program: the shell replaces itself. With redirections only it starts nothing.
    pub fn is_exec(&self) -> bool {
        self.name() == "exec" && self.words.len() > 1
    }
}

impl Compound {
    /// Whether it is a loop without an end: `while true`, and nothing inside leaves it.
    pub fn is_endless(&self) -> bool {
        let [condition] = &*self.conditions else { return false };
        let [Item { command: Command::Simple(simple), prefixed: false, .. }] = &**condition else { return false };
        self.kind == Kind::While && matches!(simple.name(), "true" | ":") && !self.may_leave()
    }

    /// Whether something inside may leave it, where it is a loop.
    pub fn may_leave(&self) -> bool {
        let leaves =
            |simple: &Simple| simple.is_exec() || matches!(simple.name(), "break" | "exit" | "return" | "kill");
        self.bodies.iter().flat_map(|body| simple_commands(body)).any(leaves)
    }
}

impl Word {
    /// A word of a command line that no shell reads.
    pub fn literal(text: &str) -> Self {
        Word { text: text.to_owned(), ..Word::default() }
    }

    /// The word as the program gets it, where `value` knows every variable in it: one word, or several where an
    /// unquoted value is split at its blanks.
    pub fn resolve(&self, value: impl Fn(&str) -> Option<String>) -> Option<Vec<Word>> {
        if self.references.len() != self.expansions {
            return None;
        }
        let (mut text, mut from) = (String::new(), 0);
        for (range, name) in &self.references {
            text += &self.text[from..range.start];
            text += &value(name)?;
            from = range.end;
        }
        text += &self.text[from..];
        if self.quoted || self.references.is_empty() {
            return Some(vec![Word { text, quoted: self.quoted, ..Word::default() }]);
        }
        Some(text.split_whitespace().map(Word::literal).collect())
    }
}

impl AsRef<str> for Word {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// Every simple command that the shell itself may run, also inside of compound ones and functions.
pub fn simple_commands(items: &[Item]) -> Vec<&Simple> {
    let mut all = Vec::new();
    visit(items, false, &mut |simple| all.push(simple));
    all
}

/// Every simple command, those of substitutions included.
pub fn all_commands(items: &[Item]) -> Vec<&Simple> {
    let mut all = Vec::new();
    visit(items, true, &mut |simple| all.push(simple));
    all
}

/// The functions that a script defines, at any depth.
pub fn functions(items: &[Item]) -> Vec<&Function> {
    let mut all = Vec::new();
    for item in items {
        if let Command::Function(function) = &item.command {
            all.push(function);
        }
        for list in item.command.lists() {
            all.extend(functions(list));
        }
    }
    all
}

/// Whether anything is put into the background, at any depth.
pub fn has_background(items: &[Item]) -> bool {
    items.iter().any(|item| item.end == End::Background || item.command.lists().any(has_background))
}

impl Command {
    /// The lists of commands inside of it, in the order of the text.
    fn lists(&self) -> impl Iterator<Item = &[Item]> {
        let (conditions, bodies): (&[Vec<Item>], &[Vec<Item>]) = match self {
            Command::Simple(_) => (&[], &[]),
            Command::Compound(compound) => (&compound.conditions, &compound.bodies),
            Command::Function(function) => (&[], std::slice::from_ref(&function.body)),
        };
        let count = conditions.len().max(bodies.len());
        (0..count).flat_map(|at| [conditions.get(at), bodies.get(at)]).flatten().map(Vec::as_slice)
    }
}

fn visit<'a>(items: &'a [Item], substitutions: bool, see: &mut impl FnMut(&'a Simple)) {
    for item in items {
        let words: Box<dyn Iterator<Item = &'a Word> + 'a> = match &item.command {
            Command::Simple(simple) => {
                see(simple);
                let values = simple.assignments.iter().map(|assignment| &assignment.value);
                Box::new(simple.words.iter().chain(values).chain(&simple.targets))
            }
            Command::Compound(compound) => Box::new(compound.words.iter()),
            Command::Function(_) => Box::new(std::iter::empty()),
        };
        if substitutions {
            for list in words.flat_map(|word| &word.substitutions) {
                visit(list, true, &mut *see);
            }
        }
        for list in item.command.lists() {
            visit(list, substitutions, &mut *see);
        }
    }
}

/// `/usr/bin/sleep` is `sleep`; so is `C:\tools\sleep.exe`.
pub fn base_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let stem = name.len().checked_sub(4).filter(|&at| at > 0 && name.is_char_boundary(at));
    match stem.map(|at| name.split_at(at)) {
        Some((stem, suffix)) if suffix.eq_ignore_ascii_case(".exe") => stem,
        _ => name,
    }
}
