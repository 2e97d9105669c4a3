//! Which command of a shell string is the application: the one that the container is deployed for.

use crate::hook::sleep_length;
use plimsoll_policy::{
    Duration,
    shell::{self, Command, Compound, End, Function, Item, Kind, Simple, Word, base_name},
};

/// The application of a list of commands: the last one that does more than a builtin would; and where that one only
/// keeps the container alive, what was put into the background before it.
pub(crate) fn position(items: &[Item]) -> Option<usize> {
    let last = items.iter().rposition(|item| !is_trivial(&item.command))?;
    if !idles(&items[last].command) {
        return Some(last);
    }
    let in_background = |item: &Item| item.end == End::Background && !is_trivial(&item.command);
    Some(items[..last].iter().rposition(in_background).unwrap_or(last))
}

/// Every command that may be the application: each that `exec` starts, and the last one, in every branch.
pub(crate) fn candidates(items: &[Item]) -> Vec<&Simple> {
    let mut search = Search { functions: shell::functions(items), found: Vec::new() };
    search.list(items, true);
    search.found
}

/// The function that a command calls. A function that calls itself is not found twice, so that a search ends.
pub(crate) fn call<'a>(simple: &Simple, functions: &mut Vec<&'a Function>) -> Option<&'a Function> {
    let name = &simple.words.first()?.text;
    // The last definition counts.
    let at = functions.iter().rposition(|function| function.name == *name)?;
    Some(functions.swap_remove(at))
}

struct Search<'a> {
    functions: Vec<&'a Function>,
    found: Vec<&'a Simple>,
}

impl<'a> Search<'a> {
    /// `is_end`: nothing runs after the list.
    fn list(&mut self, items: &'a [Item], is_end: bool) {
        let application = position(items).filter(|_| is_end);
        let mut starts_list = true;
        for (at, item) in items.iter().enumerate() {
            let is_application = application.is_some_and(|last| at == first_of_pipeline(items, last));
            match &item.command {
                Command::Simple(simple) => {
                    let certainly = starts_list && simple.is_exec() && !matches!(item.end, End::Pipe | End::Background);
                    if is_application || (simple.is_exec() && item.end != End::Background) {
                        self.simple(simple);
                    }
                    if certainly {
                        return;
                    }
                }
                Command::Compound(Compound { bodies, .. }) => {
                    for body in bodies {
                        self.list(body, is_application);
                    }
                }
                Command::Function(_) => {}
            }
            starts_list = matches!(item.end, End::Sequence | End::Background);
        }
    }

    fn simple(&mut self, simple: &'a Simple) {
        match call(simple, &mut self.functions) {
            Some(function) => self.list(&function.body, true),
            None => self.found.push(simple),
        }
    }
}

/// `app | tee log`: the first command of a pipeline that does more than to feed it.
fn first_of_pipeline(items: &[Item], last: usize) -> usize {
    let start = items[..last].iter().rposition(|item| item.end != End::Pipe).map_or(0, |before| before + 1);
    (start..last).find(|&at| !is_trivial(&items[at].command)).unwrap_or(last)
}

/// Over within moments, so that it is not the application.
pub(crate) fn is_trivial(command: &Command) -> bool {
    let simple = match command {
        Command::Simple(simple) => simple,
        Command::Function(_) => return true,
        Command::Compound(Compound { kind: Kind::For | Kind::While | Kind::Until, .. }) => return false,
        Command::Compound(Compound { conditions, bodies, .. }) => {
            return conditions.iter().chain(bodies).flatten().all(|item| is_trivial(&item.command));
        }
    };
    match simple.name() {
        "" | "wait" => true,
        "exec" => !simple.is_exec(),
        "sleep" => sleep_time(simple).is_some_and(|time| time < Duration::seconds(60)),
        name => shell::is_brief(name),
    }
}

/// Only keeps the container alive.
pub(crate) fn idles(command: &Command) -> bool {
    let Command::Simple(simple) = command else { return false };
    let program = shell::unwrapped(&simple.words).first();
    program.is_some_and(|program| matches!(base_name(&program.text), "sleep" | "tail"))
}

/// How long a `sleep` with one literal time takes.
pub(crate) fn sleep_time(simple: &Simple) -> Option<Duration> {
    let [_, Word { text, dynamic: false, .. }] = &*simple.words else { return None };
    sleep_length(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_command_that_may_be_the_application() {
        for (script, expected) in [
            ("app", "app"),
            ("./migrate; exec app --x; echo never", "exec app --x"),
            ("app; echo done", "app"),
            ("cd /srv/sidekiq && exec ./run", "exec ./run"),
            ("app 2>&1 | tee log", "app"),
            ("cat conf | app", "app"),
            ("app & wait", "app"),
            ("app & sleep infinity", "app"),
            ("helper & exec app", "exec app"),
            ("if a; then exec b; elif c; then d; else exec e; fi", "exec b, d, exec e"),
            ("if a; then exec b; fi; c", "exec b, c"),
            ("[ -f x ] && exec a; exec b", "exec a, exec b"),
            ("case $1 in w) exec worker;; *) web; esac", "exec worker, web"),
            ("run() { cd x; exec app; }; run", "exec app"),
            ("a() { b; }; b() { a; }; a", "a"),
            ("(cd x && { app; })", "app"),
            ("while true; do app; sleep 5; done", "app"),
            ("until nc -z db 5432; do sleep 1; done; exec app", "exec app"),
            ("if a; then b; fi; exec app", "exec app"),
            ("app || (echo failed; exit 1)", "app"),
            ("app; if [ $? != 0 ]; then echo failed; fi", "app"),
            ("echo starting", ""),
        ] {
            let items = shell::parse(script).unwrap();
            let words = |simple: &Simple| simple.words.iter().map(|word| &*word.text).collect::<Vec<_>>().join(" ");
            let found: Vec<String> = candidates(&items).into_iter().map(words).collect();
            assert_eq!(found.join(", "), expected, "{script}");
        }
    }
}
