//! For people: like rustc, with ANSI styles. Hand in a stream of `anstream`, which takes them out where nobody wants
//! them.

use crate::{
    finding::{Excerpt, Finding, LocatedProblem, Location, ObjectRef, Place, Report, Status, Summary},
    printable::printable,
    report::{
        Context, Detail, Remarks,
        counts::{self, count},
    },
};
use annotate_snippets::{
    AnnotationKind, Group, Level as Grade, Renderer, Snippet, renderer::DEFAULT_LINE_NUM_STYLE as ARROW,
};
use plimsoll_policy::Level;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

/// Writes the report.
pub fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    let detail = context.detail;
    let shown = report.findings.iter().filter(|finding| finding.status != Status::Baselined);
    let (notes, findings): (Vec<_>, Vec<_>) =
        shown.partition(|finding| detail != Detail::Notes && is_open_note(finding));
    for finding in findings {
        writeln!(out, "{}\n", render(&describe(finding)))?;
    }
    write_problems(&report.problems, out)?;
    if detail != Detail::Quiet {
        write_notes(&notes, context, out)?;
        write_summary(report, out)?;
    }
    Ok(Remarks::new())
}

/// Writes problems alone, for a command that ends with them.
pub fn write_problems(problems: &[LocatedProblem], out: &mut dyn Write) -> io::Result<()> {
    for problem in problems {
        writeln!(out, "{}\n", render(&describe_problem(problem)))?;
    }
    Ok(())
}

fn is_open_note(finding: &Finding) -> bool {
    finding.is_open() && finding.level == Level::Note
}

/// One block of output: what, where, and lines that explain.
struct Block<'a> {
    grade: Grade<'static>,
    rule: Option<&'a str>,
    title: &'a str,
    location: &'a Location,
    shows_line: bool,
    details: Vec<(&'static str, String)>,
}

fn describe(finding: &Finding) -> Block<'_> {
    let mut details = Vec::new();
    details.extend(finding.subject().map(|subject| ("object", subject)));
    details.extend(field(&finding.location).map(|field| ("field", field)));
    details.extend(finding.template.iter().map(|template| ("rendered from", template.path.to_string())));
    details.extend(finding.related.iter().map(|related| ("see", format!("{}: {}", related.location, related.message))));
    match &finding.status {
        Status::Open => details.extend(finding.help.iter().map(|help| ("help", help.clone()))),
        Status::Excepted { reason, expires } => details.push(("reason", format!("{reason} (until {expires})"))),
        Status::Baselined => {}
    }
    Block {
        grade: grade(finding),
        rule: Some(&finding.rule),
        title: &finding.message,
        location: &finding.location,
        shows_line: finding.is_open(),
        details,
    }
}

/// Where there is no line to show.
fn field(Location { place, pointer, .. }: &Location) -> Option<String> {
    (matches!(place, Place::Object(_)) && !pointer.is_empty()).then(|| pointer.to_string())
}

fn describe_problem(LocatedProblem { location, message }: &LocatedProblem) -> Block<'_> {
    Block { grade: Grade::ERROR, rule: None, title: message, location, shows_line: true, details: Vec::new() }
}

fn grade(finding: &Finding) -> Grade<'static> {
    match (finding.is_open(), finding.level) {
        // What is in the baseline is not shown.
        (false, _) => Grade::INFO.with_name("excepted"),
        (true, Level::Deny) => Grade::ERROR.with_name("deny"),
        (true, Level::Warn) => Grade::WARNING.with_name("warn"),
        (true, Level::Note | Level::Off) => Grade::NOTE,
    }
}

