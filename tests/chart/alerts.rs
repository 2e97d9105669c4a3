//! The alert rules and the dashboard.

use crate::tools::Tool;
use plimsoll_tests::{
    deployment, root,
    webhook::{Webhook, create, object},
};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

const ALERTS: &str = "admission/chart/files/alerts.yaml";
const DASHBOARD: &str = "admission/chart/files/dashboard.json";
const PAGE: &str = "docs/operate.md";

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect(file)
}

/// What the dashboard's panels ask, with Grafana's variables filled in.
fn questions() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let filled = |text: &str| text.replace("$namespace", ".*").replace("$__rate_interval", "5m");
    targets.map(|target| filled(target["expr"].as_str().expect("a question"))).collect()
}

#[test]
fn alerts_fire_at_what_they_are_for() {
    let Some(promtool) = Tool::promtool() else { return };
    let outcome = promtool.run(["test", "rules", "tests/chart/alerts_test.yaml"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn every_alert_is_tested() {
    let tests = read("tests/chart/alerts_test.yaml");
    let rules: Value = serde_yaml::from_str(&read(ALERTS)).expect("YAML");
    for rule in rules["groups"][0]["rules"].as_array().expect("rules") {
        let name = rule["alert"].as_str().expect("a name");
        assert!(tests.matches(name).count() >= 2, "{name} is not tested both silent and firing");
    }
}

#[test]
fn the_dashboard_asks_what_prometheus_understands() {
    let Some(promtool) = Tool::promtool() else { return };
    let rules: Vec<Value> =
        questions().iter().map(|question| serde_json::json!({ "record": "asked", "expr": question })).collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let group = serde_json::json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
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
    words
        .filter(|word| word.strip_prefix("plimsoll_").is_some_and(|rest| !rest.is_empty()))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn alerts_dashboard_and_page_know_the_series_that_the_server_shows() {
    let webhook = Webhook::with(EXCEPTION).await;
    webhook.review(&create(&object(&deployment("app")))).await;
    let (_, shown) = webhook.admin("/metrics").await;
    let shown: BTreeSet<String> = shown.lines().flat_map(series).chain([WHERE_POLICIES_FAIL.to_owned()]).collect();

    let asked = series(&(read(ALERTS) + &questions().concat()));
    assert!(asked.len() > 10, "{asked:?}");
    assert_eq!(asked.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new());

    let told = series(&read(PAGE));
    let part = |name: &str| ["_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end));
    let whole: BTreeSet<String> = shown.into_iter().filter(|name| !part(name)).collect();
    assert_eq!(told, whole, "docs/operate.md and the server");
}
