//! Completions and man pages: made from the flags, kept for the archives of a release, and good for what they are for.

use expect_test::{expect, expect_file};
use plimsoll_tests::{folder, need::need, plimsoll, program, root};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

/// Runs `plimsoll`, which must succeed, and returns what it prints.
fn prints(args: &[&str]) -> String {
    let outcome = plimsoll(root(), args, "");
    assert_eq!((outcome.code, &*outcome.stderr), (0, ""), "plimsoll {args:?}");
    outcome.stdout
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

/// `UPDATE_EXPECT=1 cargo test --release --workspace --test packaging -- what_archives_hold` writes them; a page of a
/// command that is gone has to be removed by hand.
#[test]
fn what_archives_hold_is_what_the_program_prints() {
    let completions = root().join("admission/completions");
    for (shell, file) in [("bash", "plimsoll.bash"), ("fish", "plimsoll.fish"), ("zsh", "_plimsoll")] {
        expect_file![completions.join(file)].assert_eq(&prints(&["completions", shell]));
    }
    let printed = folder([]);
    prints(&["man", &printed.path().display().to_string()]);
    let kept = root().join("admission/man");
    for name in names(printed.path()) {
        let page = fs::read_to_string(printed.path().join(&name)).expect("a page");
        expect_file![kept.join(name)].assert_eq(&page);
    }
    assert_eq!(names(&kept), names(printed.path()), "pages in admission/man");
}

/// What bash offers at the end of a command line.
fn offered(words: &[&str]) -> Vec<String> {
    let script = r#"
        source "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        handler=$(complete -p plimsoll | sed 's/.* -F \([^ ]*\) .*/\1/')
        "$handler" plimsoll "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let completions = root().join("admission/completions/plimsoll.bash");
    let output = Command::new("bash")
        .args(["--norc", "-c", script, "bash"])
        .arg(completions)
        .args(words)
        .output()
        .expect("bash starts");
    let text = String::from_utf8(output.stdout).expect("bash prints UTF-8");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let Some(_) = need("bash") else { return };
    assert_eq!(offered(&["plimsoll", "comp"]), ["completions"], "not `compile-module`, which is not for people");
    assert_eq!(offered(&["plimsoll", "scan", "--fail"]), ["--fail-on"]);
    assert_eq!(offered(&["plimsoll", "scan", "--fail-on", ""]), ["deny", "warn", "never"]);
    assert_eq!(offered(&["plimsoll", "scan", "--format", "g"]), ["github", "gitlab"]);
}

#[test]
fn man_shows_each_page_without_a_warning() {
    let Some(man) = need("man") else { return };
    let pages = root().join("admission/man");
    for name in names(&pages) {
        let shown = Command::new(&man)
            .args(["--warnings=all", "--local-file"])
            .arg(pages.join(&name))
            .env("MANPAGER", "cat")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .expect("man starts");
        assert_eq!(String::from_utf8_lossy(&shown.stderr), "", "{name}");
        let text = String::from_utf8(shown.stdout).expect("man prints UTF-8");
        assert!(text.contains("SYNOPSIS") && text.contains(name.trim_end_matches(".1")), "{name}: {text}");
    }
    let page = fs::read_to_string(pages.join("plimsoll.1")).expect("a page");
    let listed: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("plimsoll\\-")).collect();
    expect![[r#"
        [
            "scan(1)",
            "explain(1)",
            "lsp(1)",
            "completions(1)",
            "man(1)",
            "serve(1)",
            "webhook(1)",
            "release(1)",
            "doctor(1)",
        ]
    "#]]
    .assert_debug_eq(&listed);
}

#[test]
fn kubectl_runs_it_as_a_plugin_that_knows_its_name() {
    let Some(kubectl) = need("kubectl") else { return };
    let bin = folder([]);
    symlink(program(), bin.path().join("kubectl-plimsoll")).expect("a link");
    let path = std::env::join_paths(
        [bin.path().to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let help = Command::new(kubectl)
        .args(["plimsoll", "explain", "--help"])
        .env("PATH", path.expect("a path"))
        .output()
        .expect("kubectl starts");
    let text = String::from_utf8(help.stdout).expect("kubectl prints UTF-8");
    let usage = text.lines().find(|line| line.starts_with("Usage:")).unwrap_or(&text);
    assert_eq!(usage, "Usage: kubectl plimsoll explain [OPTIONS] [NAME]");
}
