//! The manifest for krew, as the release makes it from its archives.

use crate::release::{VERSION, archive, run, target};
use expect_test::expect;
use plimsoll_tests::{Outcome, folder, root};
use serde_yaml::Value;
use std::{os::unix::fs::symlink, path::Path, process::Command};

const TARGETS: [&str; 4] =
    ["aarch64-apple-darwin", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", "x86_64-unknown-linux-gnu"];

fn krew(archives: &Path) -> Outcome {
    let output =
        Command::new(root().join(".ci/release/krew")).arg(archives).arg(VERSION).output().expect("bash starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Outcome { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// As krew does it: the platform's archive, checked, unpacked, and the files that the manifest names.
#[test]
fn the_manifest_installs_the_archive_of_this_machine() {
    let archives = folder([]);
    for target in TARGETS {
        symlink(archive(), archives.path().join(format!("plimsoll-{target}.tar.gz"))).expect("a link");
    }
    let made = krew(archives.path());
    assert_eq!((made.code, &*made.stderr), (0, ""));
    let manifest: Value = serde_yaml::from_str(&made.stdout).expect("YAML");
    let platforms = manifest["spec"]["platforms"].as_sequence().expect("platforms");
    assert_eq!(platforms.len(), TARGETS.len());
    let ours = platforms.iter().find(|platform| text(&platform["uri"]).contains(&target())).expect("this machine");

    let digest = run(Command::new("sha256sum").arg(archive()));
    assert!(digest.starts_with(text(&ours["sha256"])));
    let unpacked = folder([]);
    run(Command::new("tar").arg("--extract").arg("--file").arg(archive()).arg("--directory").arg(unpacked.path()));
    for file in ours["files"].as_sequence().expect("files") {
        assert!(unpacked.path().join(text(&file["from"])).is_file(), "{file:?}");
    }
    let plugin = unpacked.path().join(text(&ours["files"][0]["from"]));
    assert_eq!(run(Command::new(plugin).arg("--version")), format!("plimsoll {VERSION}\n"));
    let shown = made.stdout.replace(text(&ours["sha256"]), "DIGEST");
    expect![[r#"
        : { matchLabels: { os: linux, arch: amd64 } }
              uri: https://github.com/plimsoll-dev/plimsoll/releases/download/v0.1.0/plimsoll-x86_64-unknown-linux-gnu.tar.gz
              sha256: DIGEST
              bin: plimsoll
              files:
                - { from: plimsoll-x86_64-unknown-linux-gnu/plimsoll, to: . }
                - { from: plimsoll-x86_64-unknown-linux-gnu/LICENSE, to: . }
    "#]].assert_eq(shown.split("    - selector").nth(1).unwrap_or_default());
}

#[test]
fn a_release_without_one_of_its_archives_is_named() {
    let archives = folder([]);
    let made = krew(archives.path());
    let folder = archives.path().display();
    let expected = format!("error: there is no {folder}/plimsoll-x86_64-unknown-linux-gnu.tar.gz\n");
    assert_eq!((made.code, made.stderr), (1, expected));
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
