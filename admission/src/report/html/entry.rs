//! One finding or problem of the page.

use super::{
    facets::{Facets, Kind},
    file,
    prose::prose,
};
use crate::{
    finding::{Finding, LocatedProblem, Location, Region, Related, Status},
    report::escape::escape,
};
use plimsoll_policy::Level;
use std::io::{self, Write};

/// What the page has an article about.
#[derive(Clone, Copy)]
pub(super) enum Entry<'a> {
    Finding(&'a Finding),
    Problem(&'a LocatedProblem),
}

impl<'a> Entry<'a> {
    pub(super) fn location(&self) -> &'a Location {
        match self {
            Entry::Finding(finding) => &finding.location,
            Entry::Problem(problem) => &problem.location,
        }
    }

    pub(super) fn finding(&self) -> Option<&'a Finding> {
        match self {
            Entry::Finding(finding) => Some(finding),
            Entry::Problem(_) => None,
        }
    }

    /// The level, or why it does not count.
    pub(super) fn level(&self) -> &'static str {
        match self {
            Entry::Problem(_) => "error",
            Entry::Finding(Finding { status: Status::Excepted { .. }, .. }) => "excepted",
            Entry::Finding(Finding { status: Status::Baselined, .. }) => "baselined",
            Entry::Finding(Finding { level: Level::Deny, .. }) => "deny",
            Entry::Finding(Finding { level: Level::Warn, .. }) => "warn",
            Entry::Finding(_) => "note",
        }
    }

    /// What it counts as in each facet.
    pub(super) fn values(&self) -> [(Kind, Option<String>); 5] {
        let finding = self.finding();
        let object = finding.and_then(|finding| finding.object.as_ref());
        let namespace = object.map(|object| object.namespace.clone().unwrap_or_else(|| "(none written)".to_owned()));
        [
            (Kind::Level, Some(self.level().to_owned())),
            (Kind::Policy, finding.map(|finding| finding.policy.clone())),
            (Kind::Rule, finding.map(|finding| finding.rule.clone())),
            (Kind::Namespace, namespace),
            (Kind::File, Some(file(self.location()))),
        ]
    }

    pub(super) fn write(&self, facets: &Facets, out: &mut dyn Write) -> io::Result<()> {
        let level = self.level();
        write!(out, r#"<article class="{level}" tabindex="-1""#)?;
        for (kind, value) in self.values() {
            if let Some(number) = value.and_then(|value| facets.number(kind, &value)) {
                write!(out, r#" data-{}="{number}""#, kind.name())?;
            }
        }
        let rule = match self.finding() {
            Some(Finding { rule, .. }) => format!(r##"<a class="rule" href="#rule-{0}">{0}</a>"##, escape(rule)),
            None => r#"<span class="rule">not judged</span>"#.to_owned(),
        };
        writeln!(out, ">\n<h3><span class=\"level\">{level}</span> {rule}</h3>")?;
        match self {
            Entry::Finding(finding) => write_finding(finding, out)?,
            Entry::Problem(LocatedProblem { location, message }) => {
                writeln!(
                    out,
                    "<p class=\"message\">{}</p>\n<p class=\"where\">{location}</p>",
                    prose(message),
                    location = escape(&location.to_string())
                )?;
                write_source(location.region.as_ref(), out)?;
            }
        }
        writeln!(out, "</article>")
    }
}

fn write_finding(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let Finding { message, help, location, related, status, .. } = finding;
    let subject = finding.subject().map(|subject| format!(" · {}", escape(&subject))).unwrap_or_default();
    writeln!(out, "<p class=\"message\">{}</p>", prose(message))?;
    writeln!(out, "<p class=\"where\"><span class=\"place\">{}</span>{subject}</p>", escape(&location.to_string()))?;
    write_source(location.region.as_ref(), out)?;
    if let Some(help) = help {
        writeln!(out, "<p class=\"help\"><b>Help</b> {}</p>", prose(help))?;
    }
    if let Status::Excepted { reason, expires } = status {
        writeln!(out, "<p class=\"reason\"><b>Excepted</b> until {}: {}</p>", escape(expires), prose(reason))?;
    }
    for Related { message, location } in related {
        let (place, message) = (escape(&location.to_string()), prose(message));
        writeln!(out, "<div class=\"related\"><p><b>See</b> <span class=\"place\">{place}</span> {message}</p>")?;
        write_source(location.region.as_ref(), out)?;
        writeln!(out, "</div>")?;
    }
    Ok(())
}

/// The line with what is meant in it, and those around it.
fn write_source(region: Option<&Region>, out: &mut dyn Write) -> io::Result<()> {
    let Some(Region { start, excerpt, around, .. }) = region.filter(|region| !region.excerpt.text.is_empty()) else {
        return Ok(());
    };
    let first = start.line.saturating_sub(around.before.len());
    write!(out, "<pre>")?;
    for (number, line) in (first..).zip(&around.before) {
        write_line(number, "", &escape(line), out)?;
    }
    let characters =
        |from: usize, count: usize| escape(&excerpt.text.chars().skip(from).take(count).collect::<String>());
    let behind = excerpt.before + excerpt.width;
    let marked = format!(
        "{}<mark>{}</mark>{}",
        characters(0, excerpt.before),
        characters(excerpt.before, excerpt.width),
        characters(behind, usize::MAX)
    );
    write_line(start.line, " class=\"here\"", &marked, out)?;
    for (number, line) in (start.line + 1..).zip(&around.after) {
        write_line(number, "", &escape(line), out)?;
    }
    writeln!(out, "</pre>")
}

/// The number is drawn by the style, so that it is not copied with the line. The line break is the line's own: between two
/// lines it would be an empty one.
fn write_line(number: usize, class: &str, html: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<code{class} data-line=\"{number}\">{html}\n</code>")
}
