//! What the formats of a report promise to programs.

use plimsoll::{
    finding::{Excerpt, FileProblem, Finding, ObjectRef, Place, Report, Status},
    manifest::{Position, Problem},
    report::json,
};
use plimsoll_policy::{Edit, Level};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../docs/schema/scan-report-1.json");

fn finding(level: Level) -> Finding {
    Finding {
        rule: "latest-tag".to_owned(),
        policy: "image-pull".to_owned(),
        level,
        status: Status::Open,
        message: "image `nginx` has neither a tag nor a digest".to_owned(),
        help: None,
        object: None,
        container: None,
        pointer: String::new(),
        fix: vec![],
        place: Place {
            file: "deploy/app.yaml".to_owned(),
            document: 0,
            item: None,
            line: 1,
            column: 1,
            excerpt: Excerpt::default(),
        },
        fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
    }
}

/// Every field in every one of its forms.
fn report() -> Report {
    let mut full = finding(Level::Warn);
    full.status = Status::Excepted { reason: "single writer".to_owned(), expires: "2027-01-31".to_owned() };
    full.help = Some("write `nginx:1.29.3`".to_owned());
    full.container = Some("app".to_owned());
    full.pointer = "/spec/template/spec/containers/0/image".to_owned();
    full.place.item = Some(3);
    full.object = Some(ObjectRef {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some("shop".to_owned()),
        name: "app".to_owned(),
    });
    full.fix = vec![
        Edit::Add { pointer: "/spec/replicas".to_owned(), value: "2".to_owned() },
        Edit::Replace { pointer: "/spec/replicas".to_owned(), value: "null".to_owned() },
        Edit::Remove { pointer: "/spec/replicas".to_owned() },
    ];
    let problem = |position: Option<Position>| FileProblem {
        file: "deploy/b.yaml".to_owned(),
        problem: Problem { document: position.map(|_| 2), position, message: "not UTF-8".to_owned() },
        excerpt: Excerpt::default(),
    };
    let mut report = Report {
        policies: "sha256:00".to_owned(),
        findings: vec![finding(Level::Deny), full, finding(Level::Note)],
        problems: vec![problem(None), problem(Some(Position { line: 10, column: 3 }))],
        ..Report::default()
    };
    report.summary.skipped.insert("not a workload".to_owned(), 3);
    report
}

fn as_json(report: &Report) -> Value {
    let mut out = Vec::new();
    json::write(report, &mut out).expect("a vector takes everything");
    serde_json::from_slice(&out).expect("it is JSON")
}

fn complaints(report: &Value) -> Vec<String> {
    let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn json_is_as_its_published_schema_says() {
    for report in [Report::default(), report()] {
        assert_eq!(complaints(&as_json(&report)), Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_a_report_cannot_be() {
    for (pointer, value) in [
        ("/version", Value::from(2)),
        ("/findings/0/level", Value::from("off")),
        ("/findings/0/line", Value::from(0)),
        ("/findings/0/status", Value::from("excepted")),
        ("/findings/1/status", Value::from("open")),
        ("/findings/1/fix/2/op", Value::from("add")),
        ("/summary/deny", Value::Null),
    ] {
        let mut json = as_json(&report());
        *json.pointer_mut(pointer).expect(pointer) = value;
        assert_ne!(complaints(&json), Vec::<String>::new(), "{pointer}");
    }
}
