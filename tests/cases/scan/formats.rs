//! What the formats promise to those who read them, and where reports go.

use super::{CLEAN, DENIED, WARNED};
use plimsoll_tests::{deployment, folder, plimsoll};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path};

const SARIF_SCHEMA: &str = include_str!("../sarif/sarif-schema-2.1.0.json");
const REPORT_SCHEMA: &str = include_str!("../../../docs/schema/scan-report-1.json");

fn complaints(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// A repository with one of everything; the working folder is `deploy` in it.
fn repository() -> tempfile::TempDir {
    let excepted = deployment(DENIED)
        .replace("metadata:\n", "metadata:\n  annotations: { allow.plimsoll.dev/latest-tag: '9999-12-31 a demo' }\n");
    let app = [deployment(DENIED), deployment(DENIED), deployment(WARNED), deployment(CLEAN), excepted].join("---\n");
    let here = folder([
        ("deploy/app.yaml", &app),
        ("deploy/é #%.yaml", &deployment(DENIED)),
        ("deploy/broken.yaml", "kind: Pod\n  x: [\n"),
        (
            "plimsoll.yaml",
            "exceptions:\n- { rule: series-tag, match: { name: gone }, reason: a demo, expires: 2020-01-31 }\n",
        ),
    ]);
    fs::create_dir(here.path().join(".git")).expect("a folder");
    here
}

fn report(format: &str, args: &[&str]) -> String {
    let here = repository();
    let outcome = plimsoll(&here.path().join("deploy"), &[&["scan", "-f", format, "."], args].concat(), "");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (2, ""), "{outcome:?}");
    outcome.stdout
}

#[test]
fn sarif_is_as_its_published_schema_says() {
    let schema = serde_json::from_str(SARIF_SCHEMA).expect("JSON");
    for args in [[].as_slice(), &["--notes"], &["-q"], &["--sarif-suppressed"]] {
        let sarif = serde_json::from_str(&report("sarif", args)).expect("JSON");
        assert_eq!(complaints(&schema, &sarif), Vec::<String>::new(), "{args:?}");
    }
    let mut wrong: Value = serde_json::from_str(&report("sarif", &[])).expect("JSON");
    wrong["runs"][0]["results"][0]["level"] = "deny".into();
    assert_ne!(complaints(&schema, &wrong), Vec::<String>::new(), "the schema refuses something");
}

/// <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>
#[test]
fn sarif_has_what_github_asks_for() {
    let text = |value: &Value, pointer: &str| -> String {
        let text = value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        assert!(!text.trim().is_empty(), "{pointer} is empty in {value}");
        text.to_owned()
    };
    let sarif: Value = serde_json::from_str(&report("sarif", &["--profile", "strict"])).expect("JSON");
    assert_eq!(text(&sarif, "/version"), "2.1.0");
    assert!(text(&sarif, "/$schema").contains("sarif-schema-2.1.0"));
    let run = &sarif["runs"][0];
    text(run, "/tool/driver/name");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for rule in rules {
        text(rule, "/id");
        for description in ["/shortDescription/text", "/fullDescription/text"] {
            assert!(text(rule, description).chars().count() <= 1024);
        }
        for help in ["/help/text", "/help/markdown"] {
            assert!(text(rule, help).contains("plimsoll explain"), "{rule}");
        }
        assert!(rule["properties"]["tags"].as_array().is_some_and(|tags| (1..=20).contains(&tags.len())));
        assert!(rule["properties"].get("security-severity").is_none(), "no rule is a vulnerability");
        assert!(["error", "warning", "recommendation"].contains(&text(rule, "/properties/problem.severity").as_str()));
    }
    let results = run["results"].as_array().expect("results");
    assert!(results.len() > 5);
    let mut identities = BTreeSet::new();
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(text(result, "/ruleId"), text(&rules[rule], "/id"));
        text(result, "/message/text");
        assert!(result.get("suppressions").is_none(), "GitHub would show it as open");
        assert_eq!(result["locations"].as_array().map(Vec::len), Some(1));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = text(place, "/artifactLocation/uri");
        assert!(uri == "plimsoll.yaml" || uri.starts_with("deploy/"), "{uri}: from the top of the repository");
        let region = ["startLine", "startColumn", "endLine", "endColumn"].map(|field| place["region"][field].as_u64());
        let [Some(line), Some(start), Some(end_line), Some(end)] = region else { panic!("{place}") };
        assert!(line >= 1 && end_line == line && start >= 1 && end > start, "{place}");
        let hash = text(result, "/partialFingerprints/primaryLocationLineHash");
        assert!(identities.insert((uri, hash)), "two results are one alert: {result}");
    }
    assert!(results.iter().any(|result| result.to_string().contains("deploy/%C3%A9%20%23%25.yaml")));
    let notifications = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notifications.contains("not valid YAML") && run["invocations"][0]["executionSuccessful"] == false);
}

