//! UPDATE: only what the old object did not have, or had less gravely, may refuse.

use crate::failures;
use plimsoll_tests::{
    deployment,
    webhook::{Setup, Webhook, create, object, update},
};
use serde_json::{Value, json};

/// A Deployment with these containers, by name and image.
fn with<const N: usize>(containers: [(&str, &str); N]) -> Value {
    let mut deployment = object(&deployment("app:1.2.3"));
    let list = &mut deployment["spec"]["template"]["spec"]["containers"];
    let template = list[0].clone();
    let container = |(name, image): (&str, &str)| {
        let mut container = template.clone();
        container["name"] = name.into();
        container["image"] = image.into();
        container
    };
    *list = containers.map(container).to_vec().into();
    deployment
}

fn refusing_fields(response: &Value) -> Vec<&str> {
    let causes = response["status"]["details"]["causes"].as_array();
    causes.into_iter().flatten().filter_map(|cause| cause["field"].as_str()).collect()
}

#[tokio::test]
async fn only_new_findings_refuse() {
    let webhook = Webhook::with("").await;
    let bad = with([("a", "a:latest")]);
    let image = |index: usize| format!("spec.template.spec.containers[{index}].image");
    for (claim, old, new, refused) in [
        ("what was so before stays allowed", bad.clone(), with([("a", "b:latest")]), vec![]),
        ("what gets worse is refused", with([("a", "a:1.2.3")]), bad.clone(), vec![image(0)]),
        ("an added container is new", bad.clone(), with([("b", "b:latest"), ("a", "a:latest")]), vec![image(0)]),
        ("a renamed container is new", bad.clone(), with([("b", "a:latest")]), vec![image(0)]),
        (
            "an order says nothing",
            with([("a", "a:latest"), ("b", "b:1.2.3")]),
            with([("b", "b:1.2.4"), ("a", "a:latest")]),
            vec![],
        ),
        (
            "a name that moved takes nothing with it",
            with([("a", "a:latest"), ("b", "b:1.2.3")]),
            with([("b", "b:latest"), ("a", "a:1.2.3")]),
            vec![image(0)],
        ),
        ("what is mended is allowed", bad.clone(), with([("a", "a:1.2.3")]), vec![]),
    ] {
        let response = webhook.review(&update(&old, &new)).await;
        assert_eq!(refusing_fields(&response), refused, "{claim}: {response:#}");
        assert_eq!(response["allowed"], refused.is_empty(), "{claim}");
    }
}

#[tokio::test]
async fn what_was_so_before_is_a_warning_that_says_so() {
    let webhook = Webhook::with("").await;
    let mut new = with([("a", "a:latest")]);
    let old = new.clone();
    new["spec"]["replicas"] = 3.into();
    let response = webhook.review(&update(&old, &new)).await;
    let warning = response["warnings"][0].as_str().expect("a warning");
    let start = "latest-tag: spec.template.spec.containers[0].image (not refused, because it was so before): ";
    assert!(warning.starts_with(start), "{warning}");
    assert_eq!(response["auditAnnotations"]["warned-by"], "latest-tag");
}