fn render(block: &Block<'_>) -> String {
    let mut title = block.grade.clone().primary_title(printable(block.title));
    if let Some(rule) = block.rule {
        title = title.id(printable(rule));
    }
    let mut group = Group::with_title(title);
    let mut indent = 0;
    let region = block.location.region.as_ref().filter(|region| block.shows_line && !region.excerpt.text.is_empty());
    if let Some(region) = region {
        indent = region.start.line.to_string().len();
        group = group.element(snippet(region.start.line, &region.excerpt));
    }
    for (name, text) in &block.details {
        group = group.element(Grade::NOTE.with_name(*name).message(printable(text).into_owned()));
    }
    let rendered = Renderer::styled().render(&[group]);
    let (title, rest) = rendered.split_once('\n').unwrap_or((&rendered, ""));
    // Written here and not by the renderer, which counts columns in the line that it is shown: that may be cut.
    let place = block.location.to_string();
    let arrow = format!("{:indent$}{ARROW}-->{ARROW:#} {}", "", printable(&place));
    if rest.is_empty() { format!("{title}\n{arrow}") } else { format!("{title}\n{arrow}\n{rest}") }
}

fn snippet(line: usize, excerpt: &Excerpt) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let text = printable(&excerpt.text);
    let byte = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(byte, _)| byte);
    let span = byte(excerpt.before)..byte(excerpt.before + excerpt.width);
    Snippet::source(text).line_start(line).annotation(AnnotationKind::Primary.span(span))
}

fn write_notes(notes: &[&Finding], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in notes {
        rules.entry(&finding.rule).or_default().push(finding);
    }
    for (rule, findings) in &rules {
        let workloads: BTreeSet<_> = findings.iter().filter_map(|finding| workload(finding)).collect();
        let within = match workloads.len() {
            0 => String::new(),
            n => format!(" in {}", count(n, "workload")),
        };
        let summary = context.rule(rule).map(|rule| format!(": {}", rule.summary)).unwrap_or_default();
        let found = count(findings.len(), "finding");
        let line =
            format!("{found}{within}{summary}; --notes shows {}", if findings.len() == 1 { "it" } else { "them" });
        let title = Grade::NOTE.primary_title(printable(&line)).id(printable(rule));
        writeln!(out, "{}", Renderer::styled().render(&[Group::with_title(title)]))?;
    }
    if rules.is_empty() { Ok(()) } else { writeln!(out) }
}

fn workload(finding: &Finding) -> Option<(&Place, &ObjectRef)> {
    Some((&finding.location.place, finding.object.as_deref()?))
}

fn write_summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    let found = counts::found(report);
    write!(out, "{found}: {}, {}", printable(&counts::judged(summary)), counts::elapsed(summary.elapsed))?;
    let skipped: Vec<_> =
        summary.skipped.iter().map(|(reason, count)| format!("{} ({count})", printable(reason))).collect();
    if !skipped.is_empty() {
        write!(out, "; not judged: {}", skipped.join(", "))?;
    }
    writeln!(out)?;
    if let Some(refused) = counts::refused(summary) {
        writeln!(out, "{refused}")?;
    }
    write_charts(&summary.charts, out)?;
    write_advice(summary, out)?;
    let open = |level| report.findings.iter().find(move |finding| finding.is_open() && finding.level == level);
    match open(Level::Deny).or_else(|| open(Level::Warn)) {
        Some(finding) => {
            writeln!(out, "`plimsoll explain {}` says why it matters and how to fix it", printable(&finding.rule))
        }
        None => Ok(()),
    }
}

/// More lines of advice are not read.
const SHOWN: usize = 3;

/// What to run for the charts, which are templates and not manifests.
fn write_charts(charts: &[String], out: &mut dyn Write) -> io::Result<()> {
    for chart in charts.iter().take(SHOWN) {
        writeln!(out, "to judge a chart: plimsoll scan --helm {}", quoted(chart))?;
    }
    match charts.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "and so on for {}", count(more, "more chart")),
    }
}

/// What to write into the configuration so that more is judged.
fn write_advice(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    for line in summary.advice.iter().take(SHOWN) {
        writeln!(out, "to judge a custom kind, write into plimsoll.yaml: {}", printable(line))?;
    }
    match summary.advice.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "and so on for {}", count(more, "more kind")),
    }
}

