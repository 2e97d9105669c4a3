//! Whether SIGTERM reaches the application, or ends at a shell in front of it.
//!
//! A shell that is process 1 ignores SIGTERM and passes nothing on. What counts is the last top-level command of its
//! script: bash and busybox replace themselves with it where it is simple, dash never does, `exec` always does.

use crate::{
    image,
    prestop::sleep_length,
    shell::{
        self, Command, End, Item, Kind, Simple, base_name,
        interpreter::{self, Script, Shell},
    },
};
use plimsoll_policy::{Duration, Finding, Findings, Level, Pointer, Rule, Workload, workload::Container};

pub(crate) const SWALLOWED: Rule =
    Rule::new("shell-swallows-signals", Level::Deny, "a shell in front of the application keeps SIGTERM from it")
        .escalated(Level::Warn, Level::Deny);

/// Why the signal does not arrive.
#[derive(Debug, PartialEq, Eq)]
enum Swallowed {
    /// Something runs after the application or around it: no shell gets out of the way.
    Around(String),
    /// The application is last, but the shell may stay in front of it.
    NotReplaced(String),
}

use Swallowed::{Around, NotReplaced};

pub(crate) fn check(workload: &Workload, findings: &mut Findings<'_>) {
    if workload.runs_to_completion() {
        return;
    }
    for container in workload.pod.long_running() {
        // Without a command the image's entrypoint runs first, and that may be an init process.
        if container.command.is_empty() {
            continue;
        }
        let argv: Vec<&str> = container.argv().collect();
        let Some(script) = interpreter::find(&argv) else { continue };
        let shell = shell_of(&script, container);
        let Some(swallowed) = shell::parse(script.text).and_then(|items| judge(&items, shell)) else { continue };
        findings.push(finding(&swallowed, shell, script_pointer(&script, container)).container(container));
    }
}

fn shell_of(script: &Script<'_>, container: &Container) -> Shell {
    match script.shell {
        Shell::Sh if image::has_busybox(&container.image) => Shell::Ash,
        shell => shell,
    }
}

fn script_pointer(script: &Script<'_>, container: &Container) -> Pointer {
    match script.index.checked_sub(container.command.len()) {
        None => container.field(&format!("command/{}", script.index)),
        Some(index) => container.field(&format!("args/{index}")),
    }
}

fn finding(swallowed: &Swallowed, shell: Shell, pointer: Pointer) -> Finding {
    let name = shell.name();
    match swallowed {
        Around(why) => {
            let message = format!("`{name}` stays in front of the application and passes no SIGTERM on: {why}");
            let help = "let `exec` start the application as the last command, or start it without a shell";
            Finding::new(&SWALLOWED, pointer, message).help(help)
        }
        NotReplaced(why) => {
            let message = format!("`{name}` may stay in front of the application and pass no SIGTERM on: {why}");
            let help = "write `exec` before the application, or start it without a shell";
            Finding::new(&SWALLOWED, pointer, message).help(help).escalated()
        }
    }
}

fn judge(items: &[Item], shell: Shell) -> Option<Swallowed> {
    let commands = shell::simple_commands(items);
    let traps = commands.iter().any(|simple| is_trap(simple));
    let waits = commands.iter().any(|simple| simple.name() == "wait");
    if traps && waits && shell::has_background(items) {
        return None;
    }
    let at = application(items)?;
    let item = &items[at];
    let in_pipeline = item.end == End::Pipe || (at > 0 && items[at - 1].end == End::Pipe);
    if in_pipeline {
        return Some(Around("the application is part of a pipeline".to_owned()));
    }
    if item.end == End::Background {
        let why = "the application runs in the background (`&`), without a `trap` and a `wait`";
        return Some(Around(why.to_owned()));
    }
    match &item.command {
        Command::Simple(simple) if execs(simple) => None,
        Command::Simple(simple) => {
            after(items, at).or_else(|| last(simple, shell, traps, shell::has_background(items)))
        }
        Command::Compound(kind, inner) => held(*kind, inner, shell),
    }
}

/// Which command is the application: the last one that does more than a builtin would; and where that one only
/// keeps the container alive, what was put into the background before it.
fn application(items: &[Item]) -> Option<usize> {
    let last = items.iter().rposition(|item| !is_trivial(&item.command))?;
    if !idles(&items[last].command) {
        return Some(last);
    }
    let in_background = |item: &Item| item.end == End::Background && !is_trivial(&item.command);
    Some(items[..last].iter().rposition(in_background).unwrap_or(last))
}

fn after(items: &[Item], at: usize) -> Option<Swallowed> {
    let Command::Simple(next) = &items.get(at + 1)?.command else { return None };
    let what = if next.words.is_empty() { "an assignment".to_owned() } else { format!("`{}`", next.name()) };
    Some(Around(format!("{what} runs after it")))
}

