//! What other webhooks got wrong. Where another file of these tests holds the claim, it is named here:
//!
//! - policies are loaded once and for all: `reload`
//! - the swap of a certificate's link is not seen; a chain is refused: `rotation`, `tls`
//! - a body limit of 2 MiB refuses large updates: `malformed`
//! - a queue without bounds past the caller's timeout; time limits in whole seconds: `deadlines`
//! - no signal as PID 1, no liveness: `life`
//! - a new rule blocks what already runs; the removal of a finalizer is blocked: `updates`, `passes`

use crate::failures;
use plimsoll_tests::{
    deployment,
    webhook::{Setup, Webhook, create, object},
};
use serde_json::{Value, json};

fn review() -> Value {
    create(&object(&deployment("app:1.2.3")))
}

#[tokio::test]
async fn one_bad_policy_does_not_end_the_server_nor_the_verdicts_of_others() {
    let Some(config) = failures::config("panic", "") else { return };
    let webhook = Webhook::with(&config).await;
    for _ in 0..50 {
        let response = webhook.review(&review()).await;
        assert_eq!(response["auditAnnotations"]["warned-by"], "seen");
    }
    assert_eq!((webhook.admin("/livez").await.0, webhook.admin("/readyz").await.0), (200, 200));
}

#[tokio::test]
async fn a_policy_that_never_ends_is_stopped_whatever_the_time_limit_of_the_call() {
    let Some(config) = failures::config("loop", "") else { return };
    let webhook = Webhook::start(Setup { config: &config, flags: &["--timeout", "1h"], ..Setup::default() }).await;
    // Without any time limit in the call.
    let answer = webhook.post("/validate", &review()).await.json();
    assert_eq!(answer["response"]["auditAnnotations"]["no-verdict-of"], "hostile");
}

#[tokio::test]
async fn what_a_guest_returns_moves_nothing_in_the_host() {
    for verb in ["bad-pointer", "unknown-container", "many-findings", "bad-edit", "control-characters", "long-text"] {
        let Some(config) = failures::config(verb, "") else { return };
        let webhook = Webhook::with(&config).await;
        let response = webhook.review(&review()).await;
        let warnings = response["warnings"].as_array().expect("warnings");
        assert!(
            warnings
                .iter()
                .filter_map(Value::as_str)
                .all(|text| text.chars().count() <= 256 && !text.contains('\u{1b}'))
        );
        assert!(
            warnings.iter().any(|text| text.as_str().is_some_and(|text| text.starts_with("seen: "))),
            "{verb}: {warnings:#?}"
        );
    }
}

#[tokio::test]
async fn latencies_are_counted_in_parts_of_a_millisecond() {
    let webhook = Webhook::with("").await;
    webhook.review(&review()).await;
    let (_, text) = webhook.admin("/metrics").await;
    let bounds = text
        .lines()
        .filter_map(|line| line.strip_prefix("plimsoll_request_seconds_bucket{le=\"")?.split('"').next()?.parse().ok());
    let below = bounds.filter(|bound: &f64| *bound < 0.001).count();
    assert!(below >= 4, "{below} buckets below a millisecond");
}

#[tokio::test]
async fn no_probes_are_demanded_where_there_can_be_none() {
    let webhook = Webhook::with("profile: strict\n").await;
    let mut deployment = object(&deployment("app:1.2.3"));
    let sidecar = json!({ "name": "istio-proxy", "image": "proxy:1.2.3", "restartPolicy": "Always" });
    deployment["spec"]["template"]["spec"]["initContainers"] =
        json!([{ "name": "migrate", "image": "migrate:1.2.3" }, sidecar]);
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "job" },
        "spec": { "template": { "spec": { "restartPolicy": "Never", "containers": [{ "name": "job", "image": "job:1.2.3" }] } } },
    });
    for (object, demanded) in
        [(deployment, vec!["missing-liveness-probe: spec.template.spec.containers[0].livenessProbe"]), (job, vec![])]
    {
        let response = webhook.review(&create(&object)).await;
        let causes = response["status"]["details"]["causes"].as_array().into_iter().flatten();
        let causes = causes.map(|cause| format!("{}: {}", cause["reason"], cause["field"]).replace('"', ""));
        let warnings = response["warnings"].as_array().into_iter().flatten();
        let warnings = warnings
            .filter_map(|warning| Some(warning.as_str()?.splitn(3, ": ").take(2).collect::<Vec<_>>().join(": ")));
        let probes: Vec<String> = causes.chain(warnings).filter(|finding| finding.contains("-probe: ")).collect();
        assert_eq!(probes, demanded, "{response:#}");
    }
}

#[tokio::test]
async fn a_port_is_no_tag() {
    let webhook = Webhook::with("").await;
    for (image, allowed) in [("registry:5000/app", false), ("registry:5000/app:1.2.3", true)] {
        let response = webhook.review(&create(&object(&deployment(image)))).await;
        assert_eq!(response["allowed"], allowed, "{image}: {response:#}");
    }
}