/// As one word of a shell.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_./-".contains(c);
    let path = printable(path);
    if path.chars().all(is_plain) { path.into_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{finding::Summary, report::samples};
    use expect_test::expect;

    fn plain(report: &Report, detail: Detail) -> String {
        anstream::adapter::strip_str(&styled(report, detail)).to_string()
    }

    fn styled(report: &Report, detail: Detail) -> String {
        let mut out = Vec::new();
        write(report, &samples::context(detail, &[samples::policy()]), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn only(finding: Finding) -> Report {
        Report { findings: vec![finding], ..Report::default() }
    }

    #[test]
    fn shows_what_where_and_what_to_write() {
        expect![[r#"
            deny[latest-tag]: image `nginx` has neither a tag nor a digest
              --> deploy/app.yaml:14:18
               |
            14 |         - image: nginx
               |                  ^^^^^
               |
               = object: Deployment shop/app, container web
               = help: write `nginx:1.29.3`

            warn[series-tag]: image `nginx` has neither a tag nor a digest
              --> deploy/app.yaml:14:18
               |
            14 |         - image: nginx
               |                  ^^^^^
               |
               = object: Deployment shop/app

            excepted[recreate-strategy]: image `nginx` has neither a tag nor a digest
            --> deploy/app.yaml:14:18
             |
             = object: Deployment shop/app, container web
             = reason: single writer, see OPS-123 (until 2027-01-31)

            error: `spec.replicas` is a string; write a number
              --> deploy/b.yaml:10:3
               |
            10 |   replicas: "2"
               |   ^^^^^^^^

            error: not UTF-8
            --> deploy/c.yaml

            note[undeclared-shutdown-timeout]: 2 findings in 1 workload: nothing says how long the application needs to stop; --notes shows them

            2 errors, 1 deny, 1 warn, 2 note, 1 excepted: 5 workloads in 30 documents of 3 files, 12 ms; not judged: kustomize patch (2), not a workload (23)
            to judge a chart: plimsoll scan --helm deploy/chart
            to judge a chart: plimsoll scan --helm 'deploy/it'\''s'
            `plimsoll explain latest-tag` says why it matters and how to fix it
        "#]].assert_eq(&plain(&samples::report(), Detail::Normal));
    }

    #[test]
    fn names_the_object_where_there_is_no_text_and_other_places_that_explain() {
        expect![[r#"
            deny[latest-tag]: image `nginx` has neither a tag nor a digest
            --> Deployment shop/app
             |
             = object: Deployment shop/app, container web
             = field: /spec/template/spec/containers/0/image
             = see: deploy/service.yaml:120:3: its Service
             = help: write `nginx:1.29.3`

        "#]]
        .assert_eq(&plain(&only(samples::of_cluster()), Detail::Quiet));
    }

    #[test]
    fn an_audit_says_what_would_be_refused_and_what_could_not_be_read() {
        expect![[r#"
            deny[latest-tag]: image `nginx` has neither a tag nor a digest
            --> Deployment shop/app
             |
             = object: Deployment shop/app, container web
             = field: /spec/template/spec/containers/0/image
             = help: write `nginx:1.29.3`

            error: jobs.batch in all namespaces cannot be listed
            --> jobs.batch in all namespaces

            1 error, 1 deny: 27 workloads of 410 objects in 2 namespaces of prod, 0 ms; not judged: judged at its owner (383)
            if they were created now, the webhook would refuse 1 of 27 workloads
            `plimsoll explain latest-tag` says why it matters and how to fix it
        "#]].assert_eq(&plain(&samples::audit(), Detail::Normal));
    }

    #[test]
    fn quiet_leaves_out_notes_and_summary() {
        let findings = vec![samples::finding("latest-tag", Level::Note), samples::excepted("recreate-strategy")];
        expect![[r#"
            excepted[recreate-strategy]: image `nginx` has neither a tag nor a digest
            --> deploy/app.yaml:14:18
             |
             = object: Deployment shop/app, container web
             = reason: single writer, see OPS-123 (until 2027-01-31)

        "#]]
        .assert_eq(&plain(&Report { findings, ..Report::default() }, Detail::Quiet));
    }

    #[test]
    fn shows_notes_in_full_when_asked() {
        expect![[r#"
            note[latest-tag]: image `nginx` has neither a tag nor a digest
              --> deploy/app.yaml:14:18
               |
            14 |         - image: nginx
               |                  ^^^^^
               |
               = object: Deployment shop/app, container web
               = help: write `nginx:1.29.3`

            1 note: 0 workloads in 0 documents of 0 files, 0 ms
        "#]]
        .assert_eq(&plain(&only(samples::finding("latest-tag", Level::Note)), Detail::Notes));
    }

    #[test]
    fn is_one_line_when_all_is_well() {
        let summary = Summary { files: 2, documents: 2, workloads: 1, ..Summary::default() };
        expect![[r#"
            clean: 1 workload in 2 documents of 2 files, 0 ms
        "#]]
        .assert_eq(&plain(&Report { summary, ..Report::default() }, Detail::Normal));
        expect![""].assert_eq(&plain(&Report::default(), Detail::Quiet));
    }

    #[test]
    fn cuts_long_lines_around_the_column() {
        let mut finding = samples::finding("latest-tag", Level::Deny);
        let line = format!("{{{}\"image\":\"nginx\"{}}}", "\"a\":1,".repeat(5000), ",\"b\":2".repeat(5000));
        finding.location.region = Some(samples::region(&line, 14, 30_010, 7));
        expect![[r#"
            deny[latest-tag]: image `nginx` has neither a tag nor a digest
              --> deploy/app.yaml:14:30010
               |
            14 | …"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"image":"nginx","b":2,"b":2,"b":2,"b":2,"b":2,"b":2,"b":2,"b":2,"b":2,"b":2,"b":2,"b":2,…
               |                                                    ^^^^^^^
               |
               = object: Deployment shop/app, container web
               = help: write `nginx:1.29.3`

        "#]].assert_eq(&plain(&only(finding), Detail::Quiet));
    }

    #[test]
    fn a_manifest_cannot_write_to_the_terminal() {
        let hostile = "a\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}b\nc";
        let mut finding = samples::finding("latest-tag", Level::Deny);
        finding.message = hostile.to_owned();
        finding.help = Some(hostile.to_owned());
        finding.container = Some(hostile.to_owned());
        finding.location.place = Place::File { path: hostile.into(), document: Some(0), item: None };
        finding.location.region = Some(samples::region(&format!("\t- image: {hostile}"), 14, 11, 40));
        let report = only(finding);
        expect![[r#"
            deny[latest-tag]: a�]0;pwned��31m�b c
              --> a�]0;pwned��31m�b c:14:11
               |
            14 |  - image: a�]0;pwned��31m�b
               |           ^^^^^^^^^^^^^^^^^
               |
               = object: Deployment shop/app, container a�]0;pwned��31m�b c
               = help: a�]0;pwned��31m�b c

        "#]]
        .assert_eq(&plain(&report, Detail::Quiet));
        let styled = styled(&report, Detail::Quiet);
        let escapes = styled.match_indices('\u{1b}').map(|(at, _)| &styled[at..]).collect::<Vec<_>>();
        assert!(!escapes.is_empty(), "our own styles are there");
        assert!(escapes.iter().all(|escape| escape.starts_with("\u{1b}[")), "and nothing else is: {styled:?}");
    }

    #[test]
    fn underlines_wide_characters_where_they_stand() {
        let mut finding = samples::finding("latest-tag", Level::Deny);
        finding.location.region = Some(samples::region("  日本: nginx", 14, 7, 5));
        expect![[r#"
            deny[latest-tag]: image `nginx` has neither a tag nor a digest
              --> deploy/app.yaml:14:7
               |
            14 |   日本: nginx
               |         ^^^^^
               |
               = object: Deployment shop/app, container web
               = help: write `nginx:1.29.3`

        "#]]
        .assert_eq(&plain(&only(finding), Detail::Quiet));
    }
}
