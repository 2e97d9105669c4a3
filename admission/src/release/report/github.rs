//! The end for a step of GitHub Actions: workflow commands, which the runner turns into annotations.

use super::{super::verdict::End, Ending};
use crate::printable::printable;
use std::io::{self, Write};

pub(super) fn write(ending: &Ending<'_>, out: &mut dyn Write) -> io::Result<()> {
    let title = property(&format!("release {}", ending.release));
    let cause = ending.cause.map(|cause| format!(". {}. What to do: {}", cause.message, cause.advice));
    let command = if ending.end == End::Complete { "notice" } else { "error" };
    let summary = data(&format!("{}{}", ending.summary, cause.unwrap_or_default()));
    writeln!(out, "::{command} title={title}::{summary}")?;
    for other in &ending.others {
        writeln!(out, "::warning title={title}::{}", data(&format!("{}: {}", other.object, other.message)))?;
    }
    Ok(())
}

/// The runner's own escapes.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
