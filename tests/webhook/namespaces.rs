//! Namespaces with levels and a mode of their own.

use crate::failures;
use plimsoll_tests::{
    deployment,
    webhook::{Setup, Webhook, create, eventually, object},
};
use serde_json::{Value, json};
use std::sync::Arc;

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

#[tokio::test]
async fn the_mode_warn_lets_failures_and_unreadable_fields_pass_too() {
    let Some(config) = failures::config("trap", "    on-failure: deny\n") else { return };
    let warn = "webhook: { mode: warn, on-failure: deny }\n";
    for (claim, config, namespace, allowed) in [
        ("it enforces", format!("{config}webhook: {{ on-failure: deny }}\n"), "shop", false),
        ("it warns", format!("{config}{warn}"), "shop", true),
        (
            "this namespace warns",
            format!("{config}namespaces: [{{ match: lab, webhook: {{ mode: warn }} }}]\n"),
            "lab",
            true,
        ),
        (
            "this namespace enforces",
            format!("{config}{warn}namespaces: [{{ match: lab, webhook: {{ mode: enforce }} }}]\n"),
            "lab",
            false,
        ),
    ] {
        let webhook = Webhook::with(&config).await;
        let mut review = in_namespace(namespace);
        review["request"]["object"]["spec"]["template"]["spec"]["containers"][0]["image"] = "app:1.2.3".into();
        let response = webhook.review(&review).await;
        assert_eq!(response["allowed"], allowed, "{claim}: {response:#}");
        review["request"]["object"]["spec"]["template"]["spec"]["containers"] = json!("none");
        let response = webhook.review(&review).await;
        assert_eq!(response["allowed"], allowed, "{claim}: {response:#}");
        assert!(response["auditAnnotations"]["not-judged"].is_string(), "{claim}: {response:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mode_warn_lets_pass_what_comes_too_late() {
    let Some(config) = failures::crowd("on-failure: deny") else { return };
    let config = format!("{config}namespaces: [{{ match: lab, webhook: {{ mode: warn }} }}]\n");
    let setup = Setup { config: &config, flags: &["--concurrency", "1"], ..Setup::default() };
    let webhook = Arc::new(Webhook::start(setup).await);
    for (namespace, allowed) in [("shop", false), ("lab", true)] {
        // The policies run for ever; until they are stopped there is no thread for another review.
        let busy = tokio::spawn({
            let webhook = Arc::clone(&webhook);
            async move { webhook.post("/validate?timeout=10s", &in_namespace("shop")).await }
        });
        eventually("it is busy", async || (webhook.metric("plimsoll_in_flight").await == Some(1.0)).then_some(()))
            .await;
        let answer = webhook.post("/validate?timeout=20ms", &in_namespace(namespace)).await.json();
        assert_eq!(answer["response"]["allowed"], allowed, "{namespace}: {answer:#}");
        assert!(answer["response"]["auditAnnotations"]["not-judged"].is_string(), "{answer:#}");
        busy.await.expect("an answer");
    }
}
