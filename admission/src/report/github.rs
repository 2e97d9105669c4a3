//! For a step of GitHub Actions: workflow commands, which the runner turns into annotations.
//!
//! Of a step, ten annotations are shown: the gravest go out, and a summary last. Nothing but commands is printed, because
//! the runner looks for commands in every line.

use crate::{
    finding::{Finding, LocatedProblem, Location, Report},
    printable::printable,
    report::{Context, Remarks, counts, gravest_first},
};
use plimsoll_policy::Level;
use std::{
    borrow::Cow,
    io::{self, Write},
    sync::Arc,
};

/// Annotations of a step that are shown, the summary included.
const MOST: usize = 10;

/// Writes the report.
pub fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    let mut findings: Vec<&Finding> = report.findings.iter().filter(|finding| context.is_for_review(finding)).collect();
    gravest_first(&mut findings);
    let problems = report.problems.iter().map(Annotation::from);
    let all = problems.chain(findings.iter().copied().map(Annotation::from));
    for annotation in all.take(MOST - 1) {
        annotation.write(context, out)?;
    }
    let more = (report.problems.len() + findings.len()).saturating_sub(MOST - 1);
    let more = match more {
        0 => String::new(),
        more => format!("; {more} more without an annotation: `plimsoll scan -f text` shows all"),
    };
    writeln!(out, "::notice title=plimsoll::{}{more}", message(&counts::found(report)))?;
    Ok(Remarks::new())
}

struct Annotation<'a> {
    command: &'static str,
    title: String,
    file: Option<&'a Arc<str>>,
    location: &'a Location,
    message: String,
}

impl<'a> From<&'a Finding> for Annotation<'a> {
    fn from(finding: &'a Finding) -> Self {
        let command = match finding.level {
            Level::Deny => "error",
            Level::Warn => "warning",
            Level::Note | Level::Off => "notice",
        };
        let subject = finding.subject().map(|subject| format!("{subject}: ")).unwrap_or_default();
        let help = finding.help.as_ref().map(|help| format!("\nhelp: {}", printable(help))).unwrap_or_default();
        Annotation {
            command,
            title: format!("{}: {}", finding.level.name(), finding.rule),
            file: finding.file(),
            location: &finding.location,
            message: format!("{}{}{help}", printable(&subject), printable(&finding.message)),
        }
    }
}

impl<'a> From<&'a LocatedProblem> for Annotation<'a> {
    fn from(LocatedProblem { location, message }: &'a LocatedProblem) -> Self {
        Annotation {
            command: "error",
            title: "not judged".to_owned(),
            file: location.place.path(),
            location,
            message: printable(message).into_owned(),
        }
    }
}

impl Annotation<'_> {
    fn write(&self, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Annotation { command, title, file: named, location, message: text } = self;
        let file = named.and_then(|path| context.repository.path(path));
        write!(out, "::{command} title={}", property(title))?;
        let mut text = Cow::Borrowed(text);
        match &file {
            Some(file) => {
                write!(out, ",file={}", property(&printable(file)))?;
                // What was rendered has lines of its own.
                if let Some(region) = location.region.as_ref().filter(|_| *named == location.place.path()) {
                    let (start, width) = (region.start, region.excerpt.width);
                    write!(out, ",line={0},endLine={0}", start.line)?;
                    write!(out, ",col={},endColumn={}", start.column, start.column + width)?;
                }
            }
            None => text = Cow::Owned(format!("{}: {text}", printable(&location.to_string()))),
        }
        writeln!(out, "::{}", message(&text))
    }
}

/// What follows `::` to the end of the line.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Detail, samples};
    use expect_test::expect;

    fn github(report: &Report, detail: Detail) -> String {
        samples::written("github", report, &samples::context(detail, &[])).0
    }

    #[test]
    fn is_a_command_for_each_finding_that_matters_and_one_for_all() {
        expect![[r#"
            ::error title=not judged,file=deploy/b.yaml,line=10,endLine=10,col=3,endColumn=11::`spec.replicas` is a string; write a number
            ::error title=not judged,file=deploy/c.yaml::not UTF-8
            ::error title=deny%3A latest-tag,file=deploy/app.yaml,line=14,endLine=14,col=18,endColumn=23::Deployment shop/app, container web: image `nginx` has neither a tag nor a digest%0Ahelp: write `nginx:1.29.3`
            ::warning title=warn%3A series-tag,file=deploy/app.yaml,line=14,endLine=14,col=18,endColumn=23::Deployment shop/app: image `nginx` has neither a tag nor a digest
            ::notice title=plimsoll::2 errors, 1 deny, 1 warn, 2 note, 1 excepted
        "#]].assert_eq(&github(&samples::report(), Detail::Normal));
    }

    #[test]
    fn names_the_place_where_there_is_no_file_in_the_repository() {
        let findings = vec![samples::of_cluster(), samples::on_standard_input()];
        expect![[r#"
            ::error title=deny%3A latest-tag::Deployment shop/app: Deployment shop/app, container web: image `nginx` has neither a tag nor a digest%0Ahelp: write `nginx:1.29.3`
            ::error title=deny%3A latest-tag::<stdin>:3:10: Deployment shop/app, container web: image `nginx` has neither a tag nor a digest%0Ahelp: write `nginx:1.29.3`
            ::notice title=plimsoll::2 deny
        "#]].assert_eq(&github(&Report { findings, ..Report::default() }, Detail::Normal));
    }

    #[test]
    fn the_gravest_ten_come_first() {
        let mut findings = vec![samples::finding("series-tag", Level::Warn); 20];
        findings.extend(vec![samples::finding("latest-tag", Level::Deny); 3]);
        let text = github(&Report { findings, ..Report::default() }, Detail::Normal);
        let commands: Vec<&str> = text.lines().filter_map(|line| line.split([' ', ':']).nth(2)).collect();
        let expected = [vec!["error"; 3], vec!["warning"; 6], vec!["notice"]].concat();
        assert_eq!(commands, expected, "{text}");
        assert!(text.ends_with("3 deny, 20 warn; 14 more without an annotation: `plimsoll scan -f text` shows all\n"));
    }

    #[test]
    fn a_text_never_begins_a_command_of_its_own() {
        let text = github(&samples::hostile(), Detail::Notes);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.starts_with("::error ") || line.starts_with("::notice ")), "{text}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        let file = text.split(",file=").nth(1).and_then(|rest| rest.split(",line=").next()).unwrap();
        assert!(!file.contains([',', ':']) && file.contains("%3A%3Aerror%3A%3A%2C"), "{file}");
    }
}
