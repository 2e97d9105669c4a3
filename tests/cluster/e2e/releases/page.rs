//! The table of docs/release.md.

use super::Said;
use crate::support::{Seen, kubectl};
use plimsoll_tests::root;
use std::fs;

const BEGIN: &str = "<!-- who is right -->";
const END: &str = "<!-- end of who is right -->";

/// Puts what was seen into the page, if that is asked for.
pub(super) fn keep(said: &[Said]) {
    if std::env::var_os("UPDATE_PAGES").is_none() {
        return;
    }
    let file = root().join("docs/release.md");
    let page = fs::read_to_string(&file).expect("docs/release.md");
    let (before, rest) = page.split_once(BEGIN).expect("the beginning of the table");
    let (_, after) = rest.split_once(END).expect("the end of the table");
    fs::write(&file, format!("{before}{BEGIN}\n{}\n{END}{after}", table(said))).expect("docs/release.md");
}

fn table(said: &[Said]) -> String {
    let version = kubectl("get nodes -o jsonpath={.items[0].status.nodeInfo.kubeletVersion}").ok();
    let rows = said.iter().map(|one| {
        let plimsoll = format!("{} after {} s", one.plimsoll.code.unwrap_or(-1), one.plimsoll.took.as_secs());
        format!("| {} | {plimsoll} | {} | {} |\n", one.fault.name, other(&one.helm), other(&one.kubectl))
    });
    format!(
        "\nKubernetes {version}, Helm 4, all at once on one node; the others were told to wait for 150 s:\n\n\
         | fault | `plimsoll release`: exit code | `helm upgrade --install --wait` | `kubectl rollout status` |\n\
         | --- | --- | --- | --- |\n{}",
        rows.collect::<String>()
    )
}

fn other(seen: &Seen) -> String {
    let end = if seen.succeeded { "done" } else { "failed" };
    format!("{end} after {} s", seen.took.as_secs())
}
