//! Findings and problems as diagnostics.

use super::{
    documents::Documents,
    places::Places,
    protocol::{Diagnostic, Position, Range, RelatedInformation, Severity, UriRange},
};
use crate::{
    finding::{Finding, LocatedProblem, Location},
    printable::printable,
};
use plimsoll_policy::Level;
use std::path::Path;

const SOURCE: &str = "plimsoll";

/// Where texts are looked up.
pub(super) struct Spot<'a> {
    pub(super) working: &'a Path,
    pub(super) documents: &'a Documents,
}

pub(super) fn of_finding(finding: &Finding, text: &str, spot: &Spot<'_>) -> Diagnostic {
    let severity = match finding.level {
        Level::Deny => Severity::Error,
        Level::Warn => Severity::Warning,
        Level::Note | Level::Off => Severity::Information,
    };
    let help = finding.help.iter().map(|help| format!("\nhelp: {}", printable(help)));
    Diagnostic {
        range: range(&finding.location, text),
        severity,
        code: Some(finding.rule.clone()),
        source: SOURCE,
        message: [printable(&finding.message).into_owned()].into_iter().chain(help).collect(),
        related_information: finding
            .related
            .iter()
            .filter_map(|related| {
                let path = Path::new(&**related.location.place.path()?);
                let range = range(&related.location, &spot.text(path));
                let location = UriRange { uri: spot.uri(path), range };
                Some(RelatedInformation { location, message: printable(&related.message).into_owned() })
            })
            .collect(),
    }
}

pub(super) fn of_problem(problem: &LocatedProblem, text: &str) -> Diagnostic {
    Diagnostic {
        range: range(&problem.location, text),
        severity: Severity::Error,
        code: None,
        source: SOURCE,
        message: printable(&problem.message).into_owned(),
        related_information: Vec::new(),
    }
}

/// The beginning of the text for what is about all of it.
fn range(location: &Location, text: &str) -> Range {
    let beginning = Position { line: 0, character: 0 };
    let whole = Range { start: beginning, end: beginning };
    location.region.as_ref().map_or(whole, |region| Places::of(text).range(&region.bytes))
}
