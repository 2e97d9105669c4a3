use super::*;
use expect_test::expect;
use jiff::civil::date;
use plimsoll_policy::{testing, workload::Map};

const RULES: [&str; 3] = ["latest-tag", "recreate-strategy", "series-tag"];
const TODAY: Date = date(2027, 1, 31);

const HERE: Occasion<'_> = Occasion { today: TODAY, file: Some("deploy/app.yaml") };

fn workload(namespace: Option<&str>, annotations: &[(&str, &str)], on_template: &[(&str, &str)]) -> Workload {
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Map>();
    let mut workload = Workload {
        namespace: namespace.map(str::to_owned),
        name: "ledger".to_owned(),
        annotations: map(annotations),
        ..testing::deployment([])
    };
    workload.pod.annotations = map(on_template);
    workload
}

fn glob(text: &str) -> Option<globset::GlobMatcher> {
    Some(globset::Glob::new(text).unwrap().compile_matcher())
}

fn exception(rule: &str, namespace: &str, kind: &str, name: &str, expires: Date) -> Exception {
    Exception {
        rule: rule.to_owned(),
        scope: Scope { namespace: glob(namespace), kind: glob(kind), name: glob(name), ..Scope::default() },
        reason: "single writer".to_owned(),
        expires,
        pointer: "/exceptions/0".into(),
    }
}

fn exceptions(configured: Vec<Exception>, annotations: Annotations) -> Exceptions {
    Exceptions::new(configured, annotations, RULES.map(str::to_owned))
}

fn is_excepted(exceptions: &Exceptions, workload: &Workload, rule: &str) -> bool {
    exceptions.apply(workload, [(rule, None)], &HERE).statuses != [Status::Open]
}

fn list(findings: &[Finding]) -> String {
    let line = |finding: &Finding| format!("{} {}: {}\n", finding.rule, finding.pointer, finding.message);
    findings.iter().map(line).collect()
}

fn judge(annotation: (&str, &str)) -> String {
    let applied = exceptions(vec![], Annotations::Allowed).apply(
        &workload(None, &[annotation], &[]),
        [("latest-tag", None)],
        &HERE,
    );
    format!("{:?}\n{}", applied.statuses[0], list(&applied.findings))
}

#[test]
fn covers_what_matches_until_the_end_of_its_day() {
    let ledger = workload(Some("billing"), &[], &[]);
    for (namespace, kind, name, rule, expires, expected) in [
        ("billing", "Deployment", "ledger", "latest-tag", TODAY, true),
        ("bill*", "*", "l?dger", "latest-tag", TODAY, true),
        ("billing", "Deployment", "ledger", "series-tag", TODAY, false),
        ("billing", "Deployment", "ledger", "latest-tag", date(2027, 1, 30), false),
        ("shop", "Deployment", "ledger", "latest-tag", TODAY, false),
        ("billing", "StatefulSet", "ledger", "latest-tag", TODAY, false),
        ("billing", "Deployment", "ledge", "latest-tag", TODAY, false),
    ] {
        let exceptions = exceptions(vec![exception(rule, namespace, kind, name, expires)], Annotations::Ignored);
        assert_eq!(is_excepted(&exceptions, &ledger, "latest-tag"), expected, "{kind} {namespace}/{name} {expires}");
    }
}

#[test]
fn what_a_scope_leaves_out_matches_everything() {
    for (name, expected) in [("ledger", true), ("other", false)] {
        let scope = Scope { name: glob(name), ..Scope::default() };
        let exception = Exception { scope, ..exception("latest-tag", "*", "*", "*", TODAY) };
        let exceptions = exceptions(vec![exception], Annotations::Ignored);
        assert_eq!(is_excepted(&exceptions, &workload(Some("billing"), &[], &[]), "latest-tag"), expected, "{name}");
    }
}

#[test]
fn only_a_star_matches_an_object_without_namespace() {
    for (namespace, expected) in [("*", true), ("default", false)] {
        let exceptions = exceptions(vec![exception("latest-tag", namespace, "*", "*", TODAY)], Annotations::Ignored);
        assert_eq!(is_excepted(&exceptions, &workload(None, &[], &[]), "latest-tag"), expected, "{namespace}");
    }
}

