//! What the tests share: the checkout, and the program as people run it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in a folder of the checkout")
}

/// The target folder that this test was built into.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let deps = test.parent().expect("a program stands in a folder");
    deps.parent().and_then(Path::parent).expect("target/<profile>/deps").to_owned()
}

/// The program, built if need be: `cargo test` builds the binaries of the package under test only.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = ["build", "--release", "--quiet", "--locked", "--package", "plimsoll"];
        let status = Command::new(cargo).args(build).arg("--target-dir").arg(target()).current_dir(root()).status();
        assert!(status.is_ok_and(|status| status.success()), "cargo build of plimsoll failed");
        target().join("release/plimsoll")
    })
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// What it printed on standard output.
    pub stdout: String,
    /// What it printed on standard error.
    pub stderr: String,
}

/// Runs `plimsoll` in a folder, with a text on standard input.
pub fn plimsoll(folder: &Path, args: &[&str], stdin: &str) -> Outcome {
    let mut child = Command::new(program())
        .args(args)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input closes the pipe: no fault of the test.
    let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Outcome { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A folder with files, gone when the value is.
pub fn folder<const N: usize>(files: [(&str, &str); N]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a file stands in a folder")).expect("a folder for the file");
        std::fs::write(file, text).expect("a file");
    }
    folder
}
