//! What the pages say is typed, and what they show must come.

use anyhow::{Result, ensure};
use plimsoll_tests::{need::or_skip, root};
use std::process::Command;

/// Types a page in a network of its own, so that its ports are free.
fn typed(page: &str, last_section: &str) -> Result<()> {
    let alone = ["--map-root-user", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"];
    let may = Command::new("unshare").args(alone).arg("true").output().is_ok_and(|output| output.status.success());
    let reason = "this system forbids `unshare`, or has no `ip`";
    let Some(()) = or_skip("network namespace", may.then_some(()).ok_or(reason)) else { return Ok(()) };
    let output = Command::new("unshare")
        .args(alone)
        .arg(root().join("tests/chart/typed"))
        .args([page, last_section])
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn the_readme_does_what_it_says() -> Result<()> {
    typed("worker/README.md", "")
}

#[test]
fn three_reports_can_be_replayed_on_one_machine() -> Result<()> {
    typed("docs/replay.md", "On one machine")
}
