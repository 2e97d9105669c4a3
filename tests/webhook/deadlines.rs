//! An answer comes before the caller gives up, and what cannot wait is told at once.

use crate::failures::config;
use plimsoll_tests::{
    deployment,
    webhook::{Answer, Setup, Webhook, create, eventually, object},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};

fn review() -> Value {
    create(&object(&deployment("app:1.2.3")))
}

/// The answer to `?timeout=` that long, unless it comes later than that.
async fn within(webhook: &Webhook, path: &str, time: Duration) -> Answer {
    let mut connection = webhook.connect().await;
    let path = format!("{path}?timeout={}s", time.as_secs_f64());
    let answer = timeout(time, connection.post(&path, review().to_string())).await;
    answer.unwrap_or_else(|_| panic!("{path} came too late")).expect("an answer")
}

#[tokio::test]
async fn an_answer_without_a_verdict_comes_before_the_caller_gives_up() {
    let Some(config) = config("loop", "") else { return };
    let webhook = Webhook::with(&config).await;
    // The loop is stopped after 200 ms, and then once more, when it runs alone; sooner where there is less time.
    for time in [Duration::from_secs(1), Duration::from_millis(250)] {
        let response = within(&webhook, "/validate", time).await.json()["response"].take();
        assert_eq!(response["allowed"], true, "{response:#}");
        assert_eq!(response["auditAnnotations"]["no-verdict-of"], "hostile", "{response:#}");
        assert_eq!(response["auditAnnotations"]["warned-by"], "seen", "the neighbour was heard: {response:#}");
    }
    assert_eq!(webhook.metric("plimsoll_deadline_missed_total").await, Some(0.0));
}

#[tokio::test]
async fn an_answer_without_a_verdict_is_the_configured_one() {
    let Some(config) = config("loop", "    on-failure: deny\n") else { return };
    let webhook = Webhook::with(&config).await;
    for (path, allowed) in [("/validate", false), ("/validate/hostile", false)] {
        let answer = within(&webhook, path, Duration::from_millis(150)).await.json();
        assert_eq!(answer["response"]["allowed"], allowed, "{path}: {answer:#}");
    }
    // Whoever does not ask for the bad policy does not wait for it.
    let answer = within(&webhook, "/validate/probes", Duration::from_secs(1)).await.json();
    assert_eq!((&answer["response"]["allowed"], &answer["response"]["warnings"]), (&true.into(), &Value::Null));
}

#[tokio::test]
async fn the_configured_time_holds_where_the_caller_has_more() {
    let Some(config) = config("loop", "") else { return };
    let flags = ["--timeout", "200ms"];
    let webhook = Webhook::start(Setup { config: &config, flags: &flags, ..Setup::default() }).await;
    let answer = webhook.post("/validate?timeout=10s", &review()).await.json();
    let warning = answer["response"]["warnings"][0].as_str().expect("a warning");
    let stopped = warning.strip_prefix("policy hostile gave no verdict: it was stopped after ");
    let millis: Option<u64> = stopped.and_then(|rest| rest.strip_suffix(" ms; allowed")?.parse().ok());
    assert!(millis.is_some_and(|millis| millis < 100), "{warning}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_sheds_at_once_and_keeps_what_it_took() {
    let Some(config) = config("loop", "") else { return };
    let flags = ["--concurrency", "1", "--queue", "1"];
    let webhook = Arc::new(Webhook::start(Setup { config: &config, flags: &flags, ..Setup::default() }).await);
    let (ended, mut order) = mpsc::channel(16);
    let call = |number: usize| {
        let (webhook, ended) = (Arc::clone(&webhook), ended.clone());
        tokio::spawn(async move {
            let answer = webhook.post("/validate?timeout=10s", &review()).await;
            ended.send((number, answer.status)).await.expect("somebody listens");
        });
    };
    call(0);
    eventually("one in flight", async || (webhook.metric("plimsoll_in_flight").await == Some(1.0)).then_some(())).await;
    call(1);
    eventually("one that waits", async || (webhook.metric("plimsoll_queued").await == Some(1.0)).then_some(())).await;
    for number in 2..8 {
        call(number);
    }
    let mut seen = Vec::new();
    for _ in 0..8 {
        seen.push(order.recv().await.expect("it ends"));
    }
    let shed: Vec<u16> = seen.iter().map(|(_, status)| *status).collect();
    assert_eq!(shed, [[429; 6].as_slice(), &[200; 2]].concat(), "{seen:?}");
    assert_eq!(seen[6..], [(0, 200), (1, 200)]);
    assert_eq!(webhook.metric("plimsoll_shed_total").await, Some(6.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_behind_a_busy_thread_are_answered_in_time_with_their_uids() {
    let Some(config) = config("loop", "") else { return };
    let flags = ["--concurrency", "1"];
    let webhook = Arc::new(Webhook::start(Setup { config: &config, flags: &flags, ..Setup::default() }).await);
    let mut large = object(&deployment("app:1.2.3"));
    large["metadata"]["annotations"] = serde_json::json!({ "example.com/large": "x".repeat(2_600_000) });
    let calls: Vec<_> = (0..12)
        .map(|number| {
            let webhook = Arc::clone(&webhook);
            let mut review = create(&large);
            review["request"]["uid"] = format!("uid-{number}").into();
            let body = review.to_string();
            tokio::spawn(async move {
                let mut connection = webhook.connect().await;
                let time = Duration::from_secs(3);
                let answer = timeout(time, connection.post("/validate?timeout=3s", body)).await;
                (number, answer.expect("in time").expect("an answer"))
            })
        })
        .collect();
    let mut late = 0;
    for call in calls {
        let (number, answer) = call.await.expect("a task");
        // There is room for so many of them at one time; the others are told so.
        if answer.status == 429 {
            continue;
        }
        assert_eq!((answer.status, &answer.json()["response"]["uid"]), (200, &format!("uid-{number}").into()));
        late += usize::from(answer.json()["response"]["auditAnnotations"]["not-judged"].is_string());
    }
    assert!(late > 0, "the thread was not busy enough");
}
