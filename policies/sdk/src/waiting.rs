//! Containers that only wait. Nothing in them can be ready, busy or broken, so they are no applications. And hooks that do
//! the same.

use crate::{
    image::Parts,
    shell::{self, Command, End},
    workload::{Class, Container, Handler, Hook, PodTemplate},
};

impl Container {
    /// Whether it does nothing but wait: `sleep infinity`, `tail -f /dev/null`, a loop of sleeps, a pause image.
    pub fn only_waits(&self) -> bool {
        let argv: Vec<&str> = self.argv().collect();
        if argv.is_empty() { Parts::of(&self.image).is_pause() } else { only_waits(&argv) }
    }

    /// Whether its command never ends by itself: `sleep infinity`, `tail -f`, a loop without an end, a pause image.
    pub fn never_ends(&self) -> bool {
        let argv: Vec<&str> = self.argv().collect();
        if argv.is_empty() { Parts::of(&self.image).is_pause() } else { never_ends(&argv) }
    }
}

impl Hook {
    /// Whether it does nothing but wait.
    pub fn only_waits(&self) -> bool {
        match &self.handler {
            Handler::Sleep { .. } => true,
            Handler::Exec { command } => only_waits(command),
            _ => false,
        }
    }
}

impl PodTemplate {
    /// The application containers that do something.
    pub fn working(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().filter(|container| container.class == Class::Application && !container.only_waits())
    }
}

fn only_waits<T: AsRef<str>>(argv: &[T]) -> bool {
    let Some(script) = shell::invocation(argv) else { return waits(argv) };
    if !script.shell.is_posix() {
        return false;
    }
    // What cannot be read may do anything.
    let Ok(items) = shell::parse(&script.script) else { return false };
    let mut has_wait = false;
    shell::all_commands(&items).into_iter().all(|simple| {
        let waits = waits(&simple.words);
        has_wait |= waits;
        waits || simple.words.is_empty() || shell::is_brief(simple.name())
    }) && has_wait
}

fn never_ends(argv: &[&str]) -> bool {
    let Some(script) = shell::invocation(argv) else { return is_endless(argv) };
    let items = shell::parse(&script.script).ok().filter(|_| script.shell.is_posix()).unwrap_or_default();
    // What stands after `&&` or `||` may not run at all.
    let is_certain = |at: usize| at == 0 || items[at - 1].end == End::Sequence;
    let runs = |at: &usize| is_certain(*at) && !matches!(items[*at].end, End::Background | End::Pipe);
    (0..items.len()).filter(runs).any(|at| match &items[at].command {
        Command::Simple(simple) => is_endless(&simple.words),
        Command::Compound(compound) => compound.is_endless(),
        Command::Function(_) => false,
    })
}

/// Whether a simple command never ends by itself.
fn is_endless<T: AsRef<str>>(words: &[T]) -> bool {
    let Some((program, arguments)) = shell::unwrapped(words).split_first() else { return false };
    let mut arguments = arguments.iter().map(AsRef::as_ref);
    match shell::base_name(program.as_ref()) {
        "sleep" => arguments.any(|time| time.to_ascii_lowercase().starts_with("inf")),
        "tail" => arguments.any(follows),
        "pause" => true,
        _ => false,
    }
}

/// An option of `tail`.
fn follows(word: &str) -> bool {
    word == "--follow" || (word.starts_with('-') && !word.starts_with("--") && word.contains(['f', 'F']))
}

/// Whether a simple command does nothing but wait.
fn waits<T: AsRef<str>>(words: &[T]) -> bool {
    let Some((program, arguments)) = shell::unwrapped(words).split_first() else { return false };
    let mut arguments = arguments.iter().map(AsRef::as_ref);
    match shell::base_name(program.as_ref()) {
        "sleep" => arguments.next().is_some(),
        "tail" => arguments.clone().any(follows) && arguments.any(|word| word == "/dev/null"),
        // It reads a standard input to which nothing is written.
        "cat" => arguments.next().is_none(),
        "pause" | "wait" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{never_ends, only_waits};

    #[test]
    fn containers_that_only_wait_are_known_by_their_command() {
        for (command, expected) in [
            ("sleep infinity", true),
            ("/bin/sleep 365d", true),
            ("sleep", false),
            ("tail -f /dev/null", true),
            ("tail -F /var/log/app.log", false),
            ("tail -n0 -f /dev/null", true),
            ("cat", true),
            ("cat /etc/hosts", false),
            ("/pause", true),
            ("busybox sleep 3600", true),
            ("sh -c sleep 1d", true),
            ("bash -c exec tail -f /dev/null", true),
            ("sh -c while true; do sleep 30; done", true),
            ("sh -c while true; do echo hello; date; sleep 10; done", true),
            ("sh -c trap : TERM INT; sleep infinity & wait", true),
            ("sh -c trap 'exit 0' TERM; while :; do sleep 1; done", true),
            ("sh -c touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600", true),
            ("sh -c while true; do poll; sleep 1; done", false),
            ("sh -c echo hello", false),
            ("sh -c server & sleep infinity", false),
            ("sh /run.sh", false),
            ("server", false),
            ("sh -c", false),
        ] {
            assert_eq!(only_waits(&argv(command)), expected, "{command}");
        }
    }

    #[test]
    fn what_never_ends_is_known_by_its_command_too() {
        for (command, expected) in [
            ("sleep infinity", true),
            ("sleep 3600", false),
            ("tail -f /var/log/app.log", true),
            ("tail -n 5 /var/log/app.log", false),
            ("/pause", true),
            ("cat", false),
            ("sh -c poll; exec tail -F /log", true),
            ("sh -c while true; do poll; sleep 1; done", true),
            ("sh -c while true; do poll && exit 0; sleep 1; done", false),
            ("sh -c until test -f /done; do sleep 1; done", false),
            ("sh -c tail -f /log & wait-for-end", false),
            ("sh -c poll && sleep infinity", false),
            ("server", false),
        ] {
            assert_eq!(never_ends(&argv(command)), expected, "{command}");
        }
    }

    fn argv(command: &str) -> Vec<&str> {
        let (words, script) = command.split_once(" -c ").map_or((command, None), |(sh, text)| (sh, Some(text)));
        words.split_whitespace().chain(script.map(|_| "-c")).chain(script).collect()
    }
}