fn last(simple: &Simple, shell: Shell, traps: bool, has_background: bool) -> Option<Swallowed> {
    // What these run may well end in an `exec`.
    if matches!(simple.name(), "." | "source" | "eval") {
        return None;
    }
    if traps {
        let why = "a `trap` waits for a command in the foreground to end; it needs `&` and `wait`";
        return Some(Around(why.to_owned()));
    }
    let name = simple.name();
    match shell {
        Shell::Bash if simple.redirected => Some(NotReplaced(format!(
            "bash does not replace itself with a command that has a redirection, as `{name}`"
        ))),
        Shell::Bash if has_background => Some(NotReplaced(format!(
            "bash does not replace itself with `{name}` while it has a job in the background"
        ))),
        Shell::Bash | Shell::Ash => None,
        Shell::Dash => Some(NotReplaced(format!("dash never replaces itself with the last command, `{name}`"))),
        Shell::Sh => Some(NotReplaced(format!(
            "the last command, `{name}`, is not behind `exec`, and `sh` of Debian and Ubuntu (dash) never replaces \
             itself"
        ))),
    }
}

/// The application is inside of a compound command.
fn held(kind: Kind, inner: &[Item], shell: Shell) -> Option<Swallowed> {
    let runs_unseen = |simple: &&Simple| execs(simple) || matches!(simple.name(), "." | "source" | "eval");
    if shell::simple_commands(inner).iter().any(runs_unseen) {
        return None;
    }
    let what = match kind {
        Kind::Loop => "a loop",
        // What busybox makes of these was not measured.
        _ if shell == Shell::Ash => return None,
        Kind::If => "an `if`",
        Kind::Group => "braces",
        Kind::Subshell => "a subshell",
    };
    Some(NotReplaced(format!("the application runs inside of {what}, where no shell replaces itself without `exec`")))
}

/// `exec` with a program; with redirections only it starts nothing.
fn execs(simple: &Simple) -> bool {
    simple.name() == "exec" && simple.words.len() > 1
}

/// `trap 'action' TERM`: not one that ignores the signal or takes the action away.
fn is_trap(simple: &Simple) -> bool {
    simple.name() == "trap"
        && simple.words.len() > 2
        && !matches!(simple.words[1].text.as_str(), "" | "-" | "-l" | "-p")
}

/// Over within moments: nobody deploys it for its own sake.
fn is_trivial(command: &Command) -> bool {
    let Command::Simple(simple) = command else { return false };
    match simple.name() {
        "" | ":" | "[" | "[[" | "cd" | "date" | "echo" | "exit" | "export" | "false" | "kill" | "printf" | "pwd"
        | "return" | "rm" | "set" | "shift" | "test" | "touch" | "trap" | "true" | "ulimit" | "umask" | "unset"
        | "wait" => true,
        "exec" => !execs(simple),
        "sleep" => sleep_time(simple).is_some_and(|time| time < Duration::seconds(60)),
        _ => false,
    }
}

/// Only keeps the container alive.
fn idles(command: &Command) -> bool {
    let Command::Simple(simple) = command else { return false };
    let words: Vec<&str> = simple.words.iter().map(|word| &*word.text).collect();
    let program = if execs(simple) { words[1] } else { simple.name() };
    matches!(base_name(program), "sleep" | "tail")
}

