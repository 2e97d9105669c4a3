//! What a scan says of itself while it runs, and of its time.

use super::DENIED;
use plimsoll_tests::{deployment, folder, need::need, plimsoll, program};
use std::{
    fs::File,
    io::{Read, Write},
    process::{Command, Stdio},
};

#[test]
fn stats_say_where_the_time_went() {
    let here = folder([("app.yaml", &deployment(DENIED))]);
    let outcome = plimsoll(here.path(), &["scan", "--stats", "-j", "2", "-q", "."], "");
    let names: Vec<&str> = outcome.stderr.lines().filter_map(|line| line.get(..20)).map(str::trim_end).collect();
    let phases = ["  read", "  parse", "  judge", "  judge sets", "  locate"];
    let steps = ["load policies", "find files", "scan"].into_iter().chain(phases).chain(["write reports", "all"]);
    assert_eq!(names, steps.collect::<Vec<_>>(), "{}", outcome.stderr);
    assert!(outcome.stderr.lines().all(|line| line.contains(" ms")), "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("deny[latest-tag]"), "the report is as ever");
}

/// A named pipe keeps a scan waiting for as long as the test likes.
#[test]
fn progress_is_shown_on_a_terminal_when_it_takes_long() {
    let (Some(script), Some(mkfifo)) = (need("script"), need("mkfifo")) else { return };
    let here = folder([]);
    let pipe = here.path().join("slow.yaml");
    assert!(Command::new(mkfifo).arg(&pipe).status().is_ok_and(|status| status.success()));
    let scan = format!("{} scan --color never slow.yaml", program().display());
    let mut child = Command::new(script)
        .args(["--quiet", "--return", "--command", &scan, "/dev/null"])
        .env("TERM", "xterm")
        .current_dir(here.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script starts");
    let mut terminal = child.stdout.take().expect("piped");
    let mut shown = String::new();
    let mut buffer = [0; 1024];
    while !shown.contains("scanning: 0 documents") {
        let read = terminal.read(&mut buffer).expect("the terminal can be read");
        assert!(read > 0, "it ended without a word: {shown}");
        shown.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    File::options()
        .write(true)
        .open(&pipe)
        .and_then(|mut pipe| pipe.write_all(deployment(DENIED).as_bytes()))
        .expect("a pipe");
    terminal.read_to_string(&mut shown).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let report = shown.rsplit("\r\u{1b}[K").next().unwrap_or_default();
    assert!(report.starts_with("deny[latest-tag]"), "the line is gone before the report: {shown:?}");
}
