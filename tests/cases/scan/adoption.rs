//! How a team takes the scanner into use: exceptions in the text, a baseline, what is left out, what the command line names.

use super::{CLEAN, DENIED, WARNED};
use expect_test::expect;
use plimsoll_tests::{Outcome, deployment, folder, plimsoll, scan, scan_text};
use std::{fs, path::Path};

const QUIET: [&str; 2] = ["--rule", "missing-liveness-probe=off"];
const BASELINE: &str = "plimsoll-baseline.jsonl";

fn quiet(here: &Path, args: &[&str]) -> Outcome {
    scan(here, &[args, &QUIET].concat())
}

#[test]
fn a_comment_excepts_its_line_or_the_document_below_it() {
    let comment = |rule: &str, day: &str| format!("# plimsoll: allow {rule} until {day}: vendor image");
    let latest = comment("latest-tag", "9999-12-31");
    let behind = deployment(DENIED).replace("app:latest", &format!("app:latest  {latest}"));
    let above_line = deployment(DENIED).replace("          image", &format!("          {latest}\n          image"));
    let above = format!("{latest}\n{}", deployment(DENIED));
    let ended =
        deployment(DENIED).replace("app:latest", &format!("app:latest {}", comment("latest-tag", "2020-01-31")));
    let other =
        deployment(DENIED).replace("app:latest", &format!("app:latest {}", comment("series-tag", "9999-12-31")));
    let wrong = deployment(DENIED).replace("app:latest", &format!("app:latest {}", comment("lates-tag", "9999-12-31")));
    let elsewhere = format!("{latest}\n{}---\n{}", deployment(CLEAN), deployment(DENIED));
    for (text, expected) in [
        (&behind, ["<stdin>:12:18 excepted latest-tag"].as_slice()),
        (&above_line, &["<stdin>:13:18 excepted latest-tag"]),
        (&above, &["<stdin>:13:18 excepted latest-tag"]),
        (&ended, &["<stdin>:12:18 deny latest-tag", "<stdin>:12:29 warn expired-exception"]),
        (&other, &["<stdin>:12:18 deny latest-tag", "<stdin>:12:29 note unused-exception"]),
        (&wrong, &["<stdin>:12:18 deny latest-tag", "<stdin>:12:29 warn invalid-exception"]),
        (&elsewhere, &["<stdin>:27:18 deny latest-tag", "<stdin>:1:1 note unused-exception"]),
    ] {
        assert_eq!(scan_text(&QUIET, text).findings(), expected, "{text}");
    }
    let forbidden = folder([("plimsoll.yaml", "allow-annotations: false\n"), ("app.yaml", &behind)]);
    assert_eq!(quiet(forbidden.path(), &["app.yaml"]).findings(), ["app.yaml:12:18 deny latest-tag"]);
}

