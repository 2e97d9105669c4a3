//! What the formats of a report promise to programs.

use plimsoll::{
    finding::{Finding, Fingerprint, Fix, LocatedProblem, Location, ObjectRef, Place, Region, Related, Report, Status},
    manifest::{Lines, Position},
    report::{Context, Detail, Repository, Suppressed, json},
};
use plimsoll_policy::{Edit, Level, Safety};
use serde_json::Value;
use std::sync::Arc;

const SCHEMA: &str = include_str!("../../docs/schema/scan-report-1.json");

fn region() -> Region {
    Region::at(&Lines::of("kind: Pod"), Position { line: 1, column: 1 })
}

fn file(document: Option<usize>, item: Option<usize>, region: Option<Region>) -> Location {
    let place = Place::File { path: "deploy/app.yaml".into(), document, item };
    Location { place, pointer: "/spec/template/spec/containers/0/image".into(), region }
}

fn finding(level: Level) -> Finding {
    Finding {
        rule: "latest-tag".to_owned(),
        policy: "image-pull".to_owned(),
        level,
        escalated: false,
        status: Status::Open,
        message: "image `nginx` has neither a tag nor a digest".to_owned(),
        help: None,
        object: None,
        container: None,
        location: file(Some(0), None, Some(region())),
        related: vec![],
        fix: None,
        template: None,
        fingerprint: Fingerprint([0x5a; 16]),
    }
}

/// Every field in every one of its forms.
fn report() -> Report {
    let object = Arc::new(ObjectRef {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some("shop".to_owned()),
        name: "app".to_owned(),
    });
    let mut full = finding(Level::Warn);
    full.status = Status::Excepted { reason: "single writer".to_owned(), expires: "2027-01-31".to_owned() };
    full.help = Some("write `nginx:1.29.3`".to_owned());
    full.container = Some("app".to_owned());
    full.location = file(Some(0), Some(3), Some(region()));
    full.related = vec![Related { message: "its Service".to_owned(), location: file(Some(1), None, Some(region())) }];
    full.object = Some(Arc::clone(&object));
    let edits = vec![
        Edit::Add { pointer: "/spec/replicas".into(), value: "2".to_owned() },
        Edit::Replace { pointer: "/spec/replicas".into(), value: "null".to_owned() },
        Edit::Remove { pointer: "/spec/replicas".into() },
    ];
    full.fix = Some(Fix { edits, safety: Safety::Safe });
    let of_cluster = |location| Finding {
        object: Some(Arc::clone(&object)),
        location: Location { place: Place::Object(Arc::clone(&object)), region: None, ..location },
        ..finding(Level::Note)
    };
    let of_configuration =
        Location { place: Place::Configuration { path: "plimsoll.yaml".into() }, ..file(None, None, Some(region())) };
    let problem = |location| LocatedProblem { location, message: "not UTF-8".to_owned() };
    let mut report = Report {
        policies: "sha256:00".to_owned(),
        findings: vec![
            finding(Level::Deny),
            full,
            of_cluster(file(None, None, None)),
            Finding { location: of_configuration, ..finding(Level::Note) },
        ],
        problems: vec![problem(Location::whole_file("b.yaml")), problem(file(Some(2), Some(1), Some(region())))],
        ..Report::default()
    };
    report.summary.skipped.insert("not a workload".to_owned(), 3);
    report
}

fn as_json(report: &Report) -> Value {
    let mut out = Vec::new();
    let context = Context {
        detail: Detail::Normal,
        policies: &[],
        repository: &Repository::of("/src".as_ref()),
        fails_from: None,
        suppressed: Suppressed::LeftOut,
    };
    json::write(report, &context, &mut out).expect("a vector takes everything");
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
        ("/findings/1/fixIs", Value::from("perhaps")),
        ("/findings/1/related/0/message", Value::Null),
        ("/summary/deny", Value::Null),
    ] {
        let mut json = as_json(&report());
        *json.pointer_mut(pointer).expect(pointer) = value;
        assert_ne!(complaints(&json), Vec::<String>::new(), "{pointer}");
    }
}
