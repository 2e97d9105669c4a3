//! Policies and configuration change while the webhook runs: whole or not at all.

use crate::failures;
use nix::sys::signal::Signal;
use plimsoll_tests::{
    deployment,
    webhook::{Setup, Webhook, create, eventually, object},
};
use serde_json::Value;
use std::fs;

const WARN: &str = "policies: { image-pull: { rules: { latest-tag: warn } } }\n";
const DENY: &str = "policies: { image-pull: { rules: { latest-tag: deny } } }\n";

async fn response(webhook: &Webhook) -> Value {
    webhook.review(&create(&object(&deployment("app:latest")))).await
}

async fn reloads(webhook: &Webhook, outcome: &str) -> Option<f64> {
    webhook.metric(&format!(r#"plimsoll_reloads_total{{outcome="{outcome}",what="policies"}}"#)).await
}

#[tokio::test]
async fn a_swapped_config_map_holds_for_the_next_call_and_the_audit_log_tells() {
    let mut webhook = Webhook::with(WARN).await;
    let before = response(&webhook).await;
    assert_eq!(before["allowed"], true);
    webhook.config.swap(&[("plimsoll.yaml", DENY)]);
    let after = eventually("a refusal", async || {
        let response = response(&webhook).await;
        (response["allowed"] == false).then_some(response)
    })
    .await;
    let digest = after["auditAnnotations"]["policies"].as_str().expect("a digest");
    assert_ne!(Some(digest), before["auditAnnotations"]["policies"].as_str());
    let info = format!(r#"plimsoll_policy_set_info{{digest="{digest}"}}"#);
    assert_eq!((webhook.metric(&info).await, reloads(&webhook, "ok").await), (Some(1.0), Some(1.0)));
}

#[tokio::test]
async fn a_bad_configuration_is_refused_told_and_counted_and_the_old_one_goes_on() {
    let mut webhook = Webhook::with(WARN).await;
    let before = response(&webhook).await;
    webhook.config.swap(&[("plimsoll.yaml", "policies: { image-pul: { rules: { latest-tag: deny } } }\n")]);
    let line = webhook.logged("new policies refused; the old ones are kept").await;
    let error = line["error"].as_str().expect("an error");
    assert!(error.contains("unknown policy `image-pul`; did you mean `image-pull`?"), "{error}");
    assert_eq!((reloads(&webhook, "refused").await, reloads(&webhook, "ok").await), (Some(1.0), Some(0.0)));
    assert_eq!(response(&webhook).await, before);
    assert_eq!(webhook.admin("/readyz").await.0, 200);

    webhook.config.swap(&[("plimsoll.yaml", DENY)]);
    eventually("a refusal", async || (response(&webhook).await["allowed"] == false).then_some(())).await;
}

#[tokio::test]
async fn sighup_loads_again() {
    let webhook = Webhook::with(WARN).await;
    webhook.signal(Signal::SIGHUP);
    eventually("a reload", async || (reloads(&webhook, "ok").await == Some(1.0)).then_some(())).await;
    let certificates = r#"plimsoll_reloads_total{outcome="ok",what="certificate"}"#;
    eventually("both", async || (webhook.metric(certificates).await == Some(1.0)).then_some(())).await;
}

#[tokio::test]
async fn a_module_that_changes_is_loaded_and_one_that_is_still_missing_is_waited_for() {
    let Some(module) = failures::module() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("guest.wasm");
    let mut webhook = Webhook::start(Setup { config: DENY, ..Setup::default() }).await;
    let config =
        format!("policies: {{ hostile: {{ module: {} }}, neighbour: {{ rules: {{ seen: warn }} }} }}", file.display());
    webhook.config.swap(&[("plimsoll.yaml", &config)]);
    webhook.logged("new policies refused; the old ones are kept").await;

    // It comes as a whole, as whatever copies files safely does it.
    let whole = folder.path().join("guest.new");
    fs::copy(module, &whole).expect("a copy");
    fs::rename(&whole, &file).expect("a rename");
    let seen = async || {
        let response = response(&webhook).await;
        response["auditAnnotations"]["warned-by"].as_str().filter(|rules| rules.contains("seen")).map(drop)
    };
    eventually("the new module judges", seen).await;

    fs::write(&file, b"no module").expect("a file");
    eventually("it is refused", async || (reloads(&webhook, "refused").await >= Some(2.0)).then_some(())).await;
    assert!(seen().await.is_some(), "the old module goes on");
}
