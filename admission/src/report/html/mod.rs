//! For a browser: one page that loads nothing. All of it is readable without scripts; with them it can be searched and
//! filtered, and the filters are in the address.
//!
//! Text of a finding goes through `escape` and nowhere else, and the page's own policy allows no script and no style but
//! the two that were compiled in.

mod entry;
mod facets;
mod prose;
mod rule;

use crate::{
    finding::{Finding, LocatedProblem, Location, Place, Report},
    report::{
        Context, Remarks,
        counts::{self, count},
        escape::escape,
    },
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use entry::Entry;
use facets::Facets;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// A disc with a line across it, as it is painted on hulls.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' \
    stroke='%23c2410c' stroke-width='3'%3E%3Ccircle cx='16' cy='16' r='9'/%3E%3Cpath d='M1 16h30'/%3E%3C/svg%3E";

/// Writes the report.
pub fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    let entries: Vec<Entry<'_>> = entries(report);
    let facets = Facets::of(&entries);
    write_head(report, out)?;
    write_header(report, out)?;
    writeln!(out, r#"<div class="columns">"#)?;
    facets.write(out)?;
    writeln!(out, r#"<main id="findings" tabindex="-1">"#)?;
    write_bar(entries.len(), out)?;
    write_by_file(&entries, &facets, out)?;
    write_left_aside(report, out)?;
    rule::write_pages(&entries, context, out)?;
    writeln!(out, "</main>\n</div>")?;
    write_foot(report, out)?;
    Ok(Remarks::new())
}

/// Problems of a file before its findings; files in the order of their names, the order within one stays.
fn entries(report: &Report) -> Vec<Entry<'_>> {
    let problems = report.problems.iter().map(|problem: &LocatedProblem| Entry::Problem(problem));
    let findings = report.findings.iter().map(|finding: &Finding| Entry::Finding(finding));
    let mut entries: Vec<_> = problems.chain(findings).collect();
    entries.sort_by_cached_key(|entry| file(entry.location()));
    entries
}

/// What entries are grouped by: the file, or the object where there is none.
fn file(location: &Location) -> String {
    match &location.place {
        Place::File { path, .. } | Place::Configuration { path } => path.to_string(),
        Place::Object(object) => object.to_string(),
        Place::List(list) => list.to_string(),
    }
}

fn write_head(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    writeln!(
        out,
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="plimsoll {version}">
<title>Plimsoll: {found}</title>
<link rel="icon" href="{ICON}">
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#findings">Skip to the findings</a>"##,
        version = env!("CARGO_PKG_VERSION"),
        found = escape(&counts::found(report)),
    )
}

fn write_header(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    let tally = report.tally();
    let (verdict, class) = match (report.problems.len(), tally.deny, tally.warn) {
        (0, 0, 0) if summary.workloads == 0 => ("Nothing was judged", "none"),
        (0, 0, 0) => ("Fit to run", "clean"),
        (0, 0, _) => ("Fit to run, with warnings", "warn"),
        (0, _, _) => ("Not fit to run", "deny"),
        _ => ("Not all could be judged", "error"),
    };
    writeln!(
        out,
        r#"<header class="top {class}">
<svg class="mark" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="18"/><path d="M4 32h56"/></svg>
<div><h1>{verdict}</h1>
<p><b>{found}</b> · {judged}, {elapsed}{refused}</p></div>
<button type="button" id="theme" hidden>Theme</button>
</header>"#,
        found = escape(&counts::found(report)),
        judged = escape(&counts::judged(summary)),
        refused = counts::refused(summary).map(|refused| format!("<br>{refused}")).unwrap_or_default(),
        elapsed = counts::elapsed(summary.elapsed),
    )
}

fn write_bar(entries: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<div class="bar" id="bar" hidden role="search">
<input type="search" id="search" placeholder="Search  ( / )" aria-label="Search in findings" autocomplete="off" spellcheck="false">
<button type="button" id="clear">Show all</button>
<p id="count" role="status" aria-live="polite">{}</p>
</div>"#,
        count(entries, "finding"),
    )
}

fn write_by_file(entries: &[Entry<'_>], facets: &Facets, out: &mut dyn Write) -> io::Result<()> {
    if entries.is_empty() {
        writeln!(out, r#"<p class="empty">There is nothing to report.</p>"#)?;
    }
    for group in entries.chunk_by(|a, b| file(a.location()) == file(b.location())) {
        let name = group.first().map(|entry| file(entry.location())).unwrap_or_default();
        writeln!(out, r#"<section class="file"><h2>{}</h2>"#, escape(&name))?;
        for entry in group {
            entry.write(facets, out)?;
        }
        writeln!(out, "</section>")?;
    }
    writeln!(out, r#"<p class="empty" id="nothing" hidden>No finding matches these filters.</p>"#)
}

/// What was not judged, which is never silent.
fn write_left_aside(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.summary.skipped.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section class=\"aside\"><h2>Not judged</h2>\n<ul>")?;
    for (reason, count) in &report.summary.skipped {
        writeln!(out, "<li>{} <b>{count}</b></li>", escape(reason))?;
    }
    writeln!(out, "</ul></section>")
}

fn write_foot(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<footer><p>plimsoll {version}, policies <code>{policies}</code></p>
<p class="keys" hidden><kbd>/</kbd> search <kbd>j</kbd> <kbd>k</kbd> next and previous finding <kbd>Esc</kbd> leave the search</p></footer>
<dialog id="page" aria-label="Page of a rule"><form method="dialog"><button>Close</button></form><div id="content" tabindex="-1"></div></dialog>
<script>{SCRIPT}</script>
</body>
</html>"#,
        version = env!("CARGO_PKG_VERSION"),
        policies = escape(&report.policies),
    )
}

#[cfg(test)]
mod tests;