#[test]
fn an_exception_can_be_for_a_container_or_a_file() {
    let sidecar = "        - { name: sidecar, image: sidecar:latest, readinessProbe: { httpGet: { path: /readyz, port: 8081 } } }\n";
    let two = deployment(DENIED) + sidecar;
    let with = |scope: &str| {
        let exception = format!(
            "exceptions:\n- {{ rule: latest-tag, match: {{ {scope} }}, reason: a demo, expires: 9999-12-31 }}\n"
        );
        let here = folder([("plimsoll.yaml", &exception), ("deploy/app.yaml", &two)]);
        let found = quiet(&here.path().join("deploy"), &["app.yaml", "--config", "../plimsoll.yaml"]).findings();
        found.iter().map(|finding| finding.split(' ').skip(1).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(with("container: side*"), ["deny latest-tag", "excepted latest-tag"]);
    assert_eq!(with("file: deploy/app.yaml"), ["excepted latest-tag"; 2]);
    assert_eq!(with("file: app.yaml, container: app"), ["excepted latest-tag", "deny latest-tag"]);
    assert_eq!(with("file: other/*.yaml"), ["deny latest-tag", "deny latest-tag", "note unused-exception"]);
}

#[test]
fn an_unused_exception_says_what_the_input_does_not_have() {
    let exception =
        "exceptions:\n- { rule: latest-tag, match: { namespace: billing }, reason: a demo, expires: 9999-12-31 }\n";
    let here = folder([("plimsoll.yaml", exception), ("app.yaml", &deployment(DENIED))]);
    let said = |args: &[&str]| {
        let report = quiet(here.path(), &[&["app.yaml"], args].concat()).report();
        let findings = report["findings"].as_array().expect("a list").clone();
        findings
            .iter()
            .find(|finding| finding["rule"] == "unused-exception")
            .map(|finding| finding["message"].to_string())
    };
    expect![[r#""the exception from `latest-tag` for * billing/* is unused: nothing that was judged has namespace `billing`; `--namespace NAME` names that of objects which do not write one""#]].assert_eq(&said(&[]).unwrap_or_default());
    assert_eq!(said(&["--namespace", "billing"]), None);
}

#[test]
fn the_command_line_names_the_namespace_that_the_input_leaves_out() {
    let levels = "namespaces:\n- { match: billing, policies: { image-pull: { rules: { latest-tag: note } } } }\n";
    let written = deployment(DENIED).replace("name: app\nspec", "name: app\n  namespace: shop\nspec");
    let here = folder([("plimsoll.yaml", levels), ("app.yaml", &deployment(DENIED)), ("shop.yaml", &written)]);
    let outcome = quiet(here.path(), &["--namespace", "billing", "app.yaml", "shop.yaml"]);
    assert_eq!(outcome.findings(), ["app.yaml:12:18 note latest-tag", "shop.yaml:13:18 deny latest-tag"]);
    assert_eq!(outcome.report()["findings"][0]["object"]["namespace"], "billing");
    assert_eq!(quiet(here.path(), &["--namespace", "", "app.yaml"]).code, 2);
}

#[test]
fn the_configuration_leaves_files_out() {
    let app = deployment(DENIED);
    let here = folder([
        ("plimsoll.yaml", "exclude: [generated/, '*.test.yaml']\n"),
        ("app.yaml", &app),
        ("a.test.yaml", &app),
        ("deep/generated/b.yaml", &app),
    ]);
    let outcome = quiet(here.path(), &[]);
    assert_eq!(outcome.findings(), ["app.yaml:12:18 deny latest-tag"]);
    let skipped = &outcome.report()["summary"]["skipped"];
    assert_eq!((&skipped["excluded file"], &skipped["excluded folder"]), (&1.into(), &1.into()));
    assert_eq!(quiet(here.path(), &["--exclude", "app.yaml", "--allow-empty"]).findings(), Vec::<String>::new());
    fs::write(here.path().join("plimsoll.yaml"), "exclude: ['[']\n").expect("a file");
    let wrong = quiet(here.path(), &[]);
    assert!(wrong.code == 2 && wrong.stderr.contains("`[` is not a glob"), "{wrong:?}");
}

#[test]
fn a_baseline_leaves_only_what_is_new() {
    let two = format!("{0}---\n{0}", deployment(DENIED));
    let here = folder([
        ("overlays/a/app.yaml", &deployment(DENIED)),
        ("overlays/b/app.yaml", &two),
        ("c.yaml", &deployment(WARNED)),
    ]);
    let written = quiet(here.path(), &["--write-baseline", BASELINE]);
    assert_eq!((written.code, written.stderr.as_str()), (0, ""), "{written:?}");
    expect![[r#"
        {"plimsoll-baseline":1}
        {"file":"c.yaml","rule":"series-tag","object":"Deployment app","container":"app","fingerprint":"d1be3c52f280f03434a81b3b22bf6500","count":1}
        {"file":"overlays/a/app.yaml","rule":"latest-tag","object":"Deployment app","container":"app","fingerprint":"847617a6eaa22d2d9d2babf2ca40a651","count":1}
        {"file":"overlays/b/app.yaml","rule":"latest-tag","object":"Deployment app","container":"app","fingerprint":"847617a6eaa22d2d9d2babf2ca40a651","count":2}
    "#]].assert_eq(&fs::read_to_string(here.path().join(BASELINE)).expect("a file"));
    let with = ["--baseline", BASELINE];
    let same = quiet(here.path(), &with);
    assert_eq!((same.code, same.findings().iter().filter(|finding| finding.contains(" baselined ")).count()), (0, 4));
    assert_eq!(same.report()["summary"]["baselined"], 4);
    let text = plimsoll(here.path(), &[&["scan"], with.as_slice(), &QUIET].concat(), "").stdout;
    assert!(text.starts_with("4 in the baseline: 4 workloads in 4 documents of 3 files"), "{text}");
    // From another folder, and of a part.
    let elsewhere = quiet(&here.path().join("overlays"), &["--baseline", "../plimsoll-baseline.jsonl", "b"]);
    assert_eq!((elsewhere.code, elsewhere.findings().len()), (0, 2), "{elsewhere:?}");

    // The same again in a file that has it once, and in a file that did not have it.
    fs::write(here.path().join("overlays/a/app.yaml"), &two).expect("a file");
    fs::write(here.path().join("new.yaml"), deployment(DENIED)).expect("a file");
    let more = quiet(here.path(), &with);
    assert_eq!(more.code, 1);
    let open: Vec<_> = more.findings().into_iter().filter(|finding| finding.contains(" deny ")).collect();
    assert_eq!(open, ["new.yaml:12:18 deny latest-tag", "overlays/a/app.yaml:26:18 deny latest-tag"]);
}

fn unused(outcome: &Outcome) -> Vec<String> {
    let report = outcome.report();
    let findings = report["findings"].as_array().expect("a list").iter();
    findings
        .filter(|finding| finding["rule"] == "unused-baseline")
        .map(|finding| format!("{}:{} {}", finding["file"], finding["line"], finding["message"]))
        .collect()
}

#[test]
fn what_a_baseline_has_and_the_input_does_not_is_named() {
    let here =
        folder([("a.yaml", &deployment(DENIED)), ("b.yaml", &deployment(WARNED)), ("c.yaml", &deployment(WARNED))]);
    quiet(here.path(), &["--write-baseline", BASELINE]);
    let with = ["--baseline", BASELINE];
    assert_eq!(
        unused(&quiet(here.path(), &[&with[..], &["b.yaml"]].concat())),
        Vec::<String>::new(),
        "a part was read"
    );
    fs::write(here.path().join("a.yaml"), deployment(CLEAN)).expect("a file");
    fs::rename(here.path().join("b.yaml"), here.path().join("moved.yaml")).expect("a file moves");
    fs::remove_file(here.path().join("c.yaml")).expect("a file");
    let outcome = quiet(here.path(), &with);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    expect![[r#"
        "plimsoll-baseline.jsonl":2 "`latest-tag` of Deployment app is not found in `a.yaml` any more"
        "plimsoll-baseline.jsonl":3 "`series-tag` of Deployment app in `b.yaml` is in `moved.yaml` now, and stays covered"
        "plimsoll-baseline.jsonl":4 "`series-tag` of Deployment app: there is no file `c.yaml` any more""#]].assert_eq(&unused(&outcome).join("\n"));
}

#[test]
fn a_broken_baseline_is_one_clear_error() {
    let good = "{\"plimsoll-baseline\":1}\n";
    let here = folder([
        ("app.yaml", &deployment(CLEAN)),
        ("empty", ""),
        ("report.json", "{ \"version\": 1 }\n"),
        ("newer", "{\"plimsoll-baseline\":2}\n"),
        ("conflict", &format!("{good}<<<<<<< ours\n")),
        ("short", &format!("{good}{{\"file\":\"a.yaml\"}}\n")),
    ]);
    let mut said = String::new();
    for baseline in ["missing", "empty", "report.json", "newer", "conflict", "short"] {
        let outcome = quiet(here.path(), &["--baseline", baseline, "app.yaml"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
        said += &outcome.stderr;
    }
    expect![[r#"
        error: cannot be read: No such file or directory (os error 2)
        --> missing

        error: not a baseline; write it again with --write-baseline
        --> empty:1:1

        error: not a baseline; write it again with --write-baseline
         --> report.json:1:1
          |
        1 | { "version": 1 }
          | ^

        error: a baseline of version 2; this program reads 1
         --> newer:1:1
          |
        1 | {"plimsoll-baseline":2}
          | ^

        error: not an entry of a baseline: expected value; write it again with --write-baseline
         --> conflict:2:1
          |
        2 | <<<<<<< ours
          | ^

        error: not an entry of a baseline: missing field `rule`; write it again with --write-baseline
         --> short:2:1
          |
        2 | {"file":"a.yaml"}
          | ^

    "#]]
    .assert_eq(&said);
}

#[test]
fn a_baseline_holds_no_exceptions_and_no_complaints_about_them() {
    let excepted =
        deployment(DENIED).replace("app:latest", "app:latest # plimsoll: allow latest-tag until 9999-12-31: x");
    let ended = deployment(WARNED).replace("app:1.2", "app:1.2 # plimsoll: allow series-tag until 2020-01-31: x");
    let here = folder([("a.yaml", &excepted), ("b.yaml", &ended)]);
    quiet(here.path(), &["--write-baseline", BASELINE]);
    let text = fs::read_to_string(here.path().join(BASELINE)).expect("a file");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("series-tag"), "{text}");
}
