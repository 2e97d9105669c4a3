//! What people see who create something that is not fit, or nearly so.

use crate::support::{Namespace, block_on, eventually, shared};
use expect_test::expect;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, Client, api::PostParams};
use plimsoll_tests::deployment;

/// Without a readiness probe, and with an image that moves.
const UNFIT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: 3
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop }, annotations: { plimsoll.dev/shutdown-timeout: 20s } }
    spec:
      containers:
        - { name: shop, image: registry.example/shop:main }
";

#[test]
fn a_denied_deployment_comes_with_all_that_it_takes_to_mend_it() {
    let _shared = shared();
    let here = Namespace::new("denied");
    expect![[r#"
        Error from server (Forbidden): error when creating "STDIN": admission webhook "validate.plimsoll.dev" denied the request: Deployment NAMESPACE/shop is not fit to run:
        - moving-tag-cached: the tag `main` moves, and imagePullPolicy is IfNotPresent: a node that has an older image under this tag keeps it, while other nodes pull the new one
            at spec.template.spec.containers[0].image (container shop)
            help: give each build a tag of its own, or pin it: `registry.example/shop:main@sha256:…` (`crane digest registry.example/shop:main` prints it)
            more: plimsoll explain moving-tag-cached
        - missing-readiness-probe: no container of the pod has a readiness probe: it counts as ready as soon as it runs, so a broken version replaces a good one
            at spec.template.spec.containers[0].readinessProbe (container shop)
            help: add `readinessProbe: { httpGet: { path: /readyz, port: 8080 } }`
            more: plimsoll explain missing-readiness-probe
    "#]].assert_eq(&here.create(UNFIT).refused());
    here.kubectl("get deployment shop").refused();
}

#[test]
fn what_deserves_a_warning_is_created_with_it() {
    let _shared = shared();
    let here = Namespace::new("warned");
    expect![[r#"
        deployment.apps/app created
        Warning: series-tag: spec.template.spec.containers[0].image: the tag `1.2` names a series: the next patch release moves it, and nodes then differ
    "#]].assert_eq(&here.create(&deployment("app:1.2")).ok());
    here.kubectl("get deployment app").ok();
}

#[test]
fn a_dry_run_is_judged_like_the_real_thing() {
    let _shared = shared();
    let here = Namespace::new("dry-run");
    for (image, outcome) in
        [("app:latest", "is not fit to run"), ("app:1.2", "Warning: series-tag"), ("app:1.2.3", "created")]
    {
        let seen = here.kubectl_with("create --dry-run=server -f -", &deployment(image));
        assert!(seen.text.contains(outcome), "{image}: {seen}");
        assert_eq!(seen.succeeded, image != "app:latest", "{seen}");
    }
    assert_eq!(here.kubectl("get deployments -o name").ok(), "");
}

#[test]
fn server_side_apply_is_judged_when_it_creates_and_when_it_changes() {
    let _shared = shared();
    let here = Namespace::new("server-side-apply");
    let apply = |image: &str| here.kubectl_with("apply --server-side -f -", &deployment(image));
    assert!(apply("app:latest").refused().contains("latest-tag"));
    apply("app:1.2.3").ok();
    assert!(apply("app:latest").refused().contains("latest-tag"));
    assert_eq!(here.kubectl("get deployment app -o jsonpath={..containers[0].image}").ok(), "app:1.2.3");
}

#[test]
fn programs_get_the_causes_one_by_one() {
    let _shared = shared();
    let here = Namespace::new("causes");
    let error = block_on(async {
        let deployments: Api<Deployment> = Api::namespaced(Client::try_default().await?, here.name());
        deployments.create(&PostParams::default(), &serde_yaml::from_str(UNFIT).expect("a Deployment")).await
    });
    let Err(kube::Error::Api(status)) = error else { panic!("{error:?}") };
    let causes = status.details.expect("details").causes;
    let causes: Vec<String> = causes.iter().map(|cause| format!("{} at {}", cause.reason, cause.field)).collect();
    expect![[r#"
        moving-tag-cached at spec.template.spec.containers[0].image
        missing-readiness-probe at spec.template.spec.containers[0].readinessProbe"#]]
    .assert_eq(&causes.join("\n"));
}

#[test]
fn the_audit_log_says_which_rules_refused_and_which_policies_judged() {
    let _shared = shared();
    let here = Namespace::new("audited");
    here.create(UNFIT).refused();
    let annotations = eventually("an entry in the audit log", || audit_annotations(here.name()));
    assert_eq!(annotations["validate.plimsoll.dev/refused-by"], "missing-readiness-probe,moving-tag-cached");
    let policies = annotations["validate.plimsoll.dev/policies"].as_str().unwrap_or_default();
    assert!(policies.starts_with("sha256:"), "{annotations}");
}

/// Those of the entry about a Deployment in a namespace.
fn audit_annotations(namespace: &str) -> Result<serde_json::Value, String> {
    let log = std::fs::read_to_string("/run/cluster/audit.log").map_err(|error| error.to_string())?;
    // The last line may be half written.
    let entries = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut about = entries.filter(|entry| {
        entry["objectRef"]["resource"] == "deployments" && entry["objectRef"]["namespace"] == namespace
    });
    about.next().map(|entry| entry["annotations"].clone()).ok_or_else(|| format!("nothing about {namespace}"))
}