#[test]
fn sarif_shows_what_does_not_count_only_when_asked() {
    let suppressed = |args: &[&str]| report("sarif", args).matches("\"suppressions\"").count();
    assert_eq!((suppressed(&[]), suppressed(&["--sarif-suppressed"])), (0, 1));
}

#[test]
fn junit_is_xml_with_cases_that_no_viewer_merges() {
    let text = report("junit", &[]);
    let xml = roxmltree::Document::parse(&text).expect("XML");
    let cases: Vec<_> = xml.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let names: BTreeSet<_> = cases.iter().map(|case| (case.attribute("classname"), case.attribute("name"))).collect();
    assert_eq!(names.len(), cases.len(), "{text}");
    let suite = xml.descendants().find(|node| node.has_tag_name("testsuite")).expect("a suite");
    let with = |tag: &str| cases.iter().filter(|case| case.children().any(|child| child.has_tag_name(tag))).count();
    for (attribute, expected) in
        [("tests", cases.len()), ("failures", with("failure")), ("errors", with("error")), ("skipped", with("skipped"))]
    {
        assert_eq!(suite.attribute(attribute), Some(expected.to_string().as_str()), "{attribute}");
    }
    assert_eq!((with("failure"), with("error"), with("skipped")), (3, 1, 1), "{text}");
    let files: BTreeSet<_> = cases.iter().filter_map(|case| case.attribute("file")).collect();
    let expected = ["deploy/app.yaml", "deploy/broken.yaml", "deploy/é #%.yaml", "plimsoll.yaml"];
    assert_eq!(files.into_iter().collect::<Vec<_>>(), expected);
    let passed = plimsoll_tests::scan_text(&["--rule", "missing-liveness-probe=off"], &deployment(CLEAN));
    assert_eq!(passed.code, 0);
    let args = ["scan", "-f", "junit", "-", "--rule", "missing-liveness-probe=off"];
    let passed = plimsoll(folder([]).path(), &args, &deployment(CLEAN));
    assert!(passed.stdout.contains(r#"classname="<stdin>"#) || passed.stdout.contains("has no finding"), "{passed:?}");
}

#[test]
fn junit_fails_what_the_scan_fails() {
    let failures = |args: &[&str]| report("junit", args).matches("<failure ").count();
    assert_eq!(failures(&["--fail-on", "never"]), 0);
    assert_eq!(failures(&[]), 3);
    assert_eq!(failures(&["--fail-on", "warn"]), 5);
}

#[test]
fn gitlab_merges_nothing() {
    let entries: Value = serde_json::from_str(&report("gitlab", &[])).expect("JSON");
    let entries = entries.as_array().expect("a list");
    let mut fingerprints = BTreeSet::new();
    for entry in entries {
        let fields: Vec<_> = entry.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(fields, ["check_name", "description", "fingerprint", "location", "severity"]);
        let severity = entry["severity"].as_str().expect("a text");
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        let path = entry["location"]["path"].as_str().expect("a path");
        assert!(!path.starts_with("./") && (path.starts_with("deploy/") || path == "plimsoll.yaml"), "{path}");
        assert!(entry["location"]["lines"]["begin"].as_u64().is_some_and(|line| line >= 1));
        assert!(fingerprints.insert(entry["fingerprint"].to_string()), "{entry}");
    }
    let severities: Vec<_> = entries.iter().filter_map(|entry| entry["severity"].as_str()).collect();
    assert_eq!(severities.iter().filter(|severity| **severity == "critical").count(), 3);
    assert_eq!(severities.iter().filter(|severity| **severity == "blocker").count(), 1);
}

#[test]
fn ndjson_has_the_shapes_of_the_schema() {
    let schema: Value = serde_json::from_str(REPORT_SCHEMA).expect("JSON");
    let mut types = Vec::new();
    for line in report("ndjson", &[]).lines() {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        let kind = line.as_object_mut().and_then(|line| line.remove("type")).expect("a type");
        let kind = kind.as_str().expect("a text").to_owned();
        let of_line = json!({ "$ref": format!("#/$defs/{kind}"), "$defs": schema["$defs"] });
        assert_eq!(complaints(&of_line, &line), Vec::<String>::new(), "{line}");
        types.push(kind);
    }
    assert_eq!(types.last().map(String::as_str), Some("summary"));
    assert_eq!(types.iter().filter(|kind| *kind == "problem").count(), 1);
}

#[test]
fn what_has_no_file_in_a_repository_is_said() {
    for format in ["sarif", "gitlab"] {
        let scan = |args: &[&str]| {
            let args = [&["scan", "-", "-q", "-f", format], args].concat();
            plimsoll(folder([]).path(), &args, &deployment(DENIED))
        };
        let unnamed = scan(&[]);
        assert!(
            unnamed.stderr.starts_with(&format!("warning: {format}: left out 1 finding, because "))
                && unnamed.stderr.contains("standard input"),
            "{unnamed:?}"
        );
        let named = scan(&["--stdin-filename", "deploy/app.yaml"]);
        assert!(named.stderr.is_empty() && named.stdout.contains("\"deploy/app.yaml\""), "{named:?}");
    }
}

fn files(here: &Path) -> Vec<String> {
    let entries = fs::read_dir(here).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn one_run_writes_many_reports() {
    let here = folder([("app.yaml", &deployment(DENIED)), ("link-target.json", "old"), ("elsewhere/.keep", "")]);
    symlink("link-target.json", here.path().join("link.json")).expect("a link");
    let formats = [
        "json=link.json",
        "ndjson=r.ndjson",
        "sarif=r.sarif",
        "junit=r.xml",
        "gitlab=elsewhere/r.json",
        "markdown=r.md",
        "html=r.html",
    ];
    let flags: Vec<&str> = formats.iter().flat_map(|format| ["-f", *format]).collect();
    let outcome = plimsoll(here.path(), &[&["scan", "app.yaml", "-f", "github"], flags.as_slice()].concat(), "");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""), "{outcome:?}");
    assert!(
        outcome
            .stdout
            .starts_with("::error title=deny%3A latest-tag,file=app.yaml,line=12,endLine=12,col=18,endColumn=28::")
    );
    let expected =
        ["app.yaml", "elsewhere", "link-target.json", "link.json", "r.html", "r.md", "r.ndjson", "r.sarif", "r.xml"];
    assert_eq!(files(here.path()), expected);
    assert!(here.path().join("link.json").is_symlink(), "a link stays one");
    let json = fs::read_to_string(here.path().join("link-target.json")).expect("a file");
    assert!(json.contains("latest-tag") && here.path().join("elsewhere/r.json").is_file());
}

#[test]
fn a_report_that_cannot_be_written_leaves_everything_as_it_was() {
    let here = folder([("app.yaml", &deployment(DENIED)), ("r.json", "old"), ("folder/.keep", "")]);
    for (formats, expected) in [
        (
            ["sarif=no/such/r.sarif", "json=r.json"],
            "error: -f sarif=no/such/r.sarif: the folder `no/such` does not exist\n",
        ),
        (["sarif=folder", "json=r.json"], "error: -f sarif=folder: this is a folder; name a file in it\n"),
        (["sarif=r.json", "json=./r.json"], "error: -f json=./r.json: another report goes to this file\n"),
        (["json=r.json", "sarif=/dev/full"], "error: /dev/full: No space left on device (os error 28)\n"),
        (
            ["json", "sarif"],
            "error: two reports would both go to standard output; send one to a file, as in `-f json=report.json`\n",
        ),
    ] {
        let outcome = plimsoll(here.path(), &["scan", "app.yaml", "-f", formats[0], "-f", formats[1]], "");
        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (2, "", expected), "{formats:?}");
        assert_eq!(files(here.path()), ["app.yaml", "folder", "r.json"], "{formats:?}");
        assert_eq!(fs::read_to_string(here.path().join("r.json")).expect("a file"), "old", "{formats:?}");
    }
}
