//! A report with one of everything, for the tests of the formats.

use crate::{
    finding::{Excerpt, FileProblem, Finding, ObjectRef, Place, Report, Status, Summary},
    manifest::{Lines, Position, Problem, Span},
};
use plimsoll_policy::{Edit, Level};
use std::time::Duration;

pub(super) const IMAGE_LINE: &str = "        - image: nginx";

/// The first line of a text with `width` characters from `column` underlined.
pub(super) fn excerpt(text: &str, column: usize, width: usize) -> Excerpt {
    let lines = Lines::of(text);
    let byte = |column| lines.byte(Position { line: 1, column });
    Excerpt::of(&lines, Span { start: byte(column), end: byte(column + width) })
}

pub(super) fn finding(rule: &str, level: Level) -> Finding {
    Finding {
        rule: rule.to_owned(),
        policy: "image-pull".to_owned(),
        level,
        status: Status::Open,
        message: "image `nginx` has neither a tag nor a digest".to_owned(),
        help: Some("write `nginx:1.29.3`".to_owned()),
        object: Some(ObjectRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "app".to_owned(),
        }),
        container: Some("web".to_owned()),
        pointer: "/spec/template/spec/containers/0/image".to_owned(),
        fix: vec![],
        place: Place {
            file: "deploy/app.yaml".to_owned(),
            document: 1,
            item: None,
            line: 14,
            column: 18,
            excerpt: excerpt(IMAGE_LINE, 18, 5),
        },
        fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
    }
}

pub(super) fn excepted(rule: &str) -> Finding {
    let (reason, expires) = ("single writer, see OPS-123".to_owned(), "2027-01-31".to_owned());
    Finding { status: Status::Excepted { reason, expires }, ..finding(rule, Level::Deny) }
}

pub(super) fn report() -> Report {
    let fix = vec![
        Edit::Add { pointer: "/spec/replicas".to_owned(), value: "2".to_owned() },
        Edit::Remove { pointer: "/spec/paused".to_owned() },
    ];
    Report {
        policies: "sha256:00".to_owned(),
        findings: vec![
            finding("latest-tag", Level::Deny),
            Finding { fix, container: None, help: None, ..finding("series-tag", Level::Warn) },
            excepted("recreate-strategy"),
            finding("undeclared-shutdown-timeout", Level::Note),
            finding("undeclared-shutdown-timeout", Level::Note),
        ],
        problems: vec![
            FileProblem {
                file: "deploy/b.yaml".to_owned(),
                problem: Problem {
                    document: Some(2),
                    position: Some(Position { line: 10, column: 3 }),
                    message: "`spec.replicas` is a string; write a number".to_owned(),
                },
                excerpt: excerpt("  replicas: \"2\"", 3, 8),
            },
            FileProblem {
                file: "deploy/c.yaml".to_owned(),
                problem: Problem { document: None, position: None, message: "not UTF-8".to_owned() },
                excerpt: Excerpt::default(),
            },
        ],
        summary: Summary {
            advice: std::collections::BTreeSet::new(),
            files: 3,
            documents: 30,
            workloads: 5,
            skipped: [("not a workload".to_owned(), 23), ("kustomize patch".to_owned(), 2)].into(),
            charts: vec!["deploy/chart".to_owned(), "deploy/it's".to_owned()],
            elapsed: Duration::from_millis(12),
        },
    }
}
