use super::*;
use crate::sample::{container, deployment, found, sidecar};
use proptest::prelude::*;

/// `!` denied, `?` warned, anything else silent; for sh, dash, bash and busybox in this order.
fn verdicts(script: &str) -> String {
    let context = Context { grace: Duration::seconds(30), has_busybox: false, nesting: 0 };
    let verdict = |shell| match context.judge(&shell::parse(script).expect(script), shell) {
        Some(Around(_)) => '!',
        Some(NotReplaced(_)) => '?',
        Some(Unmeasured) | None => '.',
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
        ("???.", "(cd /app && exec ./run)"),
        ("???.", "! app"),
        ("???.", "time app"),
        ("???.", "case $1 in worker) exec worker;; *) web; esac"),
        ("???.", "run() { app; }; run"),
        ("???.", "if a; then exec b; else c; fi"),
        ("??..", "tini -- app"),
        ("??..", "cat > /etc/conf <<EOF\nx\nEOF\napp"),
        ("??..", "env A=1 app"),
        ("??..", "[[ -f x ]] && ((1)) && app"),
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
        ("??!.", "trap cleanup EXIT; app"),
        ("!!.!", "trap cleanup EXIT; app & wait"),
        ("!!!!", "trap 'kill $PID' INT; app & PID=$!; wait"),
        ("!!!!", "(cd x && app); echo done"),
        ("!!!!", "app || (echo failed; exit 1)"),
        ("!!!!", "app; if [ $? != 0 ]; then echo failed; fi"),
        ("!!!!", "if a; then app | tee log; fi"),
        ("!!!!", "trap 'exit 0' TERM; while true; do ./app; done"),
        ("!!!!", "trap 'exit 0' TERM; while true; do poll; sleep 3600; done"),
        ("!!!!", "trap : TERM; while true; do poll; sleep 1; done"),
        ("!!!!", "trap '' TERM; app & wait"),
        // A trap that works.
        ("....", "trap 'kill -TERM $PID' TERM INT; app & PID=$!; wait $PID; wait $PID"),
        ("....", "trap : TERM INT; sleep infinity & wait"),
        ("....", "trap 'exit 0' TERM; while true; do sync; sleep 60 & wait $!; done"),
        // A loop of short commands ends within one of them.
        ("....", "trap 'exit 0' TERM; while true; do poll; sleep 1; done"),
        ("....", "trap 'run=0' SIGTERM; run=1; while [ $run = 1 ]; do date; sleep 5; done"),
        ("....", "trap exit TERM INT; while sleep 10; do poll > /log; done"),
        // Nothing to say about.
        ("....", ". /entrypoint-lib.sh"),
        ("....", "source /vault/secrets/env && eval $CMD"),
        ("....", "echo hello; exit 0"),
        ("....", "exec > /log"),
        ("....", ""),
        ("....", "cat > /etc/conf <<EOF\nx\nEOF\nexec app"),
        ("....", "exec > >(tee log) 2>&1; exec app"),
        ("....", "ARGS=(a b); exec app \"${ARGS[@]}\""),
        ("....", "run() { exec app; }; run"),
        ("....", "{ cd x; exec app; }"),
        ("....", "case $1 in worker) exec worker;; *) exec web; esac"),
        // A shell behind `exec` is a shell all the same.
        ("....", "exec sh -c 'exec app'"),
        ("????", "exec dash -c app"),
        ("!!!!", "exec sh -c 'app | tee log'"),
        ("!!!!", "exec tini -- bash -c 'app; echo done'"),
        ("!!!!", "su-exec app sh -c 'app & wait'"),
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
fn a_shell_behind_a_launcher_is_a_shell_all_the_same() {
    for launcher in [&["tini", "--"][..], &["dumb-init"], &["su-exec", "app"], &["nice", "-n", "5"], &["env", "A=b"]] {
        let command = [launcher, &["sh", "-c", "app; exit"]].concat();
        let [finding] = &*found(&deployment(60).with(container("app").command(&command)).build(), &SWALLOWED) else {
            panic!("{command:?}")
        };
        assert_eq!(finding.pointer, format!("/spec/template/spec/containers/0/command/{}", launcher.len() + 2));
        assert!(finding.message.starts_with(&format!("`sh` behind `{}` stays", launcher[0])), "{}", finding.message);
    }
}

#[test]
fn a_shell_of_windows_is_a_shell_too() {
    for (command, count) in [
        (&["cmd", "/S", "/C", "app.exe --x"][..], 1),
        (&["powershell", "-Command", r"C:\app\app.exe"], 1),
        (&["pwsh", "-c", "$x = 1; app"], 0),
        (&["cmd", "/c", "echo hello"], 0),
    ] {
        let found = found(&deployment(60).with(container("app").command(command)).build(), &SWALLOWED);
        assert_eq!(found.len(), count, "{command:?}");
        assert!(found.iter().all(|finding| finding.escalated), "{command:?}");
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

proptest! {
    #[test]
    fn never_panics(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "app", "exec app", "; ", " && ", " & ", " | ", "wait", "if ", "; then ", "; fi", "f", "f() { ", "; }",
            "trap 'x' TERM", "while true; do ", "; done", "(", ")", "sh -c '", "'", "exec sh -c app",
        ]), 0..20)
    ) {
        let context = Context { grace: Duration::seconds(30), has_busybox: false, nesting: 0 };
        if let Ok(items) = shell::parse(&pieces.concat()) {
            let _ = context.judge(&items, Shell::Sh);
        }
    }
}
