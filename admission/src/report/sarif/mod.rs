//! For code scanning: SARIF 2.1.0, with all that GitHub asks for and within its limits.
//!
//! GitHub shows a result that is suppressed as an open alert, so what does not count is left out unless asked for. An alert
//! is shown in a pull request only if all of its lines are in the diff, so a place is one line. Of fingerprints, GitHub
//! reads `primaryLocationLineHash` alone.

mod log;
mod rules;

use crate::{
    finding::{Finding, LocatedProblem, Location, Related, Report, Status},
    printable::printable,
    report::{Context, Remarks, Suppressed, counts::count, gravest_first, without_a_file},
};
use log::{
    Artifact, Base, Driver, Fingerprints, Invocation, Log, Message, Notification, PhysicalLocation, Place, Region, Run,
    SearchResult, Suppression, Tool,
};
use plimsoll_policy::Level;
use rules::Rules;
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    sync::Arc,
};

/// GitHub refuses a run of more results.
const MOST_RESULTS: usize = 25_000;
/// What paths are relative to.
const ROOT: &str = "%SRCROOT%";

/// Writes the report.
pub fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    let listed = |finding: &&Finding| match finding.is_open() {
        true => context.is_listed(finding),
        false => context.suppressed == Suppressed::Shown,
    };
    let mut findings: Vec<&Finding> = report.findings.iter().filter(listed).collect();
    let all = findings.len();
    findings.retain(|finding| place_of(finding, context).is_some());
    let mut remarks = without_a_file("sarif", all - findings.len());
    if findings.len() > MOST_RESULTS {
        let more = findings.len() - MOST_RESULTS;
        remarks.push(format!("sarif: left out the {more} least grave findings: GitHub takes {MOST_RESULTS} of a run"));
        gravest_first(&mut findings);
        findings.truncate(MOST_RESULTS);
    }
    let rules = Rules::of(&findings, context);
    let mut repeated = HashMap::new();
    let results = findings.iter().filter_map(|finding| result(finding, &rules, context, &mut repeated)).collect();
    let log = Log::new(Run {
        tool: Tool { driver: Driver::new(rules.descriptors) },
        invocations: [invocation(report, context, &remarks)],
        original_uri_base_ids: BTreeMap::from([(ROOT, base(context))]),
        column_kind: "unicodeCodePoints",
        results,
    });
    serde_json::to_writer(&mut *out, &log)?;
    writeln!(out)?;
    Ok(remarks)
}

fn result<'a>(
    finding: &'a Finding,
    rules: &Rules<'_>,
    context: &Context<'_>,
    repeated: &mut HashMap<(String, String), usize>,
) -> Option<SearchResult<'a>> {
    let place = place_of(finding, context)?;
    let identity = (place.physical_location.artifact_location.uri.clone(), finding.fingerprint.to_string());
    let count = repeated.entry(identity).or_default();
    *count += 1;
    Some(SearchResult {
        rule_id: &finding.rule,
        rule_index: rules.index(&finding.rule),
        level: level(finding.level),
        message: Message::new(said(finding)),
        locations: [place],
        related_locations: finding.related.iter().filter_map(|related| related_place(related, context)).collect(),
        partial_fingerprints: Fingerprints { primary_location_line_hash: format!("{}:{count}", finding.fingerprint) },
        suppressions: suppressions(&finding.status),
    })
}

/// The object first: an alert shows nothing else of it.
fn said(finding: &Finding) -> String {
    let subject = finding.subject().map(|subject| format!("{subject}: ")).unwrap_or_default();
    let help = finding.help.as_ref().map(|help| format!("\nHelp: {}", printable(help))).unwrap_or_default();
    format!("{}{}{help}", printable(&subject), printable(&finding.message))
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Note | Level::Off => "note",
    }
}

fn suppressions(status: &Status) -> Vec<Suppression> {
    let justification = match status {
        Status::Open => return Vec::new(),
        Status::Excepted { reason, expires } => format!("excepted until {expires}: {}", printable(reason)),
        Status::Baselined => "in the baseline".to_owned(),
    };
    vec![Suppression { kind: "external", justification }]
}

/// What was rendered from a file of the repository is shown at the beginning of that file.
fn place_of(finding: &Finding, context: &Context<'_>) -> Option<Place> {
    place(&finding.location, context).or_else(|| place(&Location::whole_file(Arc::clone(finding.file()?)), context))
}

/// None where there is no file in the repository.
fn place(location: &Location, context: &Context<'_>) -> Option<Place> {
    let path = context.repository.path(location.place.path()?)?;
    let region = location.region.as_ref().map_or(Region::FIRST_CHARACTER, |region| Region {
        start_line: region.start.line,
        start_column: region.start.column,
        end_line: region.start.line,
        end_column: region.start.column + region.excerpt.width,
    });
    let artifact_location = Artifact { uri: encoded(&path), uri_base_id: ROOT };
    Some(Place { physical_location: PhysicalLocation { artifact_location, region }, message: None })
}

fn related_place(Related { message, location }: &Related, context: &Context<'_>) -> Option<Place> {
    let message = Some(Message::new(printable(message).into_owned()));
    Some(Place { message, ..place(location, context)? })
}

/// Problems, and what was left out of the results.
fn invocation(report: &Report, context: &Context<'_>, remarks: &[String]) -> Invocation {
    let problem = |LocatedProblem { location, message }: &LocatedProblem| {
        let place = place(location, context);
        let text = match place {
            Some(_) => message.clone(),
            None => format!("{location}: {message}"),
        };
        Notification {
            level: "error",
            message: Message::new(printable(&text).into_owned()),
            locations: place.into_iter().collect(),
        }
    };
    let remark =
        |text: &String| Notification { level: "warning", message: Message::new(text.clone()), locations: Vec::new() };
    let problems = report.problems.iter().take(MOST_RESULTS).map(problem);
    let more = report.problems.len().saturating_sub(MOST_RESULTS);
    let more = (more > 0).then(|| remark(&format!("and {}", count(more, "more problem"))));
    Invocation {
        execution_successful: report.problems.is_empty(),
        tool_execution_notifications: problems.chain(more).chain(remarks.iter().map(remark)).collect(),
    }
}

fn base(context: &Context<'_>) -> Base {
    let top = context.repository.top().to_string_lossy();
    Base { uri: format!("file://{}/", encoded(top.trim_end_matches('/'))) }
}

/// A path as a relative reference of RFC 3986: a colon in its first part would make a scheme of it.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
