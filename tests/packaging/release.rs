//! A release on this machine: the archive as `dist` makes it, where the action and krew look for it.

use plimsoll_tests::{folder, program, root};
use std::{
    env::consts,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use tempfile::TempDir;

/// The version of everything.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What this machine is called in the names of archives.
pub(crate) fn target() -> String {
    format!("{}-unknown-linux-gnu", consts::ARCH)
}

/// A command that must succeed; what it prints.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the program prints UTF-8")
}

/// `download/v0.1.0` with the archive of this machine and its checksum, made once.
pub(crate) fn releases() -> &'static Path {
    static RELEASES: OnceLock<TempDir> = OnceLock::new();
    RELEASES
        .get_or_init(|| {
            let releases = folder([]);
            let place = releases.path().join(format!("download/v{VERSION}"));
            let archive = format!("plimsoll-{}.tar.gz", target());
            pack(&place, &archive);
            let checksum = run(Command::new("sha256sum").args(["--binary", &archive]).current_dir(&place));
            fs::write(place.join(format!("{archive}.sha256")), checksum).expect("a checksum");
            releases
        })
        .path()
}

/// One folder in the archive, named after the machine, with the program and its licence.
fn pack(place: &Path, archive: &str) {
    let name = archive.trim_end_matches(".tar.gz");
    let packed = folder([]);
    let inside = packed.path().join(name);
    fs::create_dir_all(&inside).and_then(|()| fs::create_dir_all(place)).expect("folders");
    fs::copy(program(), inside.join("plimsoll")).expect("the program");
    fs::copy(root().join("LICENSE"), inside.join("LICENSE")).expect("the licence");
    let tar = ["--create", "--use-compress-program", "gzip --fast", "--file"];
    run(Command::new("tar").args(tar).arg(place.join(archive)).arg("--directory").arg(packed.path()).arg(name));
}

/// The archive of this machine.
pub(crate) fn archive() -> PathBuf {
    releases().join(format!("download/v{VERSION}/plimsoll-{}.tar.gz", target()))
}
