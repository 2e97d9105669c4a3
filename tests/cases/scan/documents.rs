//! What is in a file: documents, lists, and the place of each finding.

use super::{CLEAN, DENIED};
use plimsoll_tests::{deployment, folder, scan, scan_text};

/// A Pod with that container; the container is on line 5.
fn pod(container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: p }}\nspec: {{ restartPolicy: Never, containers: [\n{container}\n] }}\n"
    )
}

/// Where the image of a pod is denied.
fn latest_tag(text: &str) -> Vec<String> {
    let outcome = scan_text(&[], text);
    assert_eq!(outcome.code, 1, "{text}\n{outcome:?}");
    outcome.grave().into_iter().filter(|finding| finding.ends_with(" latest-tag")).collect()
}

#[test]
fn a_bad_document_hides_no_neighbour() {
    let good = deployment(DENIED);
    for (bad, problem) in [
        ("kind: Pod\n  x: [\n", "not valid YAML: mapping values are not allowed in this context"),
        ("apiVersion: v1\nkind: Pod\nkind: Pod\nmetadata: {}\n", "duplicate key `kind`: it is on line 16 already"),
        ("apiVersion: v1\nkind: Pod\nspec: *nobody\n", "unknown anchor"),
    ] {
        let outcome = scan_text(&[], &format!("{good}---\n{bad}---\n{good}"));
        assert_eq!(outcome.code, 2);
        assert_eq!(
            outcome.grave(),
            ["<stdin>:12:18 deny latest-tag", &format!("<stdin>:{}:18 deny latest-tag", 27 + bad.lines().count())]
        );
        let problems = outcome.problems();
        assert!(problems.len() == 1 && problems[0].contains(problem), "{problems:?}");
        assert_eq!(outcome.report()["problems"][0]["document"], 1);
    }
}

#[test]
fn a_bad_file_hides_no_neighbour() {
    let (denied, wrong) =
        (deployment(DENIED), deployment(CLEAN).replace("spec:\n  sel", "spec:\n  replicas: '2'\n  sel"));
    let here = folder([("a.yaml", &denied), ("b.yaml", &wrong), ("d.yaml", &denied)]);
    std::fs::write(here.path().join("c.yaml"), b"kind: Pod # \xff\n").expect("a file");
    let outcome = scan(here.path(), &["."]);
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.grave(), ["a.yaml:12:18 deny latest-tag", "d.yaml:12:18 deny latest-tag"]);
    let problems = outcome.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("b.yaml:6:13 ") && problems[0].contains("replicas"), "{problems:?}");
    assert!(problems[1].starts_with("c.yaml:1:13 ") && problems[1].contains("UTF-8"), "{problems:?}");
}

#[test]
fn a_wrong_item_of_a_list_hides_no_neighbour() {
    let list = "\
apiVersion: v1
kind: List
items:
- { apiVersion: v1, kind: ConfigMap, metadata: { name: c } }
- apiVersion: v1
  kind: Pod
  metadata: { name: wrong }
  spec: { restartPolicy: Never, terminationGracePeriodSeconds: '60', containers: [{ name: a, image: nginx }] }
- apiVersion: v1
  kind: Pod
  metadata: { name: right }
  spec: { restartPolicy: Never, containers: [{ name: a, image: nginx }] }
";
    let outcome = scan_text(&[], list);
    assert_eq!(outcome.code, 2);
    let report = outcome.report();
    let denied = &report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .find(|f| f["rule"] == "latest-tag" && f["object"]["name"] == "right")
        .expect("one")
        .clone();
    assert_eq!((&denied["item"], &denied["line"], &denied["column"]), (&2.into(), &12.into(), &64.into()));
    assert_eq!((&denied["pointer"], &denied["object"]["name"]), (&"/spec/containers/0/image".into(), &"right".into()));
    assert!(outcome.problems()[0].starts_with("<stdin>:8:64 "), "{:?}", outcome.problems());
}

#[test]
fn documents_are_counted_from_0_with_the_empty_ones() {
    let denied = deployment(DENIED);
    let outcome = scan_text(&[], &format!("---\n# nothing\n---\n---\n{denied}...\n---\n{denied}"));
    let report = outcome.report();
    let findings = report["findings"].as_array().expect("findings").iter();
    let documents: Vec<_> = findings.filter(|f| f["rule"] == "latest-tag").map(|f| f["document"].as_u64()).collect();
    assert_eq!(documents, [Some(2), Some(3)]);
    assert_eq!(report["summary"]["documents"], 2, "empty ones are not");
}

