use super::*;
use crate::sample::{container, deployment};
use proptest::prelude::*;

fn shown(bounds: Bounds) -> String {
    match bounds {
        FOREVER => "endless".to_owned(),
        Bounds { lower, upper: None } => format!("{lower}.."),
        Bounds { lower, upper: Some(upper) } if lower == upper => lower.to_string(),
        Bounds { lower, upper: Some(upper) } => format!("{lower}..{upper}"),
    }
}

fn of(command: &[&str]) -> String {
    let workload = deployment(30).with(container("app").env("DELAY", "7").env_from_elsewhere("SECRET")).build();
    let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
    shown(bounds(&command, &workload.pod.containers[0]))
}

#[test]
fn a_script_is_as_long_as_its_sleeps_and_bounded_where_nothing_else_waits() {
    for (script, expected) in [
        ("sleep 10", "10s"),
        ("  sleep 10 ; # endpoints lag", "10s"),
        ("exec sleep 20", "20s"),
        ("/bin/sleep '10'", "10s"),
        ("busybox sleep 5", "5s"),
        ("sleep 5; sleep 5", "10s"),
        ("sleep 5 && /usr/sbin/nginx -s quit", "5s"),
        ("sleep 5 && kill -SIGTERM $(pidof vault)", "5s"),
        ("/bin/sleep 1; kill -QUIT 1", "1s"),
        ("sleep 40 && ./drain", "40s.."),
        ("./drain; sleep 45", "45s.."),
        ("./drain && sleep 45", "45s.."),
        ("echo stopping; sleep 45", "45s"),
        ("! sleep 45", "45s"),
        ("sleep 5; exec ./drain; sleep 40", "5s.."),
        ("sleep 5; exit 0; sleep 40", "5s"),
        ("./drain || sleep 40", "0s.."),
        ("[ -f x ] && sleep 40", "0s..40s"),
        ("test -f x || sleep 40; sleep 2", "2s..42s"),
        ("kill -TERM 1 || true; sleep 3", "3s"),
        ("sleep 40 &", "0s"),
        ("sleep 40 & wait", "40s"),
        ("sleep 5 & sleep 3; wait", "8s"),
        ("sleep 5 | cat", "5s"),
        ("if true; then sleep 5; else sleep 7; fi", "5s..7s"),
        ("if ./check; then sleep 5; fi", "0s.."),
        ("if [ -f x ]; then sleep 5; fi; sleep 1", "1s..6s"),
        ("case $X in a) sleep 5;; *) sleep 6;; esac", "0s..6s"),
        ("for i in 1 2 3; do sleep 5; done", "15s"),
        ("for i in {1..10}; do sleep 5; done", "50s"),
        ("for i in $(seq 1 10); do pgrep app || break; sleep 1; done", "0s..10s"),
        ("for i in *; do sleep 5; done", "0s.."),
        ("while pgrep app; do sleep 1; done", "0s.."),
        ("while true; do sleep 1; done", "endless"),
        ("while :; do pgrep app || break; sleep 1; done", "0s.."),
        ("drain() { sleep 9; }; drain", "9s"),
        ("(sleep 3); { sleep 4; }", "7s"),
        ("sleep $(cat /delay)", "0s.."),
        ("sleep $DELAY", "7s"),
        ("sleep ${DELAY}", "7s"),
        ("sleep $SECRET", "0s.."),
        ("sleep ${DRAIN:-40}", "0s.."),
        ("sleep 2; X=$(sleep 3)", "5s"),
        ("timeout 20 ./drain; sleep 5", "5s..25s"),
        ("timeout -k 5 20 ./drain", "0s..25s"),
        ("timeout --kill-after=5s 20s ./drain", "0s..25s"),
        ("timeout 20 sleep 40", "20s"),
        ("timeout 0 ./drain", "0s.."),
        ("curl -s -m 5 localhost/drain; sleep 2", "2s..7s"),
        ("curl localhost/drain; sleep 35", "35s.."),
        ("nginx -c /etc/n.conf -s quit; sleep 2", "2s"),
        ("kill -s TERM $(ps | grep app | awk '{print $1}')", "0s"),
        ("sleep infinity", "endless"),
        ("sleep 5 && sleep inf", "endless"),
        ("tail -f /dev/null", "endless"),
        ("timeout 9 sleep infinity", "9s"),
        ("nginx -s quit; while pgrep nginx; do sleep 1; done", "0s.."),
        ("cat <<E\nx\nE\nsleep 3", "3s"),
        ("coproc x; sleep 3", "0s.."),
        ("", "0s"),
    ] {
        assert_eq!(of(&["/bin/sh", "-c", script]), expected, "{script}");
    }
}

#[test]
fn a_command_without_a_shell_is_read_likewise() {
    let cases: [(&[&str], &str); 18] = [
        (&["sleep", "5"], "5s"),
        (&["/bin/sleep", "5s"], "5s"),
        (&["sleep", "0.5"], "0.5s"),
        (&["sleep", ".5"], "0.5s"),
        (&["sleep", "2m"], "120s"),
        (&["sleep", "1h"], "3600s"),
        (&["sleep", "1m", "30s"], "90s"),
        (&["sleep", "$(DELAY)"], "7s"),
        (&["sleep", "$(SECRET)"], "0s.."),
        (&["sleep", "infinity"], "endless"),
        (&["sleep", "5ms"], "0s.."),
        (&["sleep"], "0s.."),
        (&["timeout", "20", "/app/drain"], "0s..20s"),
        (&["timeout", "20", "sh", "-c", "./drain"], "0s..20s"),
        (&["/wait-shutdown"], "0s.."),
        (&["python", "-c", "import time; time.sleep(45)"], "0s.."),
        (&["powershell", "-Command", "Start-Sleep -Seconds 40"], "40s"),
        (&["cmd", "/c", "timeout", "/t", "40"], "40s"),
    ];
    for (command, expected) in cases {
        assert_eq!(of(command), expected, "{command:?}");
    }
}

proptest! {
    #[test]
    fn never_panics_and_keeps_its_bounds_in_order(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "sleep 1", "; ", " && ", " || ", " & ", " | ", "wait", "if ", "; then ", "; fi", "f", "f() { ", "; }",
            "timeout 3 ", "while true; do ", "; done", "exit", "for i in 1 2; do ", "(", ")", "sleep 9999999999999d",
            "$(", "sh -c '", "'", "sleep inf",
        ]), 0..20)
    ) {
        let workload = deployment(30).with(container("app")).build();
        let command = ["sh", "-c", &pieces.concat()].map(str::to_owned);
        let found = bounds(&command, &workload.pod.containers[0]);
        prop_assert!(found.upper.is_none_or(|upper| found.lower <= upper));
    }
}
