//! Shell strings that the reader of shell strings cannot read: said, because then nothing is known of what they do.

use crate::{Stop, command::word_pointer, hook};
use plimsoll_policy::{Finding, Findings, Level, Pointer, Rule, shell::Unreadable, workload::Handler};

pub(crate) const UNREADABLE: Rule =
    Rule::new("unreadable-command", Level::Note, "a shell string that cannot be read, so that what it does is unknown")
        .strict(Level::Warn);

pub(crate) fn check(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    for timeline in stop.long_running() {
        let container = timeline.container;
        if let Some((script, unreadable)) = timeline.line.unreadable() {
            let unknown = "whether SIGTERM reaches the application, and how long it needs to stop, are unknown";
            let help = "put the script into a file of the image, or start the application without a shell; and declare \
                        `plimsoll.dev/shutdown-timeout`";
            let pointer = word_pointer(container, script.index);
            findings.push(finding(unreadable, unknown, pointer).help(help).container(container));
        }
        let Some(pre_stop) = &container.pre_stop else { continue };
        let Handler::Exec { command } = &pre_stop.handler else { continue };
        if let Some((script, unreadable)) = hook::line(command, container).unreadable() {
            let unknown = "how long this preStop hook takes is unknown";
            let help = "write the hook without it, and declare `plimsoll.dev/prestop-max`";
            let pointer = pre_stop.pointer.join("exec/command").step(script.index);
            findings.push(finding(unreadable, unknown, pointer).help(help).container(container));
        }
    }
}

fn finding(unreadable: &Unreadable, unknown: &str, pointer: Pointer) -> Finding {
    Finding::new(&UNREADABLE, pointer, format!("this shell string cannot be read: {unreadable}; {unknown}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{container, deployment, found, sidecar};
    use expect_test::expect;

    #[test]
    fn names_the_construct_and_what_is_unknown() {
        let hook = Handler::Exec { command: ["sh", "-c", "echo 'bye"].map(str::to_owned).to_vec() };
        let app = container("app").command(&["tini", "--", "bash", "-c"]).args(&["coproc app; wait"]).pre_stop(hook);
        let shown: Vec<String> = found(&deployment(60).with(app).build(), &UNREADABLE)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.pointer, finding.message))
            .collect();
        expect![[r#"
            /spec/template/spec/containers/0/args/0: this shell string cannot be read: `coproc`, at `coproc app; wait`; whether SIGTERM reaches the application, and how long it needs to stop, are unknown
            /spec/template/spec/containers/0/lifecycle/preStop/exec/command/2: this shell string cannot be read: a quote that is not closed, at `'bye`; how long this preStop hook takes is unknown"#]].assert_eq(&shown.join("\n"));
    }

    #[test]
    fn is_about_whatever_runs_on_and_about_nothing_that_can_be_read() {
        let unreadable = &["sh", "-c", "app 'x"];
        let count = |workload| found(&workload, &UNREADABLE).len();
        assert_eq!(count(deployment(60).with(sidecar("proxy").command(unreadable)).build()), 1);
        assert_eq!(count(deployment(60).with(container("app").command(unreadable)).job().build()), 1);
        assert_eq!(count(deployment(60).with(container("app").init().command(unreadable)).build()), 0);
        for script in ["! app", "A=(x y); app \"${A[@]}\"", "[[ -f x ]] && ((i++)); app <<< x", "exec > >(tee l); app"]
        {
            let app = container("app").command(&["bash", "-c", script]);
            assert_eq!(count(deployment(60).with(app).build()), 0, "{script}");
        }
        let windows = container("app").command(&["powershell", "-Command", "$x = 1; ./app.exe"]);
        assert_eq!(count(deployment(60).with(windows).build()), 1);
    }
}
