//! A module that was built with the first version of the interface, and committed: it must be loaded, and judge as it
//! did, for as long as `plimsoll:policy@0.1.0` is served. It is `docs/examples/policy-acme-labels`, and is never built
//! again; what the view has gained since is skipped by it.

use expect_test::expect;
use plimsoll_tests::{folder, plimsoll, root};

const SHOP: &str = "\
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop }, ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { acme.example/team: team-web } }
spec:
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop, acme.example/team: team-web } }
    spec:
      priorityClassName: acme-web
      containers: [{ name: web, image: 'registry.acme.example/web:1.4.2' }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: pay, labels: { acme.example/team: jane } }
spec:
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop, acme.example/team: jane } }
    spec:
      priorityClassName: acme-web
      containers: [{ name: pay, image: 'registry.acme.example/pay:1.4.2' }]
";

#[test]
fn the_first_module_still_judges_objects_and_sets() {
    let module = root().join("tests/cases/modules/acme-labels-0.1.0.wasm");
    let config = format!("policies: {{ acme-labels: {{ module: {} }} }}\n", module.display());
    let here = folder([("plimsoll.yaml", config.as_str())]);
    let off = ["missing-readiness-probe=off", "no-drain-delay=off", "overlapping-selectors=off"];
    let off = off.iter().flat_map(|rule| ["--rule", rule]);
    let args: Vec<&str> = ["scan", "-q", "-"].into_iter().chain(off).collect();
    let outcome = plimsoll(here.path(), &args, SHOP);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    expect![[r#"
        warn[acme-service-of-two-teams]: the Service selects pods of 2 teams
         --> <stdin>:4:9
          |
        4 | spec: { selector: { app: shop }, ports: [{ port: 80 }] }
          |         ^^^^^^^^
          |
          = object: Service shop
          = see: <stdin>:12:57: pods of `team-web`
          = see: <stdin>:23:57: pods of `jane`
          = help: add a label to the selector that only the pods of one team have

        deny[missing-acme-label]: the label `acme.example/team` is `jane`, which does not start with `team-`
          --> <stdin>:19:53
           |
        19 | …tadata: { name: pay, labels: { acme.example/team: jane } }
           |                                                    ^^^^
           |
           = object: Deployment pay
           = help: write `acme.example/team: team-…` below `metadata.labels`

    "#]]
    .assert_eq(&outcome.stdout);
}
