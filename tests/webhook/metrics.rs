//! What is counted, as a real Prometheus reads it, and that nobody who calls can make it grow.

use plimsoll_tests::{
    deployment,
    prometheus::Prometheus,
    webhook::{Webhook, create, object},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_real_prometheus_scrapes_and_answers_queries() {
    let webhook = Webhook::with("").await;
    let Some(prometheus) = Prometheus::start(webhook.admin) else { return };
    let refused = webhook.review(&create(&object(&deployment("app:latest")))).await;
    assert_eq!(refused["allowed"], false);
    for (query, expected) in [
        ("plimsoll_requests_total{outcome=\"denied\"}", "1"),
        ("plimsoll_request_seconds_count", "1"),
        ("plimsoll_ready", "1"),
        ("plimsoll_shed_total", "0"),
    ] {
        prometheus.value(query, |value| value == expected).await;
    }
    for query in ["histogram_quantile(1,plimsoll_evaluation_seconds_bucket)<1", "scrape_samples_scraped>30"] {
        prometheus.value(query, |_| true).await;
    }
}

/// Names and labels of all series, without their values.
async fn series(webhook: &Webhook) -> BTreeSet<String> {
    let (_, text) = webhook.admin("/metrics").await;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

#[tokio::test]
async fn no_label_takes_what_a_caller_chose() {
    let webhook = Webhook::with("").await;
    let odd = |marker: &str| {
        let mut review =
            create(&json!({ "apiVersion": format!("{marker}/v1"), "kind": marker, "metadata": { "name": marker } }));
        for field in ["uid", "namespace", "name", "subResource"] {
            review["request"][field] = marker.into();
        }
        review["request"]["userInfo"]["username"] = marker.into();
        review["request"]["object"]["metadata"]["namespace"] = marker.into();
        review
    };
    let strange = |mut review: Value, marker: &str| {
        review["request"]["operation"] = marker.into();
        review
    };
    let mut after_first = BTreeSet::new();
    for number in 0..20 {
        let marker = format!("zanzibar{number}");
        assert_eq!(webhook.review(&odd(&marker)).await["allowed"], true);
        webhook.post("/validate", &strange(odd(&marker), &marker)).await;
        webhook.post(&format!("/validate/{marker}"), &odd(&marker)).await;
        webhook.post(&format!("/{marker}"), &odd(&marker)).await;
        if number == 0 {
            after_first = series(&webhook).await;
        }
    }
    let after_all = series(&webhook).await;
    assert_eq!(after_all, after_first);
    assert!(after_all.iter().all(|series| !series.contains("zanzibar")), "{after_all:#?}");
    let other = r#"plimsoll_requests_total{kind="other",operation="CREATE",outcome="skipped"}"#;
    assert_eq!(webhook.metric(other).await, Some(20.0));
}

#[tokio::test]
async fn a_rate_has_its_series_before_its_first_event() {
    let webhook = Webhook::with("").await;
    for series in ["plimsoll_shed_total", "plimsoll_deadline_missed_total"] {
        assert_eq!(webhook.metric(series).await, Some(0.0), "{series}");
    }
}