#[tokio::test]
async fn what_an_exception_let_off_before_is_not_new_when_it_has_ended() {
    let config = "exceptions: [{ rule: latest-tag, match: { name: app }, reason: r, expires: 2020-01-01 }]";
    let webhook = Webhook::with(config).await;
    let response = webhook.review(&update(&with([("a", "a:latest")]), &with([("a", "b:latest")]))).await;
    assert_eq!(response["allowed"], true, "{response:#}");
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_not_refused_for_what_was_so_before() {
    let webhook = Webhook::start(Setup { flags: &["--on-failure", "deny"], ..Setup::default() }).await;
    let mut bad = with([("a", "a:1.2.3")]);
    bad["spec"]["template"]["spec"]["containers"] = json!("none");
    let mut new = bad.clone();
    new["spec"]["replicas"] = 2.into();
    let response = webhook.review(&update(&bad, &new)).await;
    assert_eq!(response["allowed"], true, "{response:#}");
    let response = webhook.review(&update(&with([("a", "a:1.2.3")]), &bad)).await;
    assert_eq!(response["allowed"], false, "{response:#}");
}

/// A Deployment that is fit to run, with these fields of its pods and of its container.
fn deployment_with(pod: &Value, container: &Value) -> Value {
    let mut deployment = with([("a", "a:1.2.3")]);
    let spec = &mut deployment["spec"]["template"]["spec"];
    merge(&mut spec["containers"][0], container);
    merge(spec, pod);
    deployment
}

fn merge(to: &mut Value, from: &Value) {
    for (field, value) in from.as_object().into_iter().flatten() {
        to[field] = value.clone();
    }
}

fn annotated(mut deployment: Value, annotations: Value) -> Value {
    deployment["spec"]["template"]["metadata"]["annotations"] = annotations;
    deployment
}

#[tokio::test]
async fn what_became_graver_is_new() {
    let webhook = Webhook::with("").await;
    let runs = |script: &str| deployment_with(&json!({}), &json!({ "command": ["sh", "-c", script] }));
    let grace = |seconds: u64| {
        let grace = deployment_with(&json!({ "terminationGracePeriodSeconds": seconds }), &json!({}));
        annotated(grace, json!({ "plimsoll.dev/shutdown-timeout": "40s" }))
    };
    let needs = |timeout: &str| {
        let grace = deployment_with(&json!({ "terminationGracePeriodSeconds": 30 }), &json!({}));
        annotated(grace, json!({ "plimsoll.dev/shutdown-timeout": timeout }))
    };
    let liveness = json!({ "httpGet": { "port": 8080, "path": "/live" }, "periodSeconds": 10, "failureThreshold": 3 });
    let probed = deployment_with(&json!({}), &json!({ "livenessProbe": liveness, "startupProbe": null }));
    let budgeted = annotated(probed.clone(), json!({ "plimsoll.dev/startup-budget": "300s" }));
    for (claim, old, new, refused_by) in [
        ("a warning that became a denial", runs("./app"), runs("./app | tee /log"), Some("shell-swallows-signals")),
        ("a denial that was one", runs("./app | tee /log"), runs("./app2 | tee /log"), None),
        ("a shorter grace period", grace(30), grace(1), Some("grace-too-short")),
        ("a longer one that is still too short", grace(1), grace(30), None),
        ("more to do in the same one", needs("30s"), needs("60s"), Some("grace-too-short")),
        ("less to do in the same one", needs("60s"), needs("30s"), None),
        ("a probe that has to last longer now", probed, budgeted, Some("missing-startup-probe")),
    ] {
        let mut new = new;
        new["spec"]["replicas"] = 5.into();
        let response = webhook.review(&update(&old, &new)).await;
        let found = response["auditAnnotations"]["refused-by"].as_str();
        assert_eq!(found, refused_by, "{claim}: {response:#}");
        assert_eq!(response["allowed"], refused_by.is_none(), "{claim}");
    }
}

#[tokio::test]
async fn the_graver_case_of_a_rule_is_new_where_both_are_denied() {
    let webhook = Webhook::with("profile: strict").await;
    let runs = |script: &str| {
        let mut deployment = deployment_with(&json!({}), &json!({ "command": ["sh", "-c", script] }));
        deployment["spec"]["replicas"] = script.len().into();
        deployment
    };
    let refuses = async |old: &str, new: &str| {
        let response = webhook.review(&update(&runs(old), &runs(new))).await;
        response["auditAnnotations"]["refused-by"].as_str().is_some_and(|by| by.contains("shell-swallows-signals"))
    };
    assert!(refuses("./app", "./app | tee /log").await);
    assert!(!refuses("./app | tee /log", "./app").await);
}

#[tokio::test]
async fn a_warning_before_forgives_no_denial_by_configuration() {
    let config = "\
policies: { image-pull: { rules: { latest-tag: warn } } }
";
    let webhook = Webhook::with(config).await;
    let response = webhook.review(&update(&with([("a", "a:latest")]), &with([("a", "b:latest")]))).await;
    assert_eq!(response["allowed"], true, "a warning refuses nothing: {response:#}");
}

#[tokio::test]
async fn an_exception_that_was_taken_away_forgives_nothing() {
    let webhook = Webhook::with("allow-annotations: true").await;
    let mut excepted = with([("a", "a:latest")]);
    excepted["metadata"]["annotations"] =
        json!({ "allow.plimsoll.dev/latest-tag": "2099-01-01 the vendor tags nothing" });
    assert_eq!(webhook.review(&create(&excepted)).await["allowed"], true);
    let response = webhook.review(&update(&excepted, &with([("a", "b:latest")]))).await;
    assert_eq!(response["allowed"], false, "{response:#}");
}

#[tokio::test]
async fn an_old_object_that_was_not_judged_forgives_what_it_has_in_the_same_places_alone() {
    let webhook = Webhook::with("").await;
    let owned = |mut deployment: Value, kind: &str| {
        deployment["kind"] = kind.into();
        if kind == "ReplicaSet" {
            deployment["metadata"]["ownerReferences"] =
                json!([{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "uid": "1", "controller": true }]);
        }
        deployment
    };
    let released = |mut replica_set: Value| {
        replica_set["metadata"].as_object_mut().expect("metadata").remove("ownerReferences");
        replica_set["spec"]["replicas"] = 7.into();
        replica_set
    };
    let old = owned(with([("a", "a:latest"), ("b", "b:1.2.3")]), "ReplicaSet");
    for (claim, new, refused) in [
        ("nothing of it has changed", with([("a", "a:latest"), ("b", "b:1.2.3")]), vec![]),
        ("another image", with([("a", "c:latest"), ("b", "b:1.2.3")]), vec!["spec.template.spec.containers[0].image"]),
        ("one more", with([("a", "a:latest"), ("b", "b:latest")]), vec!["spec.template.spec.containers[1].image"]),
    ] {
        let response = webhook.review(&update(&old, &released(owned(new, "ReplicaSet")))).await;
        assert_eq!(refusing_fields(&response), refused, "{claim}: {response:#}");
    }
}

#[tokio::test]
async fn a_policy_that_failed_on_the_old_object_forgives_what_that_has_alone() {
    let Some(config) = failures::config("trap-on-request", "    rules: { bad-behaviour: deny }\n") else { return };
    let webhook = Webhook::with(&config).await;
    let trapping = |image: &str| {
        let mut deployment = with([("a", image)]);
        deployment["metadata"]["annotations"] = json!({ "example.com/trap": "" });
        deployment
    };
    let judged = |image: &str| {
        let mut deployment = with([("a", image)]);
        deployment["spec"]["replicas"] = 3.into();
        deployment
    };
    assert_eq!(webhook.review(&create(&judged("a:1.2.3"))).await["allowed"], false);
    assert_eq!(webhook.review(&create(&trapping("a:1.2.3"))).await["allowed"], true);
    assert_eq!(webhook.review(&update(&trapping("a:1.2.3"), &judged("a:1.2.3"))).await["allowed"], true);
    let response = webhook.review(&update(&trapping("a:1.2.3"), &judged("a:1.2.4"))).await;
    assert_eq!(response["auditAnnotations"]["refused-by"], "bad-behaviour", "{response:#}");
}

#[tokio::test]
async fn a_field_that_could_not_be_read_before_makes_no_old_finding_new() {
    let webhook = Webhook::with("").await;
    let limited = |cpu: &str, image: &str| {
        let mut deployment = with([("a", image)]);
        deployment["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({ "limits": { "cpu": cpu } });
        deployment
    };
    let response = webhook.review(&update(&limited("1E", "a:latest"), &limited("1", "a:latest"))).await;
    assert_eq!(response["allowed"], true, "{response:#}");
    let response = webhook.review(&update(&limited("1E", "a:1.2.3"), &limited("1", "a:latest"))).await;
    assert_eq!(response["allowed"], false, "{response:#}");
}
