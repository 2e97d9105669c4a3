//! The alert rules and the dashboards, of the webhook and of the worker.

use crate::tools::Tool;
use plimsoll_tests::{
    deployment, root,
    webhook::{Webhook, admin, create, eventually, object},
    worker::Queue,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

/// What is said about one program.
struct Monitoring {
    alerts: &'static str,
    dashboard: &'static str,
    tests: &'static str,
}

const WEBHOOK: Monitoring = Monitoring {
    alerts: "admission/chart/files/alerts.yaml",
    dashboard: "admission/chart/files/dashboard.json",
    tests: "tests/chart/alerts_test.yaml",
};

const WORKER: Monitoring = Monitoring {
    alerts: "worker/chart/files/alerts.yaml",
    dashboard: "worker/chart/files/dashboard.json",
    tests: "tests/chart/worker_alerts_test.yaml",
};

const PAGE: &str = "docs/operate.md";

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect(file)
}

/// What the dashboard's panels ask, with Grafana's variables filled in.
fn questions(of: &Monitoring) -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read(of.dashboard)).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let filled = |text: &str| text.replace("$namespace", ".*").replace("$job", ".*").replace("$__rate_interval", "5m");
    targets.map(|target| filled(target["expr"].as_str().expect("a question"))).collect()
}

#[test]
fn alerts_fire_at_what_they_are_for() {
    let Some(promtool) = Tool::promtool() else { return };
    for of in [WEBHOOK, WORKER] {
        let outcome = promtool.run(["check", "rules", of.alerts]);
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
        let outcome = promtool.run(["test", "rules", of.tests]);
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn every_alert_is_tested() {
    for of in [WEBHOOK, WORKER] {
        let tests = read(of.tests);
        let rules: Value = serde_yaml::from_str(&read(of.alerts)).expect("YAML");
        for rule in rules["groups"][0]["rules"].as_array().expect("rules") {
            let name = rule["alert"].as_str().expect("a name");
            assert!(tests.matches(name).count() >= 2, "{name} is not tested both silent and firing");
        }
    }
}

#[test]
fn the_dashboard_asks_what_prometheus_understands() {
    let Some(promtool) = Tool::promtool() else { return };
    let questions = [WEBHOOK, WORKER].iter().flat_map(questions).collect::<Vec<_>>();
    let rules: Vec<Value> = questions.iter().map(|question| json!({ "record": "asked", "expr": question })).collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let group = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    fs::write(file.path(), group.to_string()).expect("a file");
    let outcome = promtool.run(["check".as_ref(), "rules".as_ref(), "--lint=none".as_ref(), file.path().as_os_str()]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
}

/// Only a policy that fails is counted there; the tests of such policies read it.
const WHERE_POLICIES_FAIL: &str = "plimsoll_policy_failures_total";

const EXCEPTION: &str = "\
exceptions:
  - { rule: latest-tag, match: { name: app }, reason: the series of exceptions begins with one, expires: 2099-12-31 }
";

/// `plimsoll_ready` in `sum(plimsoll_ready) == 0`.
fn series(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let prefixes = ["plimsoll_", "worker_", "messaging_"];
    let is_one =
        |word: &&str| prefixes.iter().any(|prefix| word.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()));
    words.filter(is_one).map(str::to_owned).collect()
}

#[tokio::test]
async fn alerts_dashboard_and_page_know_the_series_that_the_server_shows() {
    let webhook = Webhook::with(EXCEPTION).await;
    webhook.review(&create(&object(&deployment("app")))).await;
    let (_, shown) = webhook.admin("/metrics").await;
    let shown: BTreeSet<String> = shown.lines().flat_map(series).chain([WHERE_POLICIES_FAIL.to_owned()]).collect();

    let asked = series(&(read(WEBHOOK.alerts) + &questions(&WEBHOOK).concat()));
    assert!(asked.len() > 10, "{asked:?}");
    assert_eq!(asked.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new());

    let told = series(&read(PAGE));
    let part = |name: &str| ["_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end));
    let whole: BTreeSet<String> = shown.into_iter().filter(|name| !part(name)).collect();
    assert_eq!(told, whole, "docs/operate.md and the server");
}

/// Labels, which are no series.
const LABELS: [&str; 1] = ["messaging_operation_name"];

/// From the front door: what a worker shows once it has worked on jobs, and another on the feed.
#[tokio::test]
async fn alerts_and_dashboard_of_the_worker_know_the_series_that_it_shows() {
    let queue = Queue::sqlite();
    queue.enqueue("checksum", &json!({}), 1);
    let mut shown = BTreeSet::new();
    for mode in ["queue", "feed"] {
        let worker = queue.start(&["--mode", mode]).await;
        let shows = |text: &str, name: &str| text.lines().any(|line| line.starts_with(name));
        let ended = |text: &str| mode == "feed" || shows(text, "worker_handler_duration_seconds_bucket");
        let both =
            |text: &String| shows(text, "worker_queue_lag") && shows(text, "worker_clock_skew_seconds") && ended(text);
        let text =
            eventually("lag and clock", async || Some(admin(worker.admin, "/metrics").await?.text()).filter(both))
                .await;
        shown.extend(series(&text));
        // Whoever asks for `partition=""` finds what is said of the queue, and nothing of the feed.
        assert_eq!(shows(&text, "worker_queue_lag{partition="), mode == "feed", "{text}");
        assert_eq!(shows(&text, "worker_queue_lag "), mode == "queue", "{text}");
        worker.stop().await;
    }
    let asked = series(&(read(WORKER.alerts) + &questions(&WORKER).concat()));
    let asked: Vec<_> = asked.iter().filter(|name| !LABELS.contains(&name.as_str())).collect();
    assert!(asked.len() > 10, "{asked:?}");
    assert_eq!(asked.iter().filter(|name| !shown.contains(**name)).collect::<Vec<_>>(), Vec::<&&String>::new());
}
