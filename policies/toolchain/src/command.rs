//! Other programs, with errors for people.

use anyhow::{Context, Result, bail};
use std::process::{Command, Stdio};

/// Runs a program and returns what it prints on standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run `{name}`"))?;
    if !output.status.success() {
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("`{name} {}` failed: {}", arguments.join(" "), reason.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{name}` printed what is not UTF-8"))
}

/// A program that does nothing but print; `LC_ALL=C` because its words are read.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).env("LC_ALL", "C");
    command
}
