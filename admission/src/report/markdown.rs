//! For a comment on a pull request: a table of what is open, within the length that code hosts take.
//!
//! Text of a manifest is never markup here: it links nothing, mentions nobody and loads no image.

use crate::{
    finding::{Finding, LocatedProblem, Location, Report},
    printable::printable,
    report::{Context, Remarks, counts, counts::count, cut, gravest_first},
};
use plimsoll_policy::Level;
use std::io::{self, Write};

/// GitHub takes 65 536 characters of a comment; a comment on a pull request can hold the reports of several jobs.
const MOST_CHARACTERS: usize = 32_000;
/// Characters of a text in a cell.
const MOST_OF_A_TEXT: usize = 600;

/// Writes the report.
pub fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    let mut findings: Vec<&Finding> = report.findings.iter().filter(|finding| context.is_for_review(finding)).collect();
    gravest_first(&mut findings);
    let problems = report.problems.iter().map(problem_row);
    let rows: Vec<String> = problems.chain(findings.into_iter().map(finding_row)).collect();
    let shown = fitting(&rows);
    writeln!(out, "### Plimsoll: {}\n", counts::found(report))?;
    if shown > 0 {
        writeln!(out, "| | where | what |\n| --- | --- | --- |")?;
    }
    for row in &rows[..shown] {
        writeln!(out, "{row}")?;
    }
    if shown < rows.len() {
        writeln!(out, "\nand {}: `plimsoll scan` shows all", count(rows.len() - shown, "more row"))?;
    }
    let summary = &report.summary;
    let judged = plain(&printable(&counts::judged(summary)));
    let refused = counts::refused(summary).map(|refused| format!("; {refused}")).unwrap_or_default();
    let explain =
        if rows.is_empty() { "" } else { "; `plimsoll explain RULE` says why a rule matters and how to fix it" };
    writeln!(out, "{}{judged}{refused}{explain}", if shown > 0 { "\n" } else { "" })?;
    Ok(Remarks::new())
}

/// How many rows fit.
fn fitting(rows: &[String]) -> usize {
    const FRAME: usize = 1000;
    let mut left = MOST_CHARACTERS - FRAME;
    let fits = |row: &&String| {
        let size = row.chars().count() + 1;
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    };
    rows.iter().take_while(fits).count()
}

fn finding_row(finding: &Finding) -> String {
    let mark = match finding.level {
        Level::Deny => "🛑 deny",
        Level::Warn => "⚠️ warn",
        Level::Note | Level::Off => "ℹ️ note",
    };
    let help = finding.help.as_ref().map(|help| format!("<br>**Help:** {}", prose(help))).unwrap_or_default();
    let subject = finding.subject().map(|subject| format!("<br>{}", prose(&subject))).unwrap_or_default();
    format!(
        "| {mark} {} | {}{subject} | {}{help} |",
        code(&finding.rule),
        place(&finding.location),
        prose(&finding.message)
    )
}

fn problem_row(LocatedProblem { location, message }: &LocatedProblem) -> String {
    format!("| ❌ not judged | {} | {} |", place(location), prose(message))
}

fn place(location: &Location) -> String {
    code(&cut(&location.to_string(), MOST_OF_A_TEXT))
}

/// A text in which pieces between backticks are code.
fn prose(text: &str) -> String {
    let text = cut(&printable(text), MOST_OF_A_TEXT);
    let mut pieces = text.split('`').peekable();
    let mut prose = String::new();
    let mut is_code = false;
    while let Some(piece) = pieces.next() {
        // A backtick that no other one closes is a character.
        match (is_code, pieces.peek()) {
            (true, Some(_)) => prose.push_str(&code(piece)),
            (true, None) => prose.push_str(&format!("\\`{}", plain(piece))),
            (false, _) => prose.push_str(&plain(piece)),
        }
        is_code = !is_code;
    }
    prose
}

/// A span of code in a cell of a table.
fn code(text: &str) -> String {
    let text = printable(text).replace('`', "'").replace('|', "\\|");
    if text.trim().is_empty() { text } else { format!("`{text}`") }
}

/// Text as it is: no markup, and no mention, issue or link that the host would find in it.
fn plain(text: &str) -> String {
    const NOTHING: &str = "<!-- -->";
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\*_[]<>~|!&$^".contains(character) {
            plain.push('\\');
        }
        plain.push(character);
        if "@#".contains(character) {
            plain.push_str(NOTHING);
        }
    }
    plain.replace("://", &format!(":{NOTHING}//")).replace("www.", &format!("www{NOTHING}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Detail, samples};
    use expect_test::expect;

    fn markdown(report: &Report, detail: Detail) -> String {
        samples::written("markdown", report, &samples::context(detail, &[])).0
    }

    #[test]
    fn is_a_table_the_gravest_first() {
        expect![[r#"
            ### Plimsoll: 2 errors, 1 deny, 1 warn, 2 note, 1 excepted

            | | where | what |
            | --- | --- | --- |
            | ❌ not judged | `deploy/b.yaml:10:3` | `spec.replicas` is a string; write a number |
            | ❌ not judged | `deploy/c.yaml` | not UTF-8 |
            | 🛑 deny `latest-tag` | `deploy/app.yaml:14:18`<br>Deployment shop/app, container web | image `nginx` has neither a tag nor a digest<br>**Help:** write `nginx:1.29.3` |
            | ⚠️ warn `series-tag` | `deploy/app.yaml:14:18`<br>Deployment shop/app | image `nginx` has neither a tag nor a digest |

            5 workloads in 30 documents of 3 files; `plimsoll explain RULE` says why a rule matters and how to fix it
        "#]].assert_eq(&markdown(&samples::report(), Detail::Normal));
    }

    #[test]
    fn is_short_when_all_is_well() {
        let mut report = Report::default();
        report.summary.workloads = 3;
        expect![[r#"
            ### Plimsoll: clean

            3 workloads in 0 documents of 0 files
        "#]]
        .assert_eq(&markdown(&report, Detail::Normal));
    }

    #[test]
    fn fits_into_a_comment_and_says_what_did_not() {
        let findings = vec![samples::finding("latest-tag", Level::Deny); 5000];
        let text = markdown(&Report { findings, ..Report::default() }, Detail::Normal);
        assert!(text.chars().count() <= MOST_CHARACTERS, "{}", text.chars().count());
        let rows = text.lines().filter(|line| line.starts_with("| 🛑")).count();
        assert!(rows > 100 && text.contains(&format!("and {} more rows", 5000 - rows)), "{text}");
    }

    #[test]
    fn a_text_of_any_length_fits() {
        let mut finding = samples::finding("latest-tag", Level::Deny);
        finding.message = "@".repeat(100_000);
        let text = markdown(&Report { findings: vec![finding], ..Report::default() }, Detail::Normal);
        assert!(text.contains("| 🛑 deny") && text.chars().count() <= MOST_CHARACTERS, "{text}");
    }

    #[test]
    fn a_text_is_no_markup_and_mentions_nobody() {
        let text = markdown(&samples::hostile(), Detail::Notes);
        for row in text.lines().filter(|line| line.starts_with("| ") && !line.contains("---")) {
            let outside: String = row.split('`').step_by(2).collect::<Vec<_>>().join("");
            let unescaped = |what: &str| outside.match_indices(what).any(|(at, _)| !outside[..at].ends_with('\\'));
            for markup in ["<img", "</script", "[a]", "*_", "@team", "#1"] {
                assert!(!unescaped(markup), "{markup}: {row}");
            }
        }
    }
}
