//! Settings that cannot hold together end the start, and the error says which two, and what to do.

use crate::place::Place;

const AND: &str = "contradict each other";

/// Flags, the two settings with their values, and what to do.
const TABLE: [(&[&str], [&str; 2], &str); 11] = [
    (&["--backoff", "1m", "--max-backoff", "1s"], ["--backoff 1m", "--max-backoff 1s"], "raise --max-backoff"),
    (
        &["--max-deliveries", "1", "--concurrency", "3"],
        ["--max-deliveries 1", "--concurrency 3"],
        "set --max-deliveries to 2 or more, or --concurrency to 1",
    ),
    (&["--drain-delay", "1s"], ["--drain-delay 1s", "no --intake"], "set --intake, or no --drain-delay"),
    (
        &["--admin", "127.0.0.1:8123", "--intake", "127.0.0.1:8123"],
        ["--intake 127.0.0.1:8123", "--admin 127.0.0.1:8123"],
        "give one of them another port",
    ),
    (&["--keep", "1m"], ["--keep 1m", "--max-backoff 5m"], "raise --keep"),
    (&["--keep", "1h", "--lease", "2h"], ["--keep 1h", "--lease 2h"], "raise --keep"),
    (&["--keep", "6m"], ["--keep 6m", "--job-timeout 5m"], "raise --keep, for a time-out to twice of it"),
    (
        &["--limits", "call:concurrency=9"],
        ["the concurrency of handler call 9", "--concurrency 4"],
        "raise --concurrency or lower that of the handler",
    ),
    (
        &["--limits", "noop:attempts=3", "--limits", "call:timeout=2h", "--keep", "3h"],
        ["--keep 3h", "the timeout of handler call 2h"],
        "raise --keep",
    ),
    // One is told at a time.
    (&["--backoff", "1m", "--max-backoff", "1s", "--drain-delay", "1s"], ["--backoff 1m", "--max-backoff 1s"], "raise"),
    (&["--mode", "feed", "--keep", "1m"], ["--keep 1m", "--max-backoff 5m"], "raise --keep"),
];

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let place = Place::bare();
    for (flags, [one, other], remedy) in TABLE {
        let output = place.run(&[&["run"], flags].concat());
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(78), 1), "{flags:?}: {said}");
        assert!(said.starts_with(&format!("error: {one} and {other} {AND}: ")), "{flags:?}: {said}");
        assert!(said.contains(&format!("; {remedy}")), "{flags:?}: {said}");
    }
}

#[test]
fn a_contract_of_such_settings_is_refused_too() {
    let output = Place::bare().run(&["contract", "--backoff", "1m", "--max-backoff", "1s"]);
    assert_eq!(output.status.code(), Some(78), "{output:?}");
}

#[test]
fn settings_that_look_alike_and_fit_are_taken() {
    let place = Place::sqlite();
    for flags in [
        &["--max-deliveries", "1", "--concurrency", "1"][..],
        &["--max-deliveries", "1", "--mode", "feed"],
        &["--backoff", "5m"],
        &["--keep", "10m"],
        &["--limits", "call:concurrency=4,timeout=1h,attempts=1", "--limits", "noop:attempts=9"],
        &["--intake", "127.0.0.1:0", "--drain-delay", "10ms"],
    ] {
        let ended = place.start(flags).stop();
        assert_eq!(ended.code, Some(0), "{flags:?}: {ended:#?}");
    }
}

#[test]
fn a_value_that_is_none_is_refused_by_its_name() {
    let place = Place::bare();
    for (flag, value) in [
        ("--max-attempts", "0"),
        ("--max-deliveries", "0"),
        ("--concurrency", "0"),
        ("--concurrency", "1025"),
        ("--lease", "999ms"),
        ("--liveness-stall", "999ms"),
        ("--job-timeout", "0s"),
        ("--shutdown-timeout", "0s"),
        ("--limits", "call"),
        ("--limits", "call:attempts=0"),
        ("--limits", "call:concurrency=0"),
        ("--limits", "call:timeout=soon"),
        ("--limits", "call:speed=9"),
        ("--limits", "nobody:attempts=2"),
    ] {
        let output = place.run(&["run", "--admin", "127.0.0.1:0", flag, value]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{flag} {value}: {said}");
        assert!(said.contains(flag), "{flag} {value}: {said}");
    }
}
