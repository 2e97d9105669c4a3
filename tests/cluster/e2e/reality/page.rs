//! docs/reality.md: what was seen, in a table for each rule. The text around the tables is written by hand.

use crate::support::kubectl;
use plimsoll_tests::root;
use std::{
    fs,
    sync::{Mutex, PoisonError},
};

/// One table of the page.
pub(super) struct Table {
    /// The rule it is about, and the name of its place in the page.
    pub(super) rule: &'static str,
    /// The seed of its numbers.
    pub(super) seed: u64,
    /// A line that sums it up.
    pub(super) sum: String,
    /// The heads of its columns.
    pub(super) heads: &'static [&'static str],
    /// Its rows.
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// Puts it into the page, if that is asked for.
    pub(super) fn keep(&self) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        if std::env::var_os("UPDATE_PAGES").is_none() {
            return;
        }
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let file = root().join("docs/reality.md");
        let page = fs::read_to_string(&file).expect("docs/reality.md");
        let (begin, end) = (format!("<!-- {} -->", self.rule), format!("<!-- end of {} -->", self.rule));
        let (before, rest) = page.split_once(&begin).expect("the beginning of its place in the page");
        let (_, after) = rest.split_once(&end).expect("the end of its place in the page");
        fs::write(&file, format!("{before}{begin}\n{}\n{end}{after}", self.text())).expect("docs/reality.md");
    }

    fn text(&self) -> String {
        let version = kubectl("get nodes -o jsonpath={.items[0].status.nodeInfo.kubeletVersion}").ok();
        let lines = self.rows.iter().map(|row| line(row)).collect::<String>();
        let (heads, rule) = (line(self.heads), line(&vec!["---"; self.heads.len()]));
        format!("\nKubernetes {version}, seed {}: {}\n\n{heads}{rule}{lines}", self.seed, self.sum)
    }
}

fn line(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |\n", cells.join(" | "))
}
