//! A report with one of everything, for the tests of the formats.

use crate::{
    finding::{
        Audited, Finding, Fingerprint, Fix, Judged, LocatedProblem, Location, ObjectRef, Place, Region, Related,
        Report, STANDARD_INPUT, Status, Summary,
    },
    manifest::{Lines, Position, Span},
    report::{Context, Detail, Format, Remarks, Repository, Suppressed},
};
use plimsoll_policy::{Description, Edit, Level, Rule, Safety};
use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
    time::Duration,
};

/// A region of the line of that number in a text whose other lines are empty.
pub(super) fn region(text: &str, line: usize, column: usize, width: usize) -> Region {
    let text = "\n".repeat(line - 1) + text;
    let lines = Lines::of(&text);
    let byte = |column| lines.byte(Position { line, column });
    Region::of(&lines, Span { start: byte(column), end: byte(column + width) })
}

fn object(kind: &str, name: &str) -> Arc<ObjectRef> {
    let namespace = Some("shop".to_owned());
    Arc::new(ObjectRef { api_version: "apps/v1".to_owned(), kind: kind.to_owned(), namespace, name: name.to_owned() })
}

pub(super) fn location(path: &str, document: usize, pointer: &str, region: Region) -> Location {
    let place = Place::File { path: path.into(), document: Some(document), item: None };
    Location { place, pointer: pointer.into(), region: Some(region) }
}

pub(super) fn finding(rule: &str, level: Level) -> Finding {
    let region = region("        - image: nginx", 14, 18, 5);
    Finding {
        rule: rule.to_owned(),
        policy: "image-pull".to_owned(),
        level,
        escalated: false,
        status: Status::Open,
        message: "image `nginx` has neither a tag nor a digest".to_owned(),
        help: Some("write `nginx:1.29.3`".to_owned()),
        object: Some(object("Deployment", "app")),
        container: Some("web".to_owned()),
        location: location("deploy/app.yaml", 1, "/spec/template/spec/containers/0/image", region),
        related: vec![],
        fix: None,
        template: None,
        fingerprint: Fingerprint(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes()),
    }
}

/// As an audit of a cluster or the webhook has it, with a place in a file that explains it.
pub(super) fn of_cluster() -> Finding {
    let finding = finding("latest-tag", Level::Deny);
    let place = Place::Object(object("Deployment", "app"));
    let service = location("deploy/service.yaml", 0, "/spec/selector", region("  selector:", 120, 3, 8));
    Finding {
        location: Location { place, region: None, ..finding.location.clone() },
        related: vec![Related { message: "its Service".to_owned(), location: service }],
        ..finding
    }
}

/// An audit of a cluster: a finding, and a list that could not be read.
pub(super) fn audit() -> Report {
    let list = Place::List("jobs.batch in all namespaces".into());
    let problem = LocatedProblem {
        location: Location::without_text(list, "".into()),
        message: "jobs.batch in all namespaces cannot be listed".to_owned(),
    };
    let finding = Finding { related: vec![], ..of_cluster() };
    let cluster = Audited {
        name: "prod".to_owned(),
        namespaces: vec!["pay".to_owned(), "shop".to_owned()],
        objects: 410,
        refused: 1,
    };
    Report {
        findings: vec![finding],
        problems: vec![problem],
        summary: Summary {
            workloads: 27,
            skipped: [("judged at its owner".to_owned(), 383)].into(),
            cluster: Some(cluster),
            ..Summary::default()
        },
        ..Report::default()
    }
}

pub(super) fn policy() -> Description {
    let rule =
        Rule::new("undeclared-shutdown-timeout", Level::Note, "nothing says how long the application needs to stop");
    Description {
        id: "grace-period".to_owned(),
        version: String::new(),
        summary: String::new(),
        rules: vec![rule],
        settings: "{}".to_owned(),
        page: Cow::default(),
        wants_raw: false,
        wants_set: false,
    }
}

