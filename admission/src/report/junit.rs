//! For test reports: a case for each finding, each problem, and each workload without a finding.
//!
//! Viewers show `classname` and `name`, and keep only the first of two cases with the same; `file` makes the link.

use crate::{
    finding::{Finding, Judged, LocatedProblem, Location, ObjectRef, Place, Report, Status},
    report::{Context, Remarks, escape::escape},
};
use std::{
    collections::{HashMap, HashSet},
    io::{self, Write},
};

/// Writes the report.
pub fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    let mut names = Names::default();
    let cases = || cases(report, context);
    let counts = |wanted: fn(&Outcome<'_>) -> bool| cases().filter(|case| wanted(&case.outcome)).count();
    let totals = format!(
        r#"name="plimsoll" tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3}""#,
        cases().count(),
        counts(|outcome| matches!(outcome, Outcome::Failed(_))),
        counts(|outcome| matches!(outcome, Outcome::Error(_))),
        counts(|outcome| matches!(outcome, Outcome::Skipped(_))),
        report.summary.elapsed.as_secs_f64(),
    );
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, "<testsuites {totals}>\n  <testsuite {totals}>")?;
    for case in cases() {
        case.write(context, &mut names, out)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")?;
    Ok(Remarks::new())
}

struct Case<'a> {
    class: String,
    name: String,
    location: Option<&'a Location>,
    place: &'a Place,
    outcome: Outcome<'a>,
}

