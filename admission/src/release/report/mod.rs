//! What people and programs are told: each change while it lasts, and the whole at the end.

mod ending;
mod github;
mod json;
mod junit;
mod lines;
mod old_pods;
mod text;
mod trace;
mod tree;

pub use ending::Ending;
pub use lines::Lines;
pub use old_pods::OldPod;
pub use trace::Trace;
pub use tree::Tree;

use super::{record::Record, verdict::Picture, world::Moment};
use std::io::{self, Write};

/// Who is told of changes.
pub trait Show {
    /// The picture may have changed.
    fn change(&mut self, picture: &Picture, record: Option<&Record>, now: Moment);
    /// Something else that must be known.
    fn note(&mut self, text: &str);
    /// It is over; what is on the terminal only for a while goes.
    fn finish(&mut self) {}
}

/// Two who are told of the same.
pub struct Both<'a>(pub &'a mut dyn Show, pub &'a mut dyn Show);

impl Show for Both<'_> {
    fn change(&mut self, picture: &Picture, record: Option<&Record>, now: Moment) {
        self.0.change(picture, record, now);
        self.1.change(picture, record, now);
    }

    fn note(&mut self, text: &str) {
        self.0.note(text);
        self.1.note(text);
    }
}

/// How the end is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Format {
    Text,
    Json,
    Ndjson,
    Junit,
    Github,
}

/// Writes the end of a release.
///
/// # Errors
/// It cannot be written.
pub fn write(format: Format, ending: &Ending<'_>, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(ending, out),
        Format::Json => json::write(ending, out),
        Format::Ndjson => json::write_line(ending, out),
        Format::Junit => junit::write(ending, out),
        Format::Github => github::write(ending, out),
    }
}
