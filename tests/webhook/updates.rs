//! UPDATE: only what the old object did not have may refuse.

use plimsoll_tests::{
    deployment,
    webhook::{Webhook, object, update},
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
    let webhook =
        Webhook::start(plimsoll_tests::webhook::Setup { flags: &["--on-failure", "deny"], ..Default::default() }).await;
    let mut bad = with([("a", "a:1.2.3")]);
    bad["spec"]["template"]["spec"]["containers"] = json!("none");
    let mut new = bad.clone();
    new["spec"]["replicas"] = 2.into();
    let response = webhook.review(&update(&bad, &new)).await;
    assert_eq!(response["allowed"], true, "{response:#}");
    let response = webhook.review(&update(&with([("a", "a:1.2.3")]), &bad)).await;
    assert_eq!(response["allowed"], false, "{response:#}");
}
