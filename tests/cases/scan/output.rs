//! What a scan prints, exactly.

use super::{CLEAN, DENIED, WARNED};
use expect_test::{Expect, expect};
use plimsoll_tests::{Outcome, deployment, folder, plimsoll, program, scan_text};
use std::{
    io::Write,
    process::{Command, Stdio},
};

fn text(args: &[&str], stdin: &str) -> Outcome {
    plimsoll(folder([]).path(), &[&["scan", "-"], args].concat(), stdin)
}

/// The time that a scan takes is no promise.
fn check(printed: &str, expected: &Expect) {
    let mut text = printed.to_owned();
    if let Some((start, end)) = text.find(" ms").and_then(|end| Some((text[..end].rfind(' ')? + 1, end))) {
        text.replace_range(start..end, "0");
    }
    expected.assert_eq(&text);
}

#[test]
fn text_is_like_that_of_rustc() {
    let stdin = format!("{}---\n{}---\nkind: Pod\n  x: [\n", deployment(DENIED), deployment(WARNED));
    check(
        &text(&[], &stdin).stdout,
        &expect![[r#"
        deny[latest-tag]: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          --> <stdin>:12:18
           |
        12 |           image: app:latest
           |                  ^^^^^^^^^^
           |
           = object: Deployment app, container app
           = help: name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)

        warn[series-tag]: the tag `1.2` names a series: the next patch release moves it, and nodes then differ
          --> <stdin>:26:18
           |
        26 |           image: app:1.2
           |                  ^^^^^^^
           |
           = object: Deployment app, container app
           = help: name the patch release too, or pin it: `app:1.2@sha256:…` (`crane digest app:1.2` prints it)

        error: not valid YAML: mapping values are not allowed in this context
          --> <stdin>:30:4
           |
        30 |   x: [
           |    ^

        note[missing-liveness-probe]: 2 findings in 2 workloads: no application container of the pod has a liveness probe; --notes shows them

        1 error, 1 deny, 1 warn, 2 note: 2 workloads in 3 documents of 1 file, 0 ms
        `plimsoll explain latest-tag` says why it matters and how to fix it
    "#]],
    );
}

#[test]
fn quiet_says_findings_and_problems_and_nothing_else() {
    check(
        &text(&["-q"], &deployment(DENIED)).stdout,
        &expect![[r#"
        deny[latest-tag]: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          --> <stdin>:12:18
           |
        12 |           image: app:latest
           |                  ^^^^^^^^^^
           |
           = object: Deployment app, container app
           = help: name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)

    "#]],
    );
    assert_eq!(text(&["-q"], &deployment(CLEAN)).stdout, "");
}

#[test]
fn notes_are_one_line_or_whole() {
    check(
        &text(&["--notes"], &deployment(CLEAN)).stdout,
        &expect![[r#"
        note[missing-liveness-probe]: no container of the pod has a liveness probe: a process that hangs is never restarted
          --> <stdin>:11:9
           |
        11 |         - name: app
           |         ^
           |
           = object: Deployment app, container app
           = help: add `livenessProbe: { httpGet: { path: /livez, port: 8080 } }`

        1 note: 1 workload in 1 document of 1 file, 0 ms
    "#]],
    );
}

#[test]
fn json_has_its_published_shape() {
    let mut report = scan_text(&["--rule", "missing-liveness-probe=off"], &deployment(DENIED)).report();
    report["policies"] = "sha256:…".into();
    expect![[r#"
        {
          "findings": [
            {
              "column": 18,
              "container": "app",
              "document": 0,
              "endColumn": 28,
              "endLine": 12,
              "file": "<stdin>",
              "fingerprint": "847617a6eaa22d2d9d2babf2ca40a651",
              "fix": [],
              "help": "name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)",
              "level": "deny",
              "line": 12,
              "message": "`app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name",
              "object": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": "app",
                "namespace": null
              },
              "pointer": "/spec/template/spec/containers/0/image",
              "policy": "image-pull",
              "related": [],
              "rule": "latest-tag",
              "status": "open"
            }
          ],
          "plimsoll": "0.1.0",
          "policies": "sha256:…",
          "problems": [],
          "summary": {
            "baselined": 0,
            "deny": 1,
            "documents": 1,
            "excepted": 0,
            "files": 1,
            "note": 0,
            "skipped": {},
            "warn": 0,
            "workloads": 1
          },
          "version": 1
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&report).expect("JSON"));
    let schema = serde_json::from_str(include_str!("../../../docs/schema/scan-report-1.json")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let broken = scan_text(&[], &format!("{}---\nkind: Pod\n  x: [\n", deployment(DENIED))).report();
    for report in [report, broken] {
        assert_eq!(schema.validate(&report).map_err(|error| error.to_string()), Ok(()));
    }
}

#[test]
fn formats_are_listed_in_the_help_and_where_one_is_unknown() {
    let here = folder([]);
    let help = plimsoll(here.path(), &["scan", "--help"], "").stdout;
    let of_format =
        help.split("--format").nth(1).and_then(|rest| rest.split("--sarif-suppressed").next()).expect("a flag");
    let lines: Vec<&str> = of_format.lines().map(str::trim).filter(|line| line.starts_with("- ")).collect();
    expect![[r#"
        - text:         for people: each finding with its line, then a summary
        - json:         for programs: one document, as docs/schema/scan-report-1.json describes it
        - ndjson:       for programs that read a stream: one finding a line, the summary last
        - sarif:        for code scanning: open findings as SARIF 2.1.0
        - junit:        for test reports: a case for each finding and each workload without one
        - github:       for a step of GitHub Actions: the gravest findings as annotations
        - gitlab:       for GitLab's code quality report: open findings
        - markdown:     for a comment on a pull request: a table, bounded in length
        - html:         for a browser: one page with search and filters, which loads nothing
        - openreports:  for dashboards, with --cluster: a Report of openreports.io per namespace
        - policyreport: the same as a PolicyReport of the older group wgpolicyk8s.io
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
    expect![[r#"
        error: invalid value 'xml' for '--format <FORMAT[=FILE]>': `xml` is not a format; there are text, json, ndjson, sarif, junit, github, gitlab, markdown, html, openreports, policyreport

        For more information, try '--help'.
    "#]]
    .assert_eq(&text(&["-f", "xml"], "").stderr);
    expect![[r#"
        error: invalid value 'json=' for '--format <FORMAT[=FILE]>': `json=` does not name a file

        For more information, try '--help'.
    "#]]
    .assert_eq(&text(&["-f", "json="], "").stderr);
}

#[test]
fn only_one_report_goes_to_standard_output() {
    let refused = text(&["-f", "text", "-f", "json"], &deployment(CLEAN));
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    expect![[r#"
        error: two reports would both go to standard output; send one to a file, as in `-f json=report.json`
    "#]]
    .assert_eq(&refused.stderr);

    let here = folder([("app.yaml", &deployment(DENIED))]);
    let args = ["scan", "-f", "text", "-f", "json=out.json", "-f", "text=out.txt", "--color", "always", "app.yaml"];
    let both = plimsoll(here.path(), &args, "");
    let [json, plain] =
        ["out.json", "out.txt"].map(|name| std::fs::read_to_string(here.path().join(name)).expect(name));
    assert!(both.code == 1 && both.stdout.contains("\u{1b}["), "{both:?}");
    assert_eq!(Outcome { stdout: json, ..both }.grave(), ["app.yaml:12:18 deny latest-tag"]);
    assert!(plain.starts_with("deny[latest-tag]: ") && !plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn colour_is_only_used_when_asked_for() {
    for (args, coloured) in [(["--color", "always"].as_slice(), true), (&["--color", "never"], false), (&[], false)] {
        assert_eq!(text(args, &deployment(DENIED)).stdout.contains('\u{1b}'), coloured, "{args:?}");
    }
}

#[test]
fn a_manifest_cannot_speak_to_the_terminal() {
    let escapes = r#""\e[2J\e]0;title\a\u009b31m""#;
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {escapes}, annotations: {{ {escapes}: x, {key}: x }} }}\nspec:\n  containers: [{{ name: {escapes}, image: {escapes} }}]\n",
        key = r#""plimsoll.dev/\e[31m""#,
    );
    let raw = "kind: Pod # \u{1b}[2J\u{9b}31m\nx: [\n";
    for (stdin, args) in
        [(pod.as_str(), ["--notes"].as_slice()), (raw, &[]), (&pod, &["--stdin-filename", "\u{1b}[31m"])]
    {
        let Outcome { code, stdout, stderr } = text(args, stdin);
        assert_ne!(code, 0);
        let is_control = |c: char| c.is_control() && c != '\n';
        assert!(!stdout.contains(is_control) && !stderr.contains(is_control), "{stdout:?}\n{stderr:?}");
    }
}

#[test]
fn a_reader_that_stops_is_no_error() {
    let mut child = Command::new(program())
        .args(["scan", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let stdin = (deployment(DENIED) + "---\n").repeat(200);
    child.stdin.take().expect("piped").write_all(stdin.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), output.stderr), (Some(1), vec![]));
}

#[test]
fn what_is_rendered_names_its_template() {
    let rendered = |template: &str, document: &str| format!("---\n# Source: shop/templates/{template}\n{document}");
    let broken =
        deployment("app:1.2.3").replace("containers:", "terminationGracePeriodSeconds: soon\n      containers:");
    let stdin =
        rendered("app.yaml", &deployment(DENIED)) + &rendered("broken.yaml", &broken) + "---\n" + &deployment(DENIED);
    let report = scan_text(&[], &stdin).report();
    let templates: Vec<_> =
        report["findings"].as_array().expect("findings").iter().map(|f| f["template"].as_str()).collect();
    assert_eq!(
        (templates.first(), templates.last()),
        (Some(&Some("shop/templates/app.yaml")), Some(&None)),
        "{report:#}"
    );
    let problem = report["problems"][0]["message"].as_str().expect("a message");
    assert!(problem.ends_with(" (rendered from shop/templates/broken.yaml)"), "{problem}");
    check(
        &text(&["--quiet"], &rendered("app.yaml", &deployment(DENIED))).stdout,
        &expect![[r#"
        deny[latest-tag]: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          --> <stdin>:14:18
           |
        14 |           image: app:latest
           |                  ^^^^^^^^^^
           |
           = object: Deployment app, container app
           = rendered from: shop/templates/app.yaml
           = help: name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)

    "#]],
    );
}

#[test]
fn only_a_path_in_front_of_a_document_is_its_template() {
    let app = deployment(DENIED);
    let [with_blank, without_folder, further_down] =
        ["# Source: a/b c\n", "# Source: app.yaml\n", ""].map(|head| format!("{head}{app}"));
    for stdin in [with_blank, without_folder, further_down.replace("\nspec:", "\n# Source: a/b\nspec:")] {
        let report = scan_text(&[], &stdin).report();
        let findings = report["findings"].as_array().expect("findings");
        assert!(!findings.is_empty() && findings.iter().all(|finding| finding["template"].is_null()), "{report:#}");
    }
}
