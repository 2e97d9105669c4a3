//! For GitLab's code quality report: the six fields that it reads, of each open finding and each problem.
//!
//! GitLab merges entries with equal fingerprints, so the path and a number for repetitions are part of them.

use crate::{
    finding::{Location, Report},
    printable::printable,
    report::{Context, Remarks, without_a_file},
};
use plimsoll_policy::Level;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
};

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// What an entry says, before its place is looked up.
struct Said<'a> {
    severity: &'static str,
    rule: &'a str,
    text: String,
    file: Option<&'a Arc<str>>,
    location: &'a Location,
    /// The same for the same finding.
    identity: String,
}

/// Writes the report.
pub fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    let problems = report.problems.iter().map(|problem| Said {
        severity: "blocker",
        rule: "not-judged",
        text: problem.message.clone(),
        file: problem.location.place.path(),
        location: &problem.location,
        identity: problem.message.clone(),
    });
    let findings = report.findings.iter().filter(|finding| context.is_listed(finding)).map(|finding| Said {
        severity: severity(finding.level),
        rule: &finding.rule,
        text: [finding.subject(), Some(finding.message.clone())].into_iter().flatten().collect::<Vec<_>>().join(": "),
        file: finding.file(),
        location: &finding.location,
        identity: finding.fingerprint.to_string(),
    });
    let all: Vec<Said<'_>> = problems.chain(findings).collect();
    let mut seen = HashMap::new();
    let entries: Vec<Entry> = all.iter().filter_map(|said| entry(said, context, &mut seen)).collect();
    serde_json::to_writer(&mut *out, &entries)?;
    writeln!(out)?;
    Ok(without_a_file("gitlab", all.len() - entries.len()))
}

/// None where there is no file in the repository.
fn entry(said: &Said<'_>, context: &Context<'_>, seen: &mut HashMap<String, usize>) -> Option<Entry> {
    let path = context.repository.path(said.file?)?;
    // What was rendered has lines of its own.
    let position = said.location.position().filter(|_| said.file == said.location.place.path());
    let begin = position.map_or(1, |position| position.line);
    let identity = format!("{path}\0{}\0{}", said.rule, said.identity);
    let repeated = seen.entry(identity.clone()).or_default();
    *repeated += 1;
    let fingerprint = format!("{:x}", Sha256::digest(format!("{identity}\0{repeated}")));
    Some(Entry {
        description: printable(&said.text).into_owned(),
        check_name: said.rule.to_owned(),
        fingerprint,
        severity: said.severity,
        location: Place { path, lines: Lines { begin } },
    })
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Deny => "critical",
        Level::Warn => "minor",
        Level::Note | Level::Off => "info",
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        finding::Report,
        report::{Detail, samples},
    };
    use expect_test::expect;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn gitlab(report: &Report) -> (Value, Vec<String>) {
        let (text, remarks) = samples::written("gitlab", report, &samples::context(Detail::Normal, &[]));
        assert!(text.starts_with('['), "no byte order mark");
        (serde_json::from_str(&text).unwrap(), remarks)
    }

    #[test]
    fn has_the_six_fields_of_what_is_open() {
        let mut report = samples::report();
        report.problems.truncate(1);
        report.findings.truncate(3);
        expect![[r#"
            [
              {
                "check_name": "not-judged",
                "description": "`spec.replicas` is a string; write a number",
                "fingerprint": "556dc4f540e4b9e4d32a46733efe0e267a30cf7650b6028c3b60c2d70888a1b5",
                "location": {
                  "lines": {
                    "begin": 10
                  },
                  "path": "deploy/b.yaml"
                },
                "severity": "blocker"
              },
              {
                "check_name": "latest-tag",
                "description": "Deployment shop/app, container web: image `nginx` has neither a tag nor a digest",
                "fingerprint": "6bb14b724e3cea5145f34b3709caf570e57e54db509caaafb0f8abd66f488012",
                "location": {
                  "lines": {
                    "begin": 14
                  },
                  "path": "deploy/app.yaml"
                },
                "severity": "critical"
              },
              {
                "check_name": "series-tag",
                "description": "Deployment shop/app: image `nginx` has neither a tag nor a digest",
                "fingerprint": "f86d2c87a07e4ff36140fd95c659304315ee6187395807e5230d9b64f953a5b1",
                "location": {
                  "lines": {
                    "begin": 14
                  },
                  "path": "deploy/app.yaml"
                },
                "severity": "minor"
              }
            ]"#]]
        .assert_eq(&serde_json::to_string_pretty(&gitlab(&report).0).unwrap());
    }

    #[test]
    fn no_two_fingerprints_are_equal() {
        let mut elsewhere = samples::report().findings;
        for finding in &mut elsewhere {
            finding.location = samples::location("b.yaml", 0, "", finding.location.region.clone().unwrap());
        }
        let mut report = samples::report();
        report.findings.extend(elsewhere);
        let (json, _) = gitlab(&report);
        let entries = json.as_array().unwrap();
        let fingerprints: BTreeSet<_> = entries.iter().map(|entry| entry["fingerprint"].to_string()).collect();
        assert_eq!((fingerprints.len(), entries.len()), (10, 10));
    }

    #[test]
    fn what_has_no_file_in_the_repository_is_left_out_and_said() {
        let findings = vec![samples::of_cluster(), samples::on_standard_input()];
        let (json, remarks) = gitlab(&Report { findings, ..Report::default() });
        assert_eq!(json, serde_json::json!([]));
        expect!["gitlab: left out 2 findings, because an object of a cluster, standard input, or what is outside of the repository, is not a file of it (--stdin-filename names standard input)"].assert_eq(&remarks.join("\n"));
    }
}