#[test]
fn a_container_and_a_file_narrow_it() {
    let mut workload = workload(Some("billing"), &[], &[]);
    workload.pod.containers = vec![testing::container("app"), testing::container("sidecar")];
    let covers = |scope: Scope, container: Option<&str>, file: Option<&str>| {
        let exception = Exception { scope, ..exception("latest-tag", "*", "*", "*", TODAY) };
        let occasion = Occasion { today: TODAY, file };
        let applied =
            exceptions(vec![exception], Annotations::Ignored).apply(&workload, [("latest-tag", container)], &occasion);
        applied.statuses != [Status::Open]
    };
    let container = |text| Scope { container: glob(text), ..Scope::default() };
    let file = |text| Scope { file: Some(FileGlob::new(text).unwrap()), ..Scope::default() };
    assert!(covers(container("side*"), Some("sidecar"), None));
    assert!(!covers(container("side*"), Some("app"), None));
    assert!(!covers(container("side*"), None, None), "a finding about the whole pod is about no container");
    for (glob, path, expected) in [
        ("deploy/*.yaml", "deploy/app.yaml", true),
        ("./deploy/*.yaml", "deploy/app.yaml", true),
        ("deploy/*.yaml", "deploy/deep/app.yaml", false),
        ("deploy/**", "deploy/deep/app.yaml", true),
        ("app.yaml", "deploy/deep/app.yaml", true),
        ("deploy/*.yaml", "other/deploy/app.yaml", false),
    ] {
        assert_eq!(covers(file(glob), None, Some(path)), expected, "{glob} {path}");
    }
    assert!(!covers(file("*"), None, None), "what is in no file is in none that matches");
}