#[test]
fn a_finding_is_where_its_text_is() {
    for (what, text, expected) in [
        ("flow", pod("  { name: a, image: nginx }"), "5:21"),
        ("quoted", pod("  { name: a, image: \"nginx\" }"), "5:21"),
        ("after an umlaut", pod("  { name: a, env: [{ name: Ü, value: '日本' }], image: nginx }"), "5:54"),
        ("windows", pod("  { name: a, image: nginx }").replace('\n', "\r\n"), "5:21"),
        ("byte order mark", format!("\u{feff}{}", pod("  { name: a, image: nginx }")), "5:21"),
        ("later byte order mark", format!("a: 1\n---\n\u{feff}{}", pod("  { name: a, image: nginx }")), "7:21"),
        ("underscores beside octals", pod("  { name: a, image: nginx, env: [{ name: A_B, value: a_1\\'b\" }], ports: [{ containerPort: 0400 }] }"), "5:21"),
        ("tabs in JSON", "{ \"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": { \"name\": \"p\" },\n\t\"spec\": { \"restartPolicy\": \"Never\", \"containers\": [\n\t\t{ \"name\": \"a\",\n\t\t\"image\": \"nginx\" }] } }".to_owned(), "4:12"),
        ("alias", format!("x: &image nginx\n{}", pod("  { name: a, image: *image }")), "1:11"),
        ("merge key", format!("x: &base\n  image: nginx\n{}", pod("  { <<: *base, name: a }")), "2:10"),
        ("overridden merge key", format!("x: &base\n  image: nginx:1.2.3\n{}", pod("  { <<: *base, name: a, image: nginx }")), "7:32"),
        ("after a document", format!("a: 1\n--- # second\n{}", pod("  { name: a, image: nginx }")), "7:21"),
        ("block scalar before it", pod("  { name: a, image: nginx }").replace("kind: Pod", "x: |\n  kind: no\n  ---\nkind: Pod"), "8:21"),
    ] {
        assert_eq!(latest_tag(&text), [format!("<stdin>:{expected} deny latest-tag")], "{what}");
    }
}

#[test]
fn a_custom_resource_definition_with_a_broken_tail_is_only_parsed_when_asked_for() {
    let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c }}\ndata: [\n---\n{}", deployment(CLEAN));
    assert_eq!(scan_text(&[], &text).code, 0);
    let strict = scan_text(&["--strict-yaml"], &text);
    assert_eq!((strict.code, strict.problems().len()), (2, 1), "{strict:?}");
}

#[test]
fn a_finding_in_one_of_several_pod_templates_is_in_the_object() {
    let template = "{ spec: { containers: [{ name: ray, image: 'ray:2.9.0' }] } }";
    let text = format!(
        "apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {{ name: r }}\nspec:\n  headGroupSpec:\n    template: \
         {template}\n  workerGroupSpecs:\n  - template: {template}\n  - template: {}\n",
        template.replace(":2.9.0", "")
    );
    let outcome = scan_text(&[], &text);
    assert_eq!(outcome.grave(), ["<stdin>:9:58 deny latest-tag"], "{outcome:?}");
    let report = outcome.report();
    let finding = &report["findings"].as_array().expect("findings").iter().find(|f| f["rule"] == "latest-tag");
    let pointer = finding.map(|finding| finding["pointer"].as_str().expect("a pointer").to_owned());
    assert_eq!(pointer.as_deref(), Some("/spec/workerGroupSpecs/1/template/spec/containers/0/image"));
    assert_eq!(report["summary"]["workloads"], 1);
}

#[test]
fn a_custom_kind_that_is_not_known_is_counted_with_the_line_that_teaches_it() {
    let text = "apiVersion: example.com/v1\nkind: Crew\nmetadata: { name: c }\nspec:\n  groups:\n  - template: { spec: { \
                containers: [{ name: a, image: a }] } }\n";
    let here = folder([("crew.yaml", text), ("app.yaml", &deployment(CLEAN))]);
    let report = scan(here.path(), &["."]).report();
    assert_eq!(report["summary"]["skipped"]["custom kind with a pod template: example.com/Crew"], 1);
    let line = "workloads: [{ group: example.com, kind: Crew, podTemplate: /spec/groups/*/template }]";
    assert_eq!(report["summary"]["advice"], serde_json::json!([line]));
    std::fs::write(here.path().join("plimsoll.yaml"), format!("{line}\n")).expect("a file");
    assert_eq!(
        scan(here.path(), &["."]).grave(),
        ["crew.yaml:6:38 deny missing-readiness-probe", "crew.yaml:6:56 deny latest-tag"]
    );
}

#[test]
fn a_deployment_without_a_selector_is_an_error() {
    let text = deployment(DENIED).replace("  selector: ", "  other: ");
    let outcome = scan_text(&[], &text);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert!(outcome.problems()[0].contains("the API server refuses a Deployment without it"), "{outcome:?}");
}
