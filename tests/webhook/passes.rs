//! What is allowed without a look, and what only seems to be such.

use plimsoll_tests::{
    deployment,
    webhook::{Webhook, create, delete, object, update},
};
use serde_json::{Value, json};

fn bad() -> Value {
    object(&deployment("app:latest"))
}

fn changed(object: &Value, pointer: &str, value: Value) -> Value {
    let mut object = object.clone();
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    object.pointer_mut(parent).expect("a parent")[field] = value;
    object
}

fn in_request(mut review: Value, field: &str, value: Value) -> Value {
    review["request"][field] = value;
    review
}

/// A ReplicaSet, Job or Pod with an image without a tag, owned by such a controller.
fn owned(kind: (&str, &str), owner: (&str, &str)) -> Value {
    let mut object = object(&deployment("app:latest"));
    if kind.1 == "Pod" {
        object["spec"] = object["spec"]["template"]["spec"].take();
    }
    object["apiVersion"] = kind.0.into();
    object["kind"] = kind.1.into();
    let owner = json!({ "apiVersion": owner.0, "kind": owner.1, "name": "app", "uid": "1", "controller": true });
    changed(&object, "/metadata/ownerReferences", json!([owner]))
}

#[tokio::test]
async fn whatever_takes_away_or_touches_no_pod_is_allowed_without_a_look() {
    let webhook = Webhook::with("").await;
    let good = object(&deployment("app:1.2.3"));
    let finalizers = changed(&bad(), "/metadata/finalizers", json!(["example.com/hold"]));
    let deleting = changed(&finalizers, "/metadata/deletionTimestamp", json!("2026-11-22T20:00:00Z"));
    for (claim, review) in [
        ("a DELETE", delete(&bad())),
        ("an object that is being deleted", update(&deleting, &changed(&deleting, "/spec/replicas", json!(0)))),
        ("the removal of a finalizer", update(&deleting, &changed(&deleting, "/metadata/finalizers", json!([])))),
        ("a change of metadata alone", update(&bad(), &changed(&bad(), "/metadata/labels", json!({ "a": "b" })))),
        ("a change of status alone", update(&bad(), &changed(&bad(), "/status", json!({ "replicas": 1 })))),
        ("a subresource", in_request(update(&good, &bad()), "subResource", json!("status"))),
        ("another kind", create(&json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "app" } }))),
        (
            "a scale",
            in_request(
                create(&json!({ "apiVersion": "autoscaling/v1", "kind": "Scale" })),
                "subResource",
                json!("scale"),
            ),
        ),
        (
            "a CONNECT",
            in_request(create(&json!({ "apiVersion": "v1", "kind": "PodExecOptions" })), "operation", json!("CONNECT")),
        ),
    ] {
        let response = webhook.review(&review).await;
        let answered = json!({ "uid": review["request"]["uid"], "allowed": true });
        assert_eq!(response, answered, "{claim}");
    }
    let skipped = r#"plimsoll_requests_total{kind="Deployment",operation="UPDATE",outcome="skipped"}"#;
    assert_eq!(webhook.metric(skipped).await, Some(5.0));
}

#[tokio::test]
async fn what_a_judged_owner_makes_is_allowed_and_what_another_makes_is_judged() {
    let webhook = Webhook::with("").await;
    for (kind, owner, allowed) in [
        (("apps/v1", "ReplicaSet"), ("apps/v1", "Deployment"), true),
        (("v1", "Pod"), ("apps/v1", "ReplicaSet"), true),
        (("apps/v1", "ReplicaSet"), ("argoproj.io/v1alpha1", "Rollout"), true),
        (("apps/v1", "Deployment"), ("apps/v1", "Deployment"), false),
        (("apps/v1", "Deployment"), ("v1", "Pod"), false),
        (("apps/v1", "Deployment"), ("batch/v1", "CronJob"), false),
        (("apps/v1", "Deployment"), ("batch/v1", "Job"), false),
        (("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), false),
        (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), false),
        (("apps/v1", "Deployment"), ("argoproj.io/v1alpha1", "Rollout"), false),
        (("v1", "Pod"), ("apps/v1", "Deployment"), false),
        (("v1", "Pod"), ("batch/v1", "CronJob"), false),
        (("v1", "Pod"), ("example.com/v1", "Runner"), false),
        (("apps/v1", "ReplicaSet"), ("example.com/v1", "Deployment"), false),
    ] {
        let response = webhook.review(&create(&owned(kind, owner))).await;
        assert_eq!(response["allowed"], allowed, "{kind:?} of {owner:?}: {response:#}");
    }
    let mut not_its_controller = owned(("v1", "Pod"), ("apps/v1", "ReplicaSet"));
    not_its_controller["metadata"]["ownerReferences"][0]["controller"] = false.into();
    assert_eq!(webhook.review(&create(&not_its_controller)).await["allowed"], false);
}

#[tokio::test]
async fn a_dry_run_is_judged_the_same() {
    let webhook = Webhook::with("").await;
    let wet = create(&bad());
    let dry = in_request(wet.clone(), "dryRun", json!(true));
    assert_eq!(webhook.review(&dry).await, webhook.review(&wet).await);
}

#[tokio::test]
async fn an_object_that_has_no_name_yet_is_judged_by_its_prefix() {
    let config = "exceptions: [{ rule: latest-tag, match: { name: nightly-* }, reason: r, expires: 2099-01-01 }]";
    let webhook = Webhook::with(config).await;
    let unnamed = changed(&bad(), "/metadata", json!({ "generateName": "hourly-" }));
    let response = webhook.review(&create(&unnamed)).await;
    let message = response["status"]["message"].as_str().expect("a message");
    assert!(message.starts_with("Deployment default/hourly- is not fit to run:\n"), "{message}");
    let unnamed = changed(&unnamed, "/metadata", json!({ "generateName": "nightly-" }));
    assert_eq!(webhook.review(&create(&unnamed)).await["allowed"], true);
}

#[tokio::test]
async fn a_custom_kind_is_judged_where_its_pod_template_is() {
    let config = "workloads: [{ group: example.com, kind: Fleet, podTemplate: /spec/ship/template }]";
    let webhook = Webhook::with(config).await;
    let mut fleet = bad();
    fleet["apiVersion"] = "example.com/v1".into();
    fleet["kind"] = "Fleet".into();
    fleet["spec"] = json!({ "ship": { "template": fleet["spec"]["template"] } });
    let response = webhook.review(&create(&fleet)).await;
    let field = &response["status"]["details"]["causes"][0]["field"];
    assert_eq!(*field, "spec.ship.template.spec.containers[0].image", "{response:#}");
    fleet["apiVersion"] = "example.org/v1".into();
    assert_eq!(webhook.review(&create(&fleet)).await["allowed"], true);
}
