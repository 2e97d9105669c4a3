//! The end for programs, as one document or as the last of many lines.

use super::Ending;
use std::io::{self, Write};

pub(super) fn write(ending: &Ending<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, ending)?;
    writeln!(out)
}

/// Changes are `{"change": …}` and this is `{"ending": …}`.
pub(super) fn write_line(ending: &Ending<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &serde_json::json!({ "ending": ending }))?;
    writeln!(out)
}
