//! Whether SIGTERM reaches the application, or ends at a shell in front of it.
//!
//! A shell that is process 1 ignores SIGTERM and passes nothing on. What counts is the last top-level command of its
//! script: bash and busybox replace themselves with it where it is simple, dash never does, `exec` always does. bash
//! 5.2 and dash 0.5.12 were measured as process 1: both stay in front of a subshell, even of one that ends with `exec`,
//! of braces, `case`, a function without `exec`, and of a command behind `!` or `time`.

mod exec;

use crate::{
    Stop, application,
    command::{Script, word_pointer},
    image, manager,
    timeline::Timeline,
};
use plimsoll_policy::{
    Duration, Finding, Findings, Level, Pointer, Rule,
    shell::{self, Command, Compound, End, Function, Item, Kind, Shell, Simple},
};

pub(crate) const SWALLOWED: Rule =
    Rule::new("shell-swallows-signals", Level::Deny, "a shell in front of the application keeps SIGTERM from it")
        .escalated(Level::Warn, Level::Deny);

/// Why the signal does not arrive. The graver one is the greater one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Swallowed {
    /// What the shell makes of it was not measured: nothing is said.
    Unmeasured,
    /// The application is last, but the shell may stay in front of it.
    NotReplaced(String),
    /// Something runs after the application or around it: no shell gets out of the way.
    Around(String),
}

use Swallowed::{Around, NotReplaced, Unmeasured};

/// A shell string may start a shell with a shell string; deeper is not looked into.
const MAX_NESTING: usize = 4;

pub(crate) fn check(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    if stop.workload.runs_to_completion() {
        return;
    }
    for timeline in stop.long_running() {
        // What only waits has nothing to lose.
        if timeline.container.only_waits() {
            continue;
        }
        if let Some(finding) = by_shell(stop, timeline).or_else(|| by_manager(timeline)) {
            findings.push(finding);
        }
    }
}

/// A package manager in front of the application. Which version the image has is not in the manifest.
fn by_manager(timeline: &Timeline<'_>) -> Option<Finding> {
    let (message, pointer) = manager::swallows(timeline)?;
    let help = "start what the script runs, as in `node server.js`, without the package manager";
    Some(Finding::new(&SWALLOWED, pointer, message).help(help).container(timeline.container).escalated())
}

fn by_shell(stop: &Stop<'_>, timeline: &Timeline<'_>) -> Option<Finding> {
    // Without a command the image's entrypoint runs first, and that may be an init process.
    let script = timeline.line.script.as_ref().filter(|_| !timeline.container.command.is_empty())?;
    let items = script.items.as_ref().ok()?;
    let container = timeline.container;
    let has_busybox = image::has_busybox(&container.image);
    let context = Context { grace: stop.grace, has_busybox, nesting: 0 };
    let shell = context.shell(script.shell);
    let swallowed = context.judge(items, shell)?;
    let pointer = word_pointer(container, script.index);
    let found = finding(&swallowed, script, shell, pointer.clone())?.container(container);
    let written = container.argv().nth(script.index).unwrap_or_default();
    // The others need more than a word.
    let fixed = matches!(swallowed, NotReplaced(_)).then(|| exec::before_last(written, items)).flatten();
    Some(match fixed {
        Some(fixed) => found.replace(pointer, fixed).unsafe_fix(),
        None => found,
    })
}

fn finding(swallowed: &Swallowed, script: &Script, shell: Shell, pointer: Pointer) -> Option<Finding> {
    let name = match &script.behind {
        Some(behind) if behind != "busybox" => format!("`{}` behind `{behind}`", shell.name()),
        _ => format!("`{}`", shell.name()),
    };
    match swallowed {
        Around(why) => {
            let message = format!("{name} stays in front of the application and passes no SIGTERM on: {why}");
            let help = "let `exec` start the application as the last command, or start it without a shell";
            Some(Finding::new(&SWALLOWED, pointer, message).help(help))
        }
        NotReplaced(why) => {
            let message = format!("{name} may stay in front of the application and pass no SIGTERM on: {why}");
            let exec = if shell.is_posix() { "write `exec` before the application, or " } else { "" };
            let help = format!("{exec}start it without a shell");
            Some(Finding::new(&SWALLOWED, pointer, message).help(help).escalated())
        }
        Unmeasured => None,
    }
}