/// In a repository whose top is the working folder; findings at `deny` fail.
pub(crate) fn context<'a>(detail: Detail, policies: &'a [Description]) -> Context<'a> {
    static REPOSITORY: LazyLock<Repository> = LazyLock::new(|| Repository::of("/src/shop".as_ref()));
    Context {
        detail,
        policies,
        repository: &REPOSITORY,
        fails_from: Some(Level::Deny),
        suppressed: Suppressed::LeftOut,
    }
}

/// What a format makes of a report, and what it remarks.
pub(super) fn written(format: &str, report: &Report, context: &Context<'_>) -> (String, Remarks) {
    let mut out = Vec::new();
    let remarks = (Format::named(format).unwrap().write)(report, context, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), remarks)
}

fn judged(name: &str) -> Judged {
    let place = Place::File { path: "deploy/app.yaml".into(), document: Some(1), item: None };
    Judged { object: (*object("Deployment", name)).clone(), place }
}

pub(super) fn on_standard_input() -> Finding {
    let region = region("  image: nginx", 3, 10, 5);
    Finding {
        location: location(STANDARD_INPUT, 0, "/spec/containers/0/image", region),
        ..finding("latest-tag", Level::Deny)
    }
}

/// A text that would be markup, a command or an escape sequence wherever text is not made harmless.
pub(super) const HOSTILE: &str = "</script><img src=x onerror=alert(1)>&`|*_[a](javascript:b)@team #1 ]]>\u{1b}[31m%0A::error::,\n::set-env\r\u{ffff}\u{0}";

/// A finding and a problem that are hostile wherever they can be.
pub(super) fn hostile() -> Report {
    let text = || HOSTILE.to_owned();
    let mut finding = finding("latest-tag", Level::Deny);
    finding.message = text();
    finding.help = Some(text());
    finding.container = Some(text());
    finding.object =
        Some(Arc::new(ObjectRef { api_version: text(), kind: text(), namespace: Some(text()), name: text() }));
    let path = Place::File { path: HOSTILE.into(), document: Some(0), item: None };
    finding.location.place = path.clone();
    finding.location.region = Some(region(&format!("a: {}", HOSTILE.replace(['\r', '\n'], " ")), 14, 4, 40));
    finding.related = vec![Related { message: text(), location: finding.location.clone() }];
    let mut excepted = finding.clone();
    excepted.status = Status::Excepted { reason: text(), expires: "2027-01-31".to_owned() };
    let location = finding.location.clone();
    Report {
        findings: vec![finding, excepted],
        problems: vec![LocatedProblem { location, message: text() }],
        ..Report::default()
    }
}

pub(super) fn excepted(rule: &str) -> Finding {
    let (reason, expires) = ("single writer, see OPS-123".to_owned(), "2027-01-31".to_owned());
    Finding { status: Status::Excepted { reason, expires }, ..finding(rule, Level::Deny) }
}

pub(super) fn report() -> Report {
    let edits = vec![
        Edit::Add { pointer: "/spec/replicas".into(), value: "2".to_owned() },
        Edit::Remove { pointer: "/spec/paused".into() },
    ];
    let fix = Some(Fix { edits, safety: Safety::Unsafe });
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
            LocatedProblem {
                location: location("deploy/b.yaml", 2, "/spec/replicas", region("  replicas: \"2\"", 10, 3, 8)),
                message: "`spec.replicas` is a string; write a number".to_owned(),
            },
            LocatedProblem { location: Location::whole_file("deploy/c.yaml"), message: "not UTF-8".to_owned() },
        ],
        judged: vec![judged("app"), judged("quiet")],
        summary: Summary {
            advice: std::collections::BTreeSet::new(),
            files: 3,
            documents: 30,
            workloads: 5,
            skipped: [("not a workload".to_owned(), 23), ("kustomize patch".to_owned(), 2)].into(),
            charts: vec!["deploy/chart".to_owned(), "deploy/it's".to_owned()],
            cluster: None,
            elapsed: Duration::from_millis(12),
        },
    }
}
