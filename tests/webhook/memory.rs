//! Memory is bounded, whatever comes and however much of it: below half of what the chart gives to a pod.

use plimsoll_tests::{
    deployment, root,
    webhook::{Answer, Webhook, create, eventually, object, raw},
};
use serde_json::{Value, json};
use std::{fs, time::Duration};
use tokio::{io::AsyncWriteExt, time::timeout};

/// Half of the limit that the chart sets, in KiB.
fn bound() -> u64 {
    let values = fs::read_to_string(root().join("admission/chart/values.yaml")).expect("the chart");
    let values: Value = serde_yaml::from_str(&values).expect("YAML");
    let limit = values["resources"]["limits"]["memory"].as_str().expect("a limit");
    limit.strip_suffix("Mi").and_then(|text| text.parse::<u64>().ok()).expect("in MiB") * 1024 / 2
}

/// Of the process, in KiB: `VmHWM` at its peak, `VmRSS` now.
fn memory(webhook: &Webhook, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", webhook.process())).expect("procfs");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("it is told");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn assert_bounded(webhook: &Webhook, what: &str) {
    let (peak, now) = (memory(webhook, "VmHWM"), memory(webhook, "VmRSS"));
    println!("{what}: {} MiB at the peak, {} MiB now, of {}", peak >> 10, now >> 10, bound() >> 10);
    assert!(peak < bound(), "{what}: {peak} KiB at the peak");
    assert!(now < bound() / 3, "{what}: {now} KiB stay");
}

/// A creation of so many bytes, of which nearly all are items of a list.
fn full_of(item: &str, bytes: usize) -> String {
    let mut deployment = object(&deployment("app:latest"));
    deployment["spec"]["template"]["spec"]["x"] = "ITEMS".into();
    let review = create(&deployment).to_string();
    let items = format!("[{}]", vec![item; (bytes - review.len()) / (item.len() + 1)].join(","));
    review.replace("\"ITEMS\"", &items)
}

async fn post(webhook: &Webhook, body: String) -> Answer {
    webhook.connect().await.post("/validate?timeout=10s", body).await.expect("an answer")
}

#[tokio::test]
async fn one_body_of_small_values_costs_no_more_than_the_bound_and_is_answered() {
    for item in [r#"{"a":1}"#, r#"{"":{}}"#, "[[0]]", "{}", "0", r#""""#, r#"{"a":"b","c":"d"}"#] {
        let webhook = Webhook::with("").await;
        let answer = post(&webhook, full_of(item, 7 << 20)).await;
        assert_eq!(answer.status, 200, "{item}: {}", answer.text());
        let response = &answer.json()["response"];
        let annotations = &response["auditAnnotations"];
        assert!(
            annotations["refused-by"] == "latest-tag" || annotations["not-judged"].as_str().is_some(),
            "{item}: {response:#}"
        );
        assert_bounded(&webhook, item);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_etcd_takes_is_judged_whatever_it_is_made_of() {
    let webhook = Webhook::with("").await;
    for item in [r#"{"a":1}"#, r#"{"":0}"#, "[0]", "{}", "0"] {
        let answer = post(&webhook, full_of(item, 1536 << 10)).await.json();
        assert_eq!(answer["response"]["auditAnnotations"]["refused-by"], "latest-tag", "{item}: {answer:#}");
    }
    assert_bounded(&webhook, "objects of 1.5 MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_at_one_time_cost_no_more() {
    let webhook = Webhook::with("").await;
    let calls: Vec<_> = (0..16)
        .map(|number| {
            let (address, client) = (webhook.address, webhook.client.clone());
            let body = full_of(r#"{"a":1}"#, if number % 2 == 0 { 1 << 20 } else { 2900 << 10 });
            tokio::spawn(async move {
                let mut connection = plimsoll_tests::webhook::Connection::open(address, &client).await.expect("TLS");
                connection.post("/validate?timeout=10s", body).await.expect("an answer").status
            })
        })
        .collect();
    for call in calls {
        let status = call.await.expect("a task");
        assert!([200, 429].contains(&status), "{status}");
    }
    assert_bounded(&webhook, "sixteen callers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_never_end_take_their_share_and_leave_room_for_small_reviews() {
    let webhook = Webhook::with("").await;
    let head = "POST /validate?timeout=10s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 7000000\r\n\r\n";
    let body = vec![b' '; 6_900_000];
    let senders: Vec<_> = (0..40)
        .map(|_| {
            let (address, client, body) = (webhook.address, webhook.client.clone(), body.clone());
            tokio::spawn(async move {
                let mut connection = raw(address, &client).await;
                connection.write_all(head.as_bytes()).await.expect("the head is sent");
                // Whom there is no room for is told so, and cut.
                let _ = connection.write_all(&body).await;
                let _ = connection.flush().await;
                connection
            })
        })
        .collect();
    let mut held = Vec::new();
    for sender in senders {
        held.push(timeout(Duration::from_secs(20), sender).await.expect("it is read or cut").expect("a task"));
    }
    // Those that were cut may be told a moment later.
    let cut = async || webhook.metric("plimsoll_shed_total").await.filter(|count| *count > 0.0);
    eventually("some are refused", cut).await;
    assert_eq!(webhook.review(&create(&object(&deployment("app:1.2.3")))).await["allowed"], true);
    assert_bounded(&webhook, "bodies without an end");
}

#[tokio::test]
async fn what_is_too_large_to_read_is_answered_as_the_configuration_says() {
    for (config, allowed) in [("{}\n", true), ("webhook: { on-failure: deny }\n", false)] {
        let webhook = Webhook::with(config).await;
        let answer = post(&webhook, full_of(r#"{"a":1}"#, 7 << 20)).await.json();
        let response = &answer["response"];
        assert_eq!(
            (response["allowed"] == allowed, &response["uid"]),
            (true, &json!("705ab4f5-6393-11e8-b7cc-42010a800002"))
        );
        let why = response["auditAnnotations"]["not-judged"].as_str().expect("a reason");
        assert!(why.contains("MiB of memory to read; at most "), "{why}");
        if !allowed {
            assert_eq!(response["status"]["details"]["kind"], "Deployment");
        }
    }
}