/// What a judgement depends on besides the script.
#[derive(Clone, Copy)]
struct Context {
    grace: Duration,
    /// `sh` of the image is busybox.
    has_busybox: bool,
    nesting: usize,
}

impl Context {
    fn shell(self, shell: Shell) -> Shell {
        if shell == Shell::Sh && self.has_busybox { Shell::Ash } else { shell }
    }

    fn judge(self, items: &[Item], shell: Shell) -> Option<Swallowed> {
        if !shell.is_posix() {
            let why = "it does not replace itself with the application, and it is not known to pass a stop on";
            return application::position(items).map(|_| NotReplaced(why.to_owned()));
        }
        let commands = shell::simple_commands(items);
        let trap = commands.iter().rfind(|simple| is_trap(simple, shell)).map(|simple| &*simple.words[1].text);
        let waits = commands.iter().any(|simple| simple.name() == "wait");
        let has_background = shell::has_background(items);
        if trap.is_some() && waits && has_background {
            return None;
        }
        Judge { context: self, shell, trap, has_background, functions: shell::functions(items) }.list(items, None)
    }
}

/// The judgement of one script.
struct Judge<'a> {
    context: Context,
    shell: Shell,
    /// The action of a trap for SIGTERM.
    trap: Option<&'a str>,
    has_background: bool,
    /// Those that are not called yet.
    functions: Vec<&'a Function>,
}

impl<'a> Judge<'a> {
    /// `around`: what holds the list, if anything does.
    fn list(&mut self, items: &'a [Item], around: Option<&'static str>) -> Option<Swallowed> {
        let at = application::position(items)?;
        let item = &items[at];
        if item.end == End::Pipe || (at > 0 && items[at - 1].end == End::Pipe) {
            return Some(Around("the application is part of a pipeline".to_owned()));
        }
        if item.end == End::Background {
            let why = "the application runs in the background (`&`), without a `trap` for SIGTERM and a `wait`";
            return Some(Around(why.to_owned()));
        }
        match &item.command {
            Command::Simple(simple) if simple.is_exec() => self.nested(simple).max(self.forked(around)),
            Command::Simple(simple) => self.simple(simple, items, at, around),
            Command::Compound(compound) => self.compound(compound).map(|found| after(items, at).unwrap_or(found)),
            Command::Function(_) => None,
        }
    }

    fn simple(
        &mut self,
        simple: &'a Simple,
        items: &[Item],
        at: usize,
        around: Option<&'static str>,
    ) -> Option<Swallowed> {
        if let Some(function) = application::call(simple, &mut self.functions) {
            return self.list(&function.body, Some("a function")).map(|found| after(items, at).unwrap_or(found));
        }
        // What these run may well end in an `exec`.
        if matches!(simple.name(), "." | "source" | "eval") {
            return None;
        }
        if let Some(around) = after(items, at) {
            return Some(around);
        }
        if self.trap.is_some() {
            let why = "a `trap` waits for a command in the foreground to end; it needs `&` and `wait`";
            return Some(Around(why.to_owned()));
        }
        let stays = match around {
            Some(what) => self.inside(what),
            None => self.last(simple, &items[at]),
        };
        stays.max(self.nested(simple))
    }

    /// The application is the last command, and a simple one.
    fn last(&self, simple: &Simple, item: &Item) -> Option<Swallowed> {
        let name = simple.name();
        let why = match self.shell {
            Shell::Bash | Shell::Dash | Shell::Sh if item.prefixed => {
                format!("no shell replaces itself with a command behind `!` or `time`, as `{name}`")
            }
            Shell::Bash if simple.redirected => {
                format!("bash does not replace itself with a command that has a redirection, as `{name}`")
            }
            Shell::Bash if self.has_background => {
                format!("bash does not replace itself with `{name}` while it has a job in the background")
            }
            Shell::Dash => format!("dash never replaces itself with the last command, `{name}`"),
            Shell::Sh => format!(
                "the last command, `{name}`, is not behind `exec`, and `sh` of Debian and Ubuntu (dash) never replaces \
                 itself"
            ),
            _ => return None,
        };
        Some(NotReplaced(why))
    }

