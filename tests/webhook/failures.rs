//! A policy that gives no verdict: what that means is for the configuration to say, and nobody else suffers.

use crate::guest;
use expect_test::expect;
use plimsoll_tests::{
    deployment,
    webhook::{Setup, Webhook, create, object},
};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The hostile guest as a file.
pub(crate) fn module() -> Option<PathBuf> {
    let file = plimsoll_tests::target().join(format!("policies/hostile-{}.wasm", std::process::id()));
    if !file.exists() {
        std::fs::write(&file, guest::component()?).expect("a file");
    }
    Some(file)
}

/// A configuration with the guest that does this; `more` are lines of the policy's entry.
pub(crate) fn config(verb: &str, more: &str) -> Option<String> {
    let module = module()?;
    Some(format!(
        "policies:\n  hostile:\n    module: {}\n    settings: {{ verb: {verb} }}\n{more}  neighbour: {{ rules: {{ seen: warn }} }}\n",
        module.display()
    ))
}

/// A configuration with fourteen policies of one module that run for ever, each with this in its entry.
pub(crate) fn crowd(entry: &str) -> Option<String> {
    let module = module()?;
    let looper = |number: usize| format!("  looper-{number}: {{ rules: {{ loop-{number}: deny }}, {entry} }}\n");
    let loopers: String = (0..14).map(looper).collect();
    Some(format!("policies:\n  hostile: {{ module: {} }}\n{loopers}", module.display()))
}

/// How long a call was let run depends on what was left of the time of its module.
fn without_time(text: &str) -> String {
    match text.split_once(" after ").and_then(|(before, after)| Some((before, after.split_once(" ms")?.1))) {
        Some((before, after)) => format!("{before} after … ms{after}"),
        None => text.to_owned(),
    }
}

fn review() -> Value {
    create(&object(&deployment("app:1.2.3")))
}

#[tokio::test]
async fn each_failure_is_let_pass_with_a_warning_while_the_neighbour_is_heard() {
    let mut told = String::new();
    for verb in
        ["loop", "allocate", "recurse", "trap", "panic", "unknown-rule", "bad-pointer", "bad-utf8", "huge-answer"]
    {
        let Some(config) = config(verb, "") else { return };
        let webhook = Webhook::with(&config).await;
        let response = webhook.review(&review()).await;
        assert_eq!(response["allowed"], true, "{verb}");
        assert_eq!(response["auditAnnotations"]["no-verdict-of"], "hostile", "{verb}");
        let warning = response["warnings"][0].as_str().expect("a warning");
        told += &format!("{verb}: {}\n", without_time(warning));
        assert!(
            response["warnings"][1].as_str().is_some_and(|text| text.starts_with("seen: ")),
            "{verb}: {response:#}"
        );
        let (_, metrics) = webhook.admin("/metrics").await;
        let series = metrics.lines().find(|line| line.starts_with("plimsoll_policy_failures_total{"));
        told += &format!("    {}\n", series.expect("it is counted"));
    }
    expect![[r#"
        loop: policy hostile gave no verdict: it was stopped after … ms; allowed
            plimsoll_policy_failures_total{cause="deadline",policy="hostile"} 1
        allocate: policy hostile gave no verdict: it asked for more than 16 MiB of memory; allowed
            plimsoll_policy_failures_total{cause="memory",policy="hostile"} 1
        recurse: policy hostile gave no verdict: it ran out of stack; allowed
            plimsoll_policy_failures_total{cause="trap",policy="hostile"} 1
        trap: policy hostile gave no verdict: it trapped: wasm `unreachable` instruction executed; allowed
            plimsoll_policy_failures_total{cause="trap",policy="hostile"} 1
        panic: policy hostile gave no verdict: it panicked: this is what a bug looks like�[2J (src/lib.rs:96); allowed
            plimsoll_policy_failures_total{cause="trap",policy="hostile"} 1
        unknown-rule: policy hostile gave no verdict: its answer cannot be taken: a finding of "latest-tag", which is not a rule of `hostile`; allowed
            plimsoll_policy_failures_total{cause="bad_answer",policy="hostile"} 1
        bad-pointer: policy hostile gave no verdict: its answer cannot be taken: a finding of `bad-behaviour` points to "../../etc/passwd", which is not a JSON pointer; allowed
            plimsoll_policy_failures_total{cause="bad_answer",policy="hostile"} 1
        bad-utf8: policy hostile gave no verdict: its answer cannot be taken: invalid utf-8 sequence of 1 bytes from index 1; allowed
            plimsoll_policy_failures_total{cause="bad_answer",policy="hostile"} 1
        huge-answer: policy hostile gave no verdict: its answer cannot be taken: too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted; allowed
            plimsoll_policy_failures_total{cause="bad_answer",policy="hostile"} 1
    "#]].assert_eq(&told);
}

#[tokio::test]
async fn the_configuration_says_whose_failure_refuses() {
    for (claim, more, rest, flag, allowed) in [
        ("the flag refuses", "", "", "deny", false),
        ("the file wins over the flag", "", "webhook: { on-failure: allow }\n", "deny", true),
        ("the file refuses", "", "webhook: { on-failure: deny }\n", "allow", false),
        ("the policy wins over the file", "    on-failure: allow\n", "webhook: { on-failure: deny }\n", "deny", true),
        ("the policy refuses", "    on-failure: deny\n", "webhook: { on-failure: allow }\n", "allow", false),
    ] {
        let Some(config) = config("trap", more) else { return };
        let config = config + rest;
        let flags = ["--on-failure", flag];
        let webhook = Webhook::start(Setup { config: &config, flags: &flags, ..Setup::default() }).await;
        let response = webhook.review(&review()).await;
        assert_eq!(response["allowed"], allowed, "{claim}: {response:#}");
    }
}

#[tokio::test]
async fn a_refusal_for_want_of_a_verdict_says_so() {
    let Some(config) = config("trap", "    on-failure: deny\n") else { return };
    let webhook = Webhook::with(&config).await;
    let response = webhook.review(&review()).await;
    expect![[r#"
        Deployment default/app was refused without a verdict:
        - policy hostile gave no verdict: it trapped: wasm `unreachable` instruction executed
          the configuration says `on-failure: deny`; try again, or tell the operator of the webhook"#]]
    .assert_eq(response["status"]["message"].as_str().expect("a message"));
    assert_eq!(response["status"]["details"]["causes"], json!([]));
}

/// What the policies of one module find or fail to find takes nothing from what others found.
#[tokio::test]
async fn fourteen_policies_that_run_for_ever_take_no_verdict_of_others() {
    let Some(config) = crowd("on-failure: allow") else { return };
    let webhook = Webhook::with(&config).await;
    let latest = create(&object(&deployment("app:latest")));
    for timeout in ["3s", "1s"] {
        let answer = webhook.post(&format!("/validate?timeout={timeout}"), &latest).await.json();
        let response = &answer["response"];
        let annotations = &response["auditAnnotations"];
        assert_eq!(response["allowed"], false, "{timeout}: {response:#}");
        let refused_by = annotations["refused-by"].as_str().expect("rules");
        let silent = annotations["no-verdict-of"].as_str().expect("failures");
        assert_eq!(silent.split(',').filter(|policy| policy.starts_with("looper-")).count(), 14, "{silent}");
        // Those of the same module that are quick are heard too.
        assert_eq!(refused_by, "latest-tag,seen", "{timeout}: {response:#}");
    }
    assert_eq!(webhook.metric("plimsoll_deadline_missed_total").await, Some(0.0));
}
