//! postStart hooks without a bound.

use plimsoll_policy::{
    Finding, Findings, Level, Rule,
    shell::{self, Command, Item, Kind},
    workload::{Container, Handler},
};

pub(crate) const UNBOUNDED: Rule = Rule::new(
    "unbounded-poststart",
    Level::Warn,
    "an exec postStart hook has no bound, and its time comes on top of the start",
);

pub(crate) fn check(container: &Container, findings: &mut Findings<'_>) {
    let Some(hook) = &container.post_start else { return };
    let Handler::Exec { command } = &hook.handler else { return };
    if is_bounded(command) {
        return;
    }
    let message = "postStart runs a command without a bound: until it ends the container does not count as running, \
                   and none of its probes begins";
    let help = "put `timeout 30` before the command, or do its work in the process or in an init container";
    let pointer = format!("{}/exec/command", hook.pointer);
    findings.push(Finding::new(&UNBOUNDED, pointer, message).help(help).container(container));
}

fn is_bounded(command: &[String]) -> bool {
    let Some(script) = shell::invocation(command).filter(|script| script.shell.is_posix()) else {
        return is_short(command);
    };
    // A bound around the shell holds for all that is in it.
    shell::base_name(&command[0]) == "timeout"
        || shell::parse(&script.script).is_ok_and(|items| {
            !repeats(&items) && shell::all_commands(&items).into_iter().all(|simple| is_short(&simple.words))
        })
}

/// Whether there is a loop that ends only when something happens.
fn repeats(items: &[Item]) -> bool {
    items.iter().any(|item| match &item.command {
        Command::Compound(compound) => {
            matches!(compound.kind, Kind::While | Kind::Until) || compound.bodies.iter().any(|body| repeats(body))
        }
        Command::Function(function) => repeats(&function.body),
        Command::Simple(_) => false,
    })
}

/// Whether a simple command ends at once, or after a time that it names.
fn is_short<T: AsRef<str>>(words: &[T]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return true };
    match shell::base_name(program.as_ref()) {
        "timeout" => true,
        "sleep" => arguments.first().is_some_and(|time| time.as_ref().starts_with(|c: char| c.is_ascii_digit())),
        program if shell::is_brief(program) => true,
        _ => {
            let unwrapped = shell::unwrapped(words);
            unwrapped.len() < words.len() && is_short(unwrapped)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ContainerExt, container, deployment, fires, found, run, shown};
    use expect_test::expect;
    use plimsoll_policy::workload::Class;

    #[test]
    fn a_hook_is_bounded_by_what_it_runs() {
        for (command, unbounded) in [
            ("/setup", true),
            ("sh /setup.sh", true),
            ("sleep 5", false),
            ("sleep infinity", true),
            ("timeout 30 /setup", false),
            ("timeout 30 sh -c until curl db; do sleep 1; done", false),
            ("sh -c until curl db; do sleep 1; done", true),
            ("sh -c while true; do echo; done", true),
            ("sh -c echo 'Hello; world (again)' > /tmp/hello 2>&1", false),
            ("sh -c if [ ! -f /data/x ]; then touch /data/x; fi", false),
            ("sh -c sleep 2 && timeout 5 curl -f localhost", false),
            ("sh -c sleep 2 && curl -f localhost", true),
            ("sh -c echo \"$(/setup)\"", true),
        ] {
            assert_eq!(fires(&UNBOUNDED, container("app").post_start(run(command))), unbounded, "{command}");
        }
    }

    #[test]
    fn only_exec_hooks_of_containers_that_may_have_some() {
        assert!(!fires(&UNBOUNDED, container("app").post_start(Handler::Sleep { seconds: 5 })));
        assert!(fires(&UNBOUNDED, container("app").class(Class::Sidecar).post_start(run("/setup"))));
        assert!(!fires(&UNBOUNDED, container("app").class(Class::Init).post_start(run("/setup"))));
    }

    #[test]
    fn says_what_waits_and_what_to_write() {
        let pod = deployment([container("app").post_start(run("/setup"))]);
        expect![[r#"
            app: postStart runs a command without a bound: until it ends the container does not count as running, and none of its probes begins
              at /spec/template/spec/containers/0/lifecycle/postStart/exec/command
              help: put `timeout 30` before the command, or do its work in the process or in an init container
        "#]].assert_eq(&shown(&found(&UNBOUNDED, &pod)));
    }
}