#[test]
fn an_unused_exception_says_what_the_input_does_not_have() {
    let scope = |namespace, kind, file| Scope {
        namespace: glob(namespace),
        kind: glob(kind),
        file: Some(FileGlob::new(file).unwrap()),
        ..Scope::default()
    };
    let all = [
        scope("billing", "*", "*.yaml"),
        scope("shop", "CronJob", "*.yaml"),
        scope("shop", "*", "other/*.yaml"),
        Scope { namespace: glob("shop"), name: glob("b"), ..Scope::default() },
    ];
    let with = |scope: &Scope| Exception { scope: scope.clone(), ..exception("latest-tag", "*", "*", "*", TODAY) };
    let exceptions = exceptions(all.iter().map(with).collect(), Annotations::Ignored);
    assert!(list(&exceptions.unused(&Usage::default(), TODAY)).contains("is unused: nothing was judged"));
    let mut usage = Usage::default();
    for (namespace, name) in [(Some("shop"), "a"), (None, "b")] {
        let workload = Workload { name: name.to_owned(), ..workload(namespace, &[], &[]) };
        usage += exceptions.apply(&workload, [("latest-tag", None)], &HERE).usage;
    }
    expect![[r#"
        unused-exception /exceptions/0/rule: the exception from `latest-tag` for * billing/*, file *.yaml is unused: nothing that was judged has namespace `billing`; `--namespace NAME` names that of objects which do not write one
        unused-exception /exceptions/0/rule: the exception from `latest-tag` for CronJob shop/*, file *.yaml is unused: nothing that was judged has kind `CronJob`
        unused-exception /exceptions/0/rule: the exception from `latest-tag` for * shop/*, file other/*.yaml is unused: nothing that was judged has file `other/*.yaml`
        unused-exception /exceptions/0/rule: the exception from `latest-tag` for * shop/b is unused: no object that was judged matches all of it
    "#]].assert_eq(&list(&exceptions.unused(&usage, TODAY)));
}

#[test]
fn says_which_exceptions_are_of_no_use_and_which_have_ended() {
    let exceptions = exceptions(
        vec![
            exception("latest-tag", "billing", "*", "*", TODAY),
            exception("series-tag", "billing", "*", "*", TODAY),
            exception("latest-tag", "shop", "*", "*", TODAY),
            exception("latest-tag", "billing", "*", "*", date(2026, 12, 31)),
        ],
        Annotations::Ignored,
    );
    let mut usage = Usage::default();
    for namespace in ["billing", "other"] {
        usage += exceptions.apply(&workload(Some(namespace), &[], &[]), [("latest-tag", None)], &HERE).usage;
    }
    expect![[r#"
        expired-exception /exceptions/0/expires: the exception from `latest-tag` for * billing/* ended on 2026-12-31: findings count again
        unused-exception /exceptions/0/rule: the exception from `series-tag` for * billing/* is unused: what it matches has no such finding
        unused-exception /exceptions/0/rule: the exception from `latest-tag` for * shop/* is unused: nothing that was judged has namespace `shop`
    "#]].assert_eq(&(list(&exceptions.expired(TODAY)) + &list(&exceptions.unused(&usage, TODAY))));
}

#[test]
fn an_annotation_covers_its_own_object() {
    expect![[r#"
        Excepted { reason: "vendor image, OPS-1", expires: "2027-01-31" }
    "#]]
    .assert_eq(&judge(("allow.plimsoll.dev/latest-tag", "2027-01-31 vendor image, OPS-1")));
}

#[test]
fn an_annotation_that_grants_nothing_is_a_finding() {
    for (annotation, expected) in [
        (
            ("allow.plimsoll.dev/latest-tag", "2027-01-30 vendor image"),
            expect![[r#"
            Open
            expired-exception /metadata/annotations/allow.plimsoll.dev~1latest-tag: the exception from `latest-tag` ended on 2027-01-30: findings count again
        "#]],
        ),
        (
            ("allow.plimsoll.dev/latest-tag", "vendor image"),
            expect![[r#"
            Open
            invalid-exception /metadata/annotations/allow.plimsoll.dev~1latest-tag: this grants no exception: `vendor` is not a day; write it like 2027-01-31
        "#]],
        ),
        (
            ("allow.plimsoll.dev/latest-tag", "2027-02-31 vendor image"),
            expect![[r#"
            Open
            invalid-exception /metadata/annotations/allow.plimsoll.dev~1latest-tag: this grants no exception: `2027-02-31` is not a day; write it like 2027-01-31
        "#]],
        ),
        (
            ("allow.plimsoll.dev/latest-tag", " 2027-01-31 "),
            expect![[r#"
            Open
            invalid-exception /metadata/annotations/allow.plimsoll.dev~1latest-tag: this grants no exception: it gives no reason
        "#]],
        ),
        (
            ("allow.plimsoll.dev/lates-tag", "2027-01-31 vendor image"),
            expect![[r#"
            Open
            invalid-exception /metadata/annotations/allow.plimsoll.dev~1lates-tag: this grants no exception: unknown rule `lates-tag`; did you mean `latest-tag`?
        "#]],
        ),
        (
            ("allow.plimsoll.dev/unused-exception", "2027-01-31 vendor image"),
            expect![[r#"
                Open
                invalid-exception /metadata/annotations/allow.plimsoll.dev~1unused-exception: this grants no exception: `unused-exception` cannot be excepted
            "#]],
        ),
        (
            ("allow.plimsoll.dev/series-tag", "2027-01-31 vendor image"),
            expect![[r#"
            Open
            unused-exception /metadata/annotations/allow.plimsoll.dev~1series-tag: the exception from `series-tag` is unused: there is no such finding
        "#]],
        ),
    ] {
        expected.assert_eq(&judge(annotation));
    }
}

#[test]
fn an_annotation_of_the_pod_template_is_misplaced() {
    let workload = workload(None, &[], &[("allow.plimsoll.dev/latest-tag", "2027-01-31 vendor image")]);
    let applied = exceptions(vec![], Annotations::Allowed).apply(&workload, [("latest-tag", None)], &HERE);
    assert_eq!(applied.statuses, [Status::Open]);
    expect![[r#"
        invalid-exception /spec/template/metadata/annotations/allow.plimsoll.dev~1latest-tag: this grants no exception: it stands on the pod template
    "#]].assert_eq(&list(&applied.findings));
}

#[test]
fn annotations_count_for_nothing_where_they_are_not_allowed() {
    let annotation = ("allow.plimsoll.dev/latest-tag", "2027-01-31 vendor image");
    let applied = exceptions(vec![], Annotations::Ignored).apply(
        &workload(None, &[annotation], &[]),
        [("latest-tag", None)],
        &HERE,
    );
    assert_eq!((applied.statuses, applied.findings), (vec![Status::Open], vec![]));
}

#[test]
fn a_day_is_written_in_one_way() {
    for text in ["2027-1-31", "20270131", "2027-01-31T00:00", "31.01.2027", "", "2027-02-29"] {
        assert!(parse_day(text).is_err(), "{text}");
    }
    assert_eq!(parse_day("2028-02-29"), Ok(date(2028, 2, 29)));
}