enum Outcome<'a> {
    Passed,
    /// Open, but at a level that does not fail.
    Remarked(&'a Finding),
    Failed(&'a Finding),
    Skipped(&'a Finding),
    Error(&'a str),
}

fn cases<'a>(report: &'a Report, context: &'a Context<'_>) -> impl Iterator<Item = Case<'a>> {
    let with_findings: HashSet<(&Place, &ObjectRef)> = report
        .findings
        .iter()
        .filter_map(|finding| Some((&finding.location.place, finding.object.as_deref()?)))
        .collect();
    let passed = report.judged.iter().filter(move |judged| !with_findings.contains(&(&judged.place, &judged.object)));
    let shown = report.findings.iter().filter(|finding| !finding.is_open() || context.is_listed(finding));
    let findings = shown.map(|finding| Case::of_finding(finding, context));
    report.problems.iter().map(Case::of_problem).chain(findings).chain(passed.map(Case::of_workload))
}

impl<'a> Case<'a> {
    fn of_finding(finding: &'a Finding, context: &Context<'_>) -> Self {
        let place = &finding.location.place;
        let container = finding.container.as_ref().map(|name| format!(" in container {name}")).unwrap_or_default();
        let outcome = match finding.status {
            Status::Excepted { .. } | Status::Baselined => Outcome::Skipped(finding),
            Status::Open if context.fails(finding) => Outcome::Failed(finding),
            Status::Open => Outcome::Remarked(finding),
        };
        Case {
            class: class(place, finding.object.as_deref()),
            name: format!("{}{container}", finding.rule),
            location: Some(&finding.location),
            place,
            outcome,
        }
    }

    fn of_problem(LocatedProblem { location, message }: &'a LocatedProblem) -> Self {
        let name = "can be judged".to_owned();
        let outcome = Outcome::Error(message);
        Case { class: class(&location.place, None), name, location: Some(location), place: &location.place, outcome }
    }

    fn of_workload(Judged { object, place }: &'a Judged) -> Self {
        let name = "has no finding".to_owned();
        Case { class: class(place, Some(object)), name, location: None, place, outcome: Outcome::Passed }
    }

    fn write(&self, context: &Context<'_>, names: &mut Names, out: &mut dyn Write) -> io::Result<()> {
        let (class, name) = (&self.class, names.unique(&self.class, &self.name));
        write!(out, r#"    <testcase classname="{}" name="{}""#, escape(class), escape(&name))?;
        if let Some(file) = self.place.path() {
            let file = context.repository.path(file).unwrap_or_else(|| file.to_string());
            write!(out, r#" file="{}""#, escape(&file))?;
        }
        if let Some(position) = self.location.and_then(Location::position) {
            write!(out, r#" line="{}""#, position.line)?;
        }
        write!(out, r#" time="0""#)?;
        match &self.outcome {
            Outcome::Passed => return writeln!(out, "/>"),
            Outcome::Remarked(finding) => {
                write!(out, ">\n      <system-out>{}</system-out>", escape(&text(finding)))?;
            }
            Outcome::Failed(finding) => {
                let (kind, message) = (finding.level.name(), escape(&finding.message));
                write!(
                    out,
                    ">\n      <failure type=\"{kind}\" message=\"{message}\">{}</failure>",
                    escape(&text(finding))
                )?;
            }
            Outcome::Skipped(finding) => {
                write!(out, ">\n      <skipped message=\"{}\"/>", escape(&why_skipped(finding)))?;
            }
            Outcome::Error(message) => {
                let place = self.location.map(ToString::to_string).unwrap_or_default();
                write!(out, ">\n      <error type=\"not judged\" message=\"{}\">", escape(message))?;
                write!(out, "{}</error>", escape(&format!("{place}: {message}")))?;
            }
        }
        writeln!(out, "\n    </testcase>")
    }
}

/// `deploy/app.yaml: Deployment shop/app`.
fn class(place: &Place, object: Option<&ObjectRef>) -> String {
    match (place.path(), object) {
        (Some(path), Some(object)) => format!("{path}: {object}"),
        (Some(path), None) => path.to_string(),
        (None, Some(object)) => object.to_string(),
        (None, None) => String::new(),
    }
}

fn text(finding: &Finding) -> String {
    let Finding { level, rule, message, location, help, .. } = finding;
    let help = help.as_ref().map(|help| format!("; help: {help}")).unwrap_or_default();
    format!("{location}: {}[{rule}] {message}{help}", level.name())
}

fn why_skipped(finding: &Finding) -> String {
    match &finding.status {
        Status::Excepted { reason, expires } => format!("excepted until {expires}: {reason}"),
        Status::Open | Status::Baselined => "in the baseline".to_owned(),
    }
}

/// Names that were given out.
#[derive(Default)]
struct Names {
    given: HashSet<(String, String)>,
    /// How often a name was asked for.
    asked: HashMap<(String, String), usize>,
}

impl Names {
    /// The name, with a number where a case of the class has it already.
    fn unique(&mut self, class: &str, name: &str) -> String {
        let asked = self.asked.entry((class.to_owned(), name.to_owned())).or_default();
        loop {
            *asked += 1;
            let unique = if *asked == 1 { name.to_owned() } else { format!("{name} ({asked})") };
            if self.given.insert((class.to_owned(), unique.clone())) {
                return unique;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Detail, samples};
    use expect_test::expect;

    fn junit(report: &Report) -> String {
        samples::written("junit", report, &samples::context(Detail::Normal, &[])).0
    }

    #[test]
    fn is_a_case_for_each_finding_each_problem_and_each_workload_without_one() {
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="plimsoll" tests="8" failures="1" errors="2" skipped="1" time="0.012">
              <testsuite name="plimsoll" tests="8" failures="1" errors="2" skipped="1" time="0.012">
                <testcase classname="deploy/b.yaml" name="can be judged" file="deploy/b.yaml" line="10" time="0">
                  <error type="not judged" message="`spec.replicas` is a string; write a number">deploy/b.yaml:10:3: `spec.replicas` is a string; write a number</error>
                </testcase>
                <testcase classname="deploy/c.yaml" name="can be judged" file="deploy/c.yaml" time="0">
                  <error type="not judged" message="not UTF-8">deploy/c.yaml: not UTF-8</error>
                </testcase>
                <testcase classname="deploy/app.yaml: Deployment shop/app" name="latest-tag in container web" file="deploy/app.yaml" line="14" time="0">
                  <failure type="deny" message="image `nginx` has neither a tag nor a digest">deploy/app.yaml:14:18: deny[latest-tag] image `nginx` has neither a tag nor a digest; help: write `nginx:1.29.3`</failure>
                </testcase>
                <testcase classname="deploy/app.yaml: Deployment shop/app" name="series-tag" file="deploy/app.yaml" line="14" time="0">
                  <system-out>deploy/app.yaml:14:18: warn[series-tag] image `nginx` has neither a tag nor a digest</system-out>
                </testcase>
                <testcase classname="deploy/app.yaml: Deployment shop/app" name="recreate-strategy in container web" file="deploy/app.yaml" line="14" time="0">
                  <skipped message="excepted until 2027-01-31: single writer, see OPS-123"/>
                </testcase>
                <testcase classname="deploy/app.yaml: Deployment shop/app" name="undeclared-shutdown-timeout in container web" file="deploy/app.yaml" line="14" time="0">
                  <system-out>deploy/app.yaml:14:18: note[undeclared-shutdown-timeout] image `nginx` has neither a tag nor a digest; help: write `nginx:1.29.3`</system-out>
                </testcase>
                <testcase classname="deploy/app.yaml: Deployment shop/app" name="undeclared-shutdown-timeout in container web (2)" file="deploy/app.yaml" line="14" time="0">
                  <system-out>deploy/app.yaml:14:18: note[undeclared-shutdown-timeout] image `nginx` has neither a tag nor a digest; help: write `nginx:1.29.3`</system-out>
                </testcase>
                <testcase classname="deploy/app.yaml: Deployment shop/quiet" name="has no finding" file="deploy/app.yaml" time="0"/>
              </testsuite>
            </testsuites>
        "#]].assert_eq(&junit(&samples::report()));
    }

    #[test]
    fn no_two_cases_have_one_name() {
        let mut names = Names::default();
        let given: Vec<_> = ["a", "a", "a (2)", "a", "b"].iter().map(|name| names.unique("c", name)).collect();
        assert_eq!(given, ["a", "a (2)", "a (2) (2)", "a (3)", "b"]);
        assert_eq!(names.unique("d", "a"), "a");
    }

    #[test]
    fn is_xml_whatever_the_text_is() {
        let text = junit(&samples::hostile());
        let control = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{fffe}' | '\u{ffff}');
        assert!(!text.contains(control), "{text:?}");
        let tags: Vec<&str> = text.split('<').skip(1).filter_map(|tag| tag.split([' ', '>', '/']).next()).collect();
        assert!(!tags.contains(&"img") && !tags.contains(&"script"), "{text}");
        assert!(!text.contains("]]>"), "{text}");
    }

    #[test]
    fn nothing_fails_where_nothing_is_to_fail() {
        let context = Context { fails_from: None, ..samples::context(Detail::Normal, &[]) };
        let (text, _) = samples::written("junit", &samples::report(), &context);
        assert!(text.contains(r#"failures="0" errors="2" skipped="1""#), "{text}");
    }
}