fn sleep_time(simple: &Simple) -> Option<Duration> {
    sleep_length(&simple.words.get(1)?.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{container, deployment, found, sidecar};

    /// `!` denied, `?` warned, anything else silent; for sh, dash, bash and busybox in this order.
    fn verdicts(script: &str) -> String {
        let verdict = |shell| match shell::parse(script).and_then(|items| judge(&items, shell)) {
            Some(Around(_)) => '!',
            Some(NotReplaced(_)) => '?',
            None => '.',
        };
        [Shell::Sh, Shell::Dash, Shell::Bash, Shell::Ash].into_iter().map(verdict).collect()
    }

    #[test]
    fn judges_entrypoints_as_they_are_found() {
        for (expected, script) in [
            // Last, and out of the way.
            ("....", "exec app"),
            ("....", "exec java $JAVA_OPTS -jar /app.jar > /log 2>&1"),
            ("....", "set -e; ./migrate; exec ./server --port=8080"),
            ("....", "exec \"$@\""),
            ("....", "ulimit -n 65536 && exec /bin/app \\\n  --flag"),
            ("....", "helper & exec app"),
            ("....", "exec app; echo never"),
            ("....", "if [ -n \"$DEBUG\" ]; then exec dlv; else exec app; fi"),
            ("....", "FOO=1 exec env BAR=2 app"),
            ("....", "until nc -z db 5432; do sleep 1; done; exec app"),
            // Last, but not behind exec.
            ("??..", "app"),
            ("??..", "node server.js"),
            ("??..", "set -ex; cd /app && npm start"),
            ("??..", "cp /tmp/config /etc/config\n/bin/app --config /etc/config\n"),
            ("??..", "./wait-for-it db:5432 || exit 1; ./app"),
            ("??..", "[ -f /env ] && app"),
            ("??..", "sleep infinity"),
            ("??..", "sleep 3600"),
            ("???.", "helper & app"),
            ("???.", "app > /proc/1/fd/1 2>&1"),
            ("???.", "cd /app; python main.py 2>> err.log"),
            ("???.", "if [ -f x ]; then app --x; else app; fi"),
            ("???.", "(cd /app && ./run)"),
            ("???.", "{ ./run; }"),
            ("????", "while true; do date; sleep 5; done"),
            ("????", "while true; do sync; sleep 30; done;"),
            ("????", "for i in 1 2 3; do app; done"),
            // Something runs after it or around it.
            ("!!!!", "app; echo done"),
            ("!!!!", "app; sleep 5"),
            ("!!!!", "app || exit 1"),
            ("!!!!", "app && echo ok"),
            ("!!!!", "app; code=$?; rm -f /tmp/lock; exit $code"),
            ("!!!!", "app | tee /var/log/app.log"),
            ("!!!!", "app 2>&1 | grep -v healthz"),
            ("!!!!", "exec app | tee log"),
            ("!!!!", "app &"),
            ("!!!!", "app & wait"),
            ("!!!!", "app & echo $! > /pid; wait $!"),
            ("!!!!", "nginx & tail -f /var/log/nginx/access.log"),
            ("!!!!", "app & sleep infinity"),
            ("!!!!", "app & exec tail -f /dev/null"),
            ("!!!!", "trap 'kill -TERM 1' TERM; app"),
            ("!!!!", "trap cleanup EXIT; app"),
            ("!!!!", "trap '' TERM; app & wait"),
            // A trap that works.
            ("....", "trap 'kill -TERM $PID' TERM INT; app & PID=$!; wait $PID; wait $PID"),
            ("....", "trap : TERM INT; sleep infinity & wait"),
            ("....", "trap 'exit 0' TERM; while true; do sync; sleep 60 & wait $!; done"),
            // Nothing to say about.
            ("....", ". /entrypoint-lib.sh"),
            ("....", "source /vault/secrets/env && eval $CMD"),
            ("....", "echo hello; exit 0"),
            ("....", "exec > /log"),
            ("....", ""),
            ("....", "cat > /etc/conf <<EOF\nx\nEOF\napp"),
            ("....", "run() { app; }; run"),
        ] {
            assert_eq!(verdicts(script), expected, "{script}");
        }
    }

    #[test]
    fn points_at_the_script_wherever_it_is_split() {
        let cases: [(&[&str], &[&str], &str); 4] = [
            (&["sh", "-c", "app; exit"], &[], "command/2"),
            (&["sh", "-c"], &["app; exit"], "args/0"),
            (&["/bin/bash"], &["-ec", "app; exit"], "args/1"),
            (&["/bin/busybox", "sh"], &["-c", "app; exit"], "args/1"),
        ];
        for (command, args, field) in cases {
            let workload = deployment(60).with(container("app").command(command).args(args)).build();
            let [finding] = &*found(&workload, &SWALLOWED) else { panic!("{command:?} {args:?}") };
            assert_eq!(finding.pointer, format!("/spec/template/spec/containers/0/{field}"));
            assert!(!finding.escalated);
        }
    }

    #[test]
    fn sh_of_an_alpine_image_replaces_itself() {
        let app = |image| deployment(60).with(container("app").image(image).command(&["sh", "-c", "app"])).build();
        assert_eq!(found(&app("node:22.1.0-alpine3.20"), &SWALLOWED), []);
        assert!(found(&app("node:22.1.0-bookworm"), &SWALLOWED)[0].escalated);
    }

    #[test]
    fn only_what_runs_on_is_judged() {
        let shell = &["sh", "-c", "app; exit"];
        assert_eq!(found(&deployment(60).with(sidecar("proxy").command(shell)).build(), &SWALLOWED).len(), 1);
        assert_eq!(found(&deployment(60).with(container("app").init().command(shell)).build(), &SWALLOWED), []);
        assert_eq!(found(&deployment(60).with(container("app").command(shell)).job().build(), &SWALLOWED), []);
        assert_eq!(found(&deployment(60).with(container("app").args(shell)).build(), &SWALLOWED), []);
        let file = deployment(60).with(container("app").command(&["sh", "/entrypoint.sh"])).build();
        assert_eq!(found(&file, &SWALLOWED), []);
    }
}