    fn compound(&mut self, compound: &'a Compound) -> Option<Swallowed> {
        let what = match compound.kind {
            Kind::For | Kind::While | Kind::Until => return self.repeated(compound),
            Kind::If => "an `if`",
            Kind::Case => "a `case`",
            Kind::Group => "braces",
            Kind::Subshell => SUBSHELL,
        };
        compound.bodies.iter().filter_map(|body| self.list(body, Some(what))).max()
    }

    /// A loop is the application: it runs one command after the other.
    fn repeated(&self, compound: &Compound) -> Option<Swallowed> {
        let lists = compound.conditions.iter().chain(&compound.bodies);
        let commands: Vec<&Simple> = lists.flat_map(|list| shell::simple_commands(list)).collect();
        if commands.iter().any(|simple| simple.is_exec() || matches!(simple.name(), "." | "source" | "eval")) {
            return None;
        }
        match self.trap {
            Some("" | ":" | "true") => {
                Some(Around("its `trap` does nothing, so that the loop keeps running".to_owned()))
            }
            Some(_) if self.is_brief(&commands) => None,
            Some(_) => {
                let why =
                    "a `trap` waits for the command that the loop runs in the foreground; it needs `&` and `wait`";
                Some(Around(why.to_owned()))
            }
            None => self.inside("a loop"),
        }
    }

    /// Whether a loop only looks, does something brief and sleeps: a trap then runs within one of its sleeps.
    fn is_brief(&self, commands: &[&Simple]) -> bool {
        let mut sleeps = commands.iter().filter(|simple| simple.name() == "sleep").peekable();
        let all_trivial = || commands.iter().all(|simple| application::is_trivial(&Command::Simple((*simple).clone())));
        let is_short = |simple: &&Simple| application::sleep_time(simple).is_some_and(|time| time < self.context.grace);
        if sleeps.peek().is_none() { all_trivial() } else { sleeps.all(is_short) }
    }

    /// The application runs inside of something, without `exec`.
    fn inside(&self, what: &str) -> Option<Swallowed> {
        // What busybox, ksh and zsh make of the others was not measured.
        let is_measured = matches!(self.shell, Shell::Sh | Shell::Bash | Shell::Dash) || what == "a loop";
        let why = format!("the application runs inside of {what}, where no shell replaces itself without `exec`");
        Some(if is_measured { NotReplaced(why) } else { Unmeasured })
    }

    /// `exec` inside of a subshell replaces the subshell only.
    fn forked(&self, around: Option<&str>) -> Option<Swallowed> {
        let is_forked = around == Some(SUBSHELL) && self.shell != Shell::Ash;
        let why = "`exec` replaces the subshell that it stands in, and the shell around that waits";
        is_forked.then(|| NotReplaced(why.to_owned()))
    }

    /// The command starts a shell with a script of its own.
    fn nested(&self, simple: &Simple) -> Option<Swallowed> {
        let script = shell::invocation(&simple.words).filter(|_| self.context.nesting < MAX_NESTING)?;
        let items = shell::parse(&script.script).ok().filter(|_| script.shell.is_posix())?;
        let context = Context { nesting: self.context.nesting + 1, ..self.context };
        context.judge(&items, context.shell(script.shell))
    }
}

const SUBSHELL: &str = "a subshell";

fn after(items: &[Item], at: usize) -> Option<Swallowed> {
    let what = match &items.get(at + 1)?.command {
        Command::Simple(next) if next.words.is_empty() => "an assignment runs".to_owned(),
        Command::Simple(next) => format!("`{}` runs", next.name()),
        Command::Compound(_) => "more commands run".to_owned(),
        Command::Function(_) => return None,
    };
    Some(Around(format!("{what} after it")))
}

/// `trap 'action' TERM`: not one that ignores the signal or takes the action away. bash ends at SIGTERM with an action
/// for EXIT as well; dash does not.
fn is_trap(simple: &Simple, shell: Shell) -> bool {
    let names = |signal: &str| match signal.to_ascii_uppercase().trim_start_matches("SIG") {
        "TERM" | "15" => true,
        "EXIT" | "0" => shell == Shell::Bash,
        _ => false,
    };
    let [trap, action, signals @ ..] = &*simple.words else { return false };
    trap.text == "trap"
        && !matches!(action.text.as_str(), "" | "-" | "-l" | "-p")
        && signals.iter().any(|signal| signal.dynamic || names(&signal.text))
}

#[cfg(test)]
mod tests;
