//! Rules about a set: what counts as one, and how findings name the places in other objects.

use expect_test::expect;
use plimsoll_tests::{folder, plimsoll, scan, scan_text};

fn deployment(name: &str, labels: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: {name} }}
spec:
  selector: {{ matchLabels: {labels} }}
  template:
    metadata: {{ labels: {labels}, annotations: {{ plimsoll.dev/shutdown-timeout: 20s }} }}
    spec:
      containers:
        - name: app
          image: app:1.2.3
          readinessProbe: {{ httpGet: {{ path: /readyz, port: 8080 }} }}
          lifecycle: {{ preStop: {{ sleep: {{ seconds: 2 }} }} }}
"
    )
}

fn service(name: &str, selector: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: {name} }}\nspec:\n  selector: {selector}\n  ports: [{{ port: 80 }}]\n"
    )
}

const BUDGET: &str = "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: shop }
spec:
  minAvailable: 1
  selector: { matchLabels: { app: shop } }
";

#[test]
fn a_finding_names_its_object_and_the_places_in_others() {
    let stream = format!("{}---\n{BUDGET}", deployment("shop", "{ app: shop }"));
    let outcome = plimsoll(folder([]).path(), &["scan", "-"], &stream);
    let text = outcome.stdout.split("\n\n").next().unwrap_or_default();
    expect![[r#"
        deny[pdb-blocks-drain]: minAvailable 1 of 1: no pod may be evicted, so no node that has one can be drained
          --> <stdin>:19:17
           |
        19 |   minAvailable: 1
           |                 ^
           |
           = object: PodDisruptionBudget shop
           = see: <stdin>:4:1: pods of Deployment `shop`
           = help: maxUnavailable: 1 instead of minAvailable; or more replicas"#]]
    .assert_eq(text);
}

#[test]
fn the_files_of_a_folder_are_one_set_and_only_warn() {
    let here = folder([
        ("shop.yaml", &*deployment("shop", "{ app: shop }")),
        ("budget.yaml", BUDGET),
        ("service.yaml", &*service("shop", "{ app: shopp }")),
        ("below/other.yaml", &*service("other", "{ app: other }")),
    ]);
    let outcome = scan(here.path(), &["."]);
    assert_eq!(
        outcome.grave(),
        ["budget.yaml:5:17 warn pdb-blocks-drain", "service.yaml:5:3 warn service-selects-nothing"]
    );
    assert_eq!(outcome.report()["findings"][0]["related"][0]["file"], "shop.yaml");
    assert_eq!(outcome.code, 0);
    let one = scan_text(&[], &format!("{}---\n{BUDGET}", deployment("shop", "{ app: shop }")));
    assert_eq!((one.code, one.grave()), (1, vec!["<stdin>:19:17 deny pdb-blocks-drain".to_owned()]));
}

#[test]
fn variants_in_a_folder_are_no_set() {
    let here = folder([
        ("a.yaml", &*deployment("shop", "{ app: shop }")),
        ("b.yaml", &*deployment("shop", "{ app: shop }")),
        ("c.yaml", &*deployment("till", "{ app: shop }")),
        ("service.yaml", &*service("other", "{ app: other }")),
    ]);
    assert_eq!(scan(here.path(), &["."]).grave(), Vec::<String>::new());
    let without_variant = scan(here.path(), &["a.yaml", "c.yaml"]);
    assert_eq!(without_variant.grave(), ["c.yaml:5:15 warn overlapping-selectors"]);
}

#[test]
fn objects_of_two_namespaces_are_two_sets() {
    let shop = deployment("shop", "{ app: shop }");
    let elsewhere = deployment("till", "{ app: shop }").replace("name: till", "name: till, namespace: tills");
    let outcome = scan_text(&[], &format!("{shop}---\n{elsewhere}"));
    assert_eq!(outcome.grave(), Vec::<String>::new());
}

#[test]
fn what_may_stand_elsewhere_is_not_missing() {
    let (shop, other) = (deployment("shop", "{ app: shop }"), service("other", "{ app: other }"));
    let files = |kustomization: &str| {
        let here = folder([("shop.yaml", &*shop), ("other.yaml", &*other), ("kustomization.yaml", kustomization)]);
        scan(here.path(), &["."]).grave()
    };
    let found = ["other.yaml:5:3 warn service-selects-nothing"];
    assert_eq!(files("resources: [shop.yaml, other.yaml]\n"), found);
    assert_eq!(files("resources: [shop.yaml, other.yaml, ../base]\n"), Vec::<String>::new());
    assert_eq!(files("resources: [shop.yaml]\ncomponents: [../more]\n"), Vec::<String>::new());

    let broken = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: [\n";
    let outcome = scan_text(&[], &format!("{shop}---\n{other}{broken}"));
    assert_eq!((outcome.code, outcome.grave()), (2, vec![]));
    let operator = "---\napiVersion: monitoring.coreos.com/v1\nkind: Alertmanager\nmetadata: {name: main}\n";
    assert_eq!(scan_text(&[], &format!("{shop}---\n{other}{operator}")).grave(), Vec::<String>::new());
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: main}\n";
    assert_eq!(scan_text(&[], &format!("{shop}---\n{other}{map}")).grave().len(), 1);
}

#[test]
fn an_exception_holds_for_a_rule_about_a_set() {
    let config =
        "exceptions:\n- { rule: pdb-blocks-drain, match: { name: shop }, reason: one node, expires: 9999-12-31 }\n";
    let stream = format!("{}---\n{BUDGET}", deployment("shop", "{ app: shop }"));
    let here = folder([("all.yaml", &*stream), ("plimsoll.yaml", config)]);
    let outcome = scan(here.path(), &["all.yaml"]);
    assert_eq!((outcome.code, outcome.grave()), (0, vec!["all.yaml:19:17 excepted pdb-blocks-drain".to_owned()]));
}

#[test]
fn objects_in_a_list_are_a_set_too() {
    let items: String = [deployment("shop", "{ app: shop }"), BUDGET.to_owned()]
        .iter()
        .map(|object| format!("- {}\n", object.trim_end().replace('\n', "\n  ")))
        .collect();
    let outcome = scan_text(&[], &format!("apiVersion: v1\nkind: List\nitems:\n{items}"));
    assert_eq!(outcome.grave(), ["<stdin>:21:19 deny pdb-blocks-drain"]);
}

#[test]
fn a_large_set_is_judged_within_its_limits() {
    let all: Vec<String> = (0..2000)
        .map(|number| {
            let labels = format!("{{ app: a{number}, release: shop }}");
            let plain = deployment(&format!("a{number}"), &labels).replace("          lifecycle", "          #");
            format!("{plain}---\n{}", service(&format!("a{number}"), &labels))
        })
        .collect();
    let outcome = scan_text(&[], &all.join("---\n"));
    assert_eq!((outcome.code, outcome.problems()), (0, vec![]));
    assert_eq!(outcome.grave().len(), 2000);
}
