//! Renderers: one file per format, and the table of them. The table also feeds the command line's help and errors.

pub mod json;
pub mod text;

#[cfg(test)]
mod samples;

use crate::finding::Report;
use plimsoll_policy::{Description, Rule};
use std::{
    fmt,
    io::{self, Write},
};

/// A way to write a report.
pub struct Format {
    /// As the command line names it.
    pub name: &'static str,
    /// What it is for, as a line of help.
    pub summary: &'static str,
    /// Writes a report. With ANSI styles, if the format has any: the caller removes them where they are not wanted.
    pub write: fn(&Report, &Context<'_>, &mut dyn Write) -> io::Result<()>,
}

/// All formats, the default one first.
pub const FORMATS: &[Format] = &[
    Format { name: "text", summary: "for people: each finding with its line, then a summary", write: text::write },
    Format {
        name: "json",
        summary: "for programs: one document, as docs/schema/scan-report-1.json describes it",
        write: json::write,
    },
];

/// What a renderer may use beside the report.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// How much to show, where the format leaves a choice.
    pub detail: Detail,
    /// The policies that judged, the host's own rules included.
    pub policies: &'a [Description],
}

/// How much to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Findings and problems; no notes, no summary.
    Quiet,
    /// Notes as one line per rule, and a summary.
    Normal,
    /// Notes in full, and a summary.
    Notes,
}

impl Format {
    /// The format of that name.
    ///
    /// # Errors
    /// There is none; the text names those that there are.
    pub fn named(name: &str) -> Result<&'static Format, String> {
        let names = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
        let found = FORMATS.iter().find(|format| format.name == name);
        found.ok_or_else(|| format!("`{name}` is not a format; there are {}", names()))
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<'a> Context<'a> {
    /// The rule of that name.
    pub fn rule(&self, name: &str) -> Option<&'a Rule> {
        self.policies.iter().flat_map(|policy| &policy.rules).find(|rule| rule.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name_and_an_unknown_one_names_them_all() {
        for format in FORMATS {
            assert_eq!(Format::named(format.name).map(|found| found.name), Ok(format.name));
        }
        assert_eq!(
            Format::named("xml").map(|found| found.name).unwrap_err(),
            "`xml` is not a format; there are text, json"
        );
    }
}
