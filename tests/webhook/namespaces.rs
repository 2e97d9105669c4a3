//! Namespaces with levels and a mode of their own.

use plimsoll_tests::{
    deployment,
    webhook::{Webhook, create, object},
};
use serde_json::Value;

const CONFIG: &str = "\
policies: { image-pull: { rules: { latest-tag: deny } } }
namespaces:
  - { match: lab-*, policies: { image-pull: { rules: { latest-tag: warn } } } }
  - { match: trial, webhook: { mode: warn } }
";

fn in_namespace(namespace: &str) -> Value {
    let mut object = object(&deployment("app:latest"));
    object["metadata"]["namespace"] = namespace.into();
    create(&object)
}

#[tokio::test]
async fn levels_and_mode_are_those_of_the_namespace() {
    let webhook = Webhook::with(CONFIG).await;
    for (namespace, allowed, warning) in [
        ("shop", false, None),
        ("lab-1", true, Some("latest-tag: spec.template.spec.containers[0].image: ")),
        (
            "trial",
            true,
            Some("latest-tag: spec.template.spec.containers[0].image (refused once this webhook enforces): "),
        ),
    ] {
        let response = webhook.review(&in_namespace(namespace)).await;
        assert_eq!(response["allowed"], allowed, "{namespace}: {response:#}");
        let found = response["warnings"][0].as_str();
        assert!(found.unwrap_or_default().starts_with(warning.unwrap_or_default()), "{namespace}: {found:?}");
    }
}

#[tokio::test]
async fn the_mode_warn_refuses_nothing_anywhere() {
    let webhook = Webhook::with("webhook: { mode: warn }").await;
    let response = webhook.review(&in_namespace("shop")).await;
    assert_eq!((&response["allowed"], &response["status"]), (&true.into(), &Value::Null));
    assert_eq!(response["auditAnnotations"]["warned-by"], "latest-tag");
}

#[tokio::test]
async fn the_namespace_of_the_request_counts_where_the_object_names_none() {
    let webhook = Webhook::with(CONFIG).await;
    let mut review = create(&object(&deployment("app:latest")));
    review["request"]["namespace"] = "lab-2".into();
    assert_eq!(webhook.review(&review).await["allowed"], true);
}
