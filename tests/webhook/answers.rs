//! CREATE: what refuses, what warns, what is silent, and what people and programs read of it.

use crate::failures;
use expect_test::expect;
use plimsoll_tests::{
    deployment,
    webhook::{Webhook, create, object},
};
use serde_json::{Value, json};

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON") + "\n"
}

/// A Pod whose containers have images without a tag.
fn pod(containers: usize) -> Value {
    let container = |number| json!({ "name": format!("container-{number}"), "image": "registry.example/application" });
    let containers: Vec<Value> = (0..containers).map(container).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "pod", "namespace": "shop" },
        "spec": { "restartPolicy": "Never", "containers": containers },
    })
}

#[tokio::test]
async fn a_refusal_says_what_where_and_what_to_write_instead() {
    let webhook = Webhook::with("").await;
    let mut response = webhook.review(&create(&object(&deployment("app:latest")))).await;
    let digest = response["auditAnnotations"]["policies"].take();
    assert!(digest.as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{digest}");
    expect![[r#"
        Deployment default/app is not fit to run:
        - latest-tag: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
            at spec.template.spec.containers[0].image (container app)
            help: name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)
            more: plimsoll explain latest-tag"#]]
    .assert_eq(response["status"]["message"].as_str().expect("a message"));
    response["status"]["message"].take();
    expect![[r#"
        {
          "allowed": false,
          "auditAnnotations": {
            "policies": null,
            "refused-by": "latest-tag"
          },
          "status": {
            "code": 403,
            "details": {
              "causes": [
                {
                  "field": "spec.template.spec.containers[0].image",
                  "message": "`app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name",
                  "reason": "latest-tag"
                }
              ],
              "kind": "Deployment",
              "name": "app"
            },
            "message": null,
            "reason": "Forbidden"
          },
          "uid": "705ab4f5-6393-11e8-b7cc-42010a800002"
        }
    "#]].assert_eq(&pretty(&response));
}

#[tokio::test]
async fn a_warning_names_its_rule_and_its_field_and_refuses_nothing() {
    let webhook = Webhook::with("policies: { image-pull: { rules: { latest-tag: warn } } }").await;
    let mut response = webhook.review(&create(&object(&deployment("app:latest")))).await;
    response["auditAnnotations"]["policies"].take();
    expect![[r#"
        {
          "allowed": true,
          "auditAnnotations": {
            "policies": null,
            "warned-by": "latest-tag"
          },
          "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
          "warnings": [
            "latest-tag: spec.template.spec.containers[0].image: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name"
          ]
        }
    "#]].assert_eq(&pretty(&response));
}

#[tokio::test]
async fn a_note_is_silent() {
    let webhook = Webhook::with("").await;
    let mut response = webhook.review(&create(&object(&deployment("app:1.2.3")))).await;
    response["auditAnnotations"]["policies"].take();
    expect![[r#"
        {
          "allowed": true,
          "auditAnnotations": {
            "policies": null
          },
          "uid": "705ab4f5-6393-11e8-b7cc-42010a800002"
        }
    "#]]
    .assert_eq(&pretty(&response));
}

#[tokio::test]
async fn a_refusal_counts_every_finding_in_its_causes_and_spells_out_twenty() {
    let webhook = Webhook::with("").await;
    let response = webhook.review(&create(&pod(25))).await;
    let causes = response["status"]["details"]["causes"].as_array().expect("causes");
    let fields: Vec<&str> = causes.iter().filter_map(|cause| cause["field"].as_str()).collect();
    assert_eq!(fields.len(), 25, "{fields:#?}");
    assert_eq!((fields[0], fields[24]), ("spec.containers[0].image", "spec.containers[24].image"));
    let message = response["status"]["message"].as_str().expect("a message");
    assert!(message.ends_with("\n- and 5 more; `plimsoll scan` shows them all"), "{message}");
    assert_eq!(message.matches("\n- latest-tag: ").count(), 20);
}

#[tokio::test]
async fn warnings_fit_into_what_the_api_server_keeps_of_them() {
    let webhook = Webhook::with("policies: { image-pull: { rules: { latest-tag: warn } } }").await;
    let response = webhook.review(&create(&pod(40))).await;
    let warnings: Vec<&str> =
        response["warnings"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!((response["allowed"].as_bool(), warnings.len()), (Some(true), 16), "{warnings:#?}");
    assert!(warnings.iter().all(|warning| warning.chars().count() <= 256), "{warnings:#?}");
    assert!(warnings.iter().map(|warning| warning.len()).sum::<usize>() <= 4096);
    assert!(warnings[..15].iter().all(|warning| warning.starts_with("latest-tag: spec.containers[")), "{warnings:#?}");
    assert_eq!(warnings[15], "plimsoll: and 25 more warnings; `plimsoll scan` shows them all");
}

#[tokio::test]
async fn an_exception_lets_off_and_stands_in_the_audit_log() {
    let config = "\
exceptions:
  - { rule: latest-tag, match: { name: app }, reason: the vendor tags nothing, expires: 2099-01-01 }
  - { rule: latest-tag, match: { name: late }, reason: was due, expires: 2020-01-01 }
";
    let webhook = Webhook::with(config).await;
    let mut app = object(&deployment("app:latest"));
    let response = webhook.review(&create(&app)).await;
    assert_eq!((&response["allowed"], &response["auditAnnotations"]["excepted"]), (&json!(true), &json!("latest-tag")));
    app["metadata"]["name"] = "late".into();
    let response = webhook.review(&create(&app)).await;
    assert_eq!(response["allowed"], false, "an exception ends with its day: {response:#}");
    let used = webhook.metric(r#"plimsoll_exceptions_used_total{rule="latest-tag"}"#).await;
    assert_eq!(used, Some(1.0));
}

#[tokio::test]
async fn one_policy_can_be_asked_for_alone() {
    let webhook = Webhook::with("").await;
    let mut app = object(&deployment("app:latest"));
    app["apiVersion"] = "apps/v1beta2".into();
    let review = create(&app);
    for (policy, allowed) in [("image-pull", false), ("probes", true), ("api", false)] {
        let answer = webhook.post(&format!("/validate/{policy}"), &review).await;
        assert_eq!((answer.status, &answer.json()["response"]["allowed"]), (200, &json!(allowed)), "{policy}");
    }
    let answer = webhook.post("/validate/image-pul", &review).await;
    assert_eq!(answer.status, 404);
    expect![[r#"
        unknown policy `image-pul`; did you mean `image-pull`?
    "#]]
    .assert_eq(&answer.text());
}

/// A configuration in which what the guest finds with this verb refuses.
fn refusing(verb: &str) -> Option<String> {
    failures::config(verb, "    rules: { bad-behaviour: deny }\n")
}

#[tokio::test]
async fn a_pointer_of_a_module_forges_no_line() {
    let Some(config) = refusing("forged-pointer") else { return };
    let webhook = Webhook::with(&config).await;
    let response = webhook.review(&create(&object(&deployment("app:1.2.3")))).await;
    let message = response["status"]["message"].as_str().expect("a message");
    expect![[r#"
        Deployment default/app is not fit to run:
        - bad-behaviour: all is well
            at spec[a�- latest-tag: all is well�[2J]
            more: plimsoll explain bad-behaviour"#]]
    .assert_eq(message);
    let field = response["status"]["details"]["causes"][0]["field"].as_str().expect("a field");
    assert!(!field.contains(char::is_control), "{field:?}");
}

#[tokio::test]
async fn an_answer_is_bounded_however_much_was_found() {
    let Some(config) = refusing("huge-pointers") else { return };
    let webhook = Webhook::with(&config).await;
    let mut large = object(&deployment("app:latest"));
    large["metadata"]["name"] = "\"".repeat(100_000).into();
    for review in [create(&large), create(&pod(120))] {
        let answer = webhook.post("/validate", &review).await;
        assert!(answer.body.len() <= 64 << 10, "{} bytes", answer.body.len());
        let response = answer.json()["response"].take();
        let causes = response["status"]["details"]["causes"].as_array().expect("causes").len();
        assert!((10..=100).contains(&causes), "{causes} causes");
        let annotations = response["auditAnnotations"].as_object().expect("annotations");
        assert!(annotations.values().all(|text| text.as_str().is_some_and(|text| text.len() <= 4 << 10)));
    }
    let long = webhook.log().into_iter().filter(|line| line.to_string().len() > 8 << 10);
    assert_eq!(long.count(), 0);
}
