//! `plimsoll release` against an API server that plays a transcript.

mod objects;
mod server;

use expect_test::{Expect, expect};
use objects::{MANIFEST, crashing, ending, event, job, pod, record, running, set, waiting, web};
use plimsoll::release::watch::RESOURCES;
use plimsoll_tests::{Outcome, collector::Collector, root, webhook::eventually};
use serde_json::Value;
use server::Server;
use std::{collections::BTreeSet, thread};
use tokio::runtime::Runtime;

/// A release that is deployed, whose Job is complete, and whose one pod is in this state.
fn with_pod(state: &Value) -> Server {
    let server = Server::start();
    server.put(&record("shop", 3, "deployed", MANIFEST)).put(&job("Complete", ""));
    server.put(&web(1, u32::from(state["ready"] == true))).put(&set(2, u32::from(state["ready"] == true)));
    server.put(&pod("web-a", "web-v2", state));
    server
}

/// What was printed, without what differs from run to run: seconds.
fn shown(outcome: &Outcome) -> String {
    let line = |line: &str| {
        let line = match line.split_once("s  ") {
            Some((seconds, rest)) if seconds.trim().parse::<u32>().is_ok() => rest,
            _ => line,
        };
        let end = line.rfind(" (after ").map(|at| format!("{} (after N s)", &line[..at]));
        end.unwrap_or_else(|| line.to_owned())
    };
    // Whether it is seen before there is a record is chance.
    let lines = outcome.stdout.lines().chain(outcome.stderr.lines()).map(line).filter(|line| line != "pending");
    let text: Vec<String> = lines.collect();
    format!("{}\nexit code {}\n", text.join("\n"), outcome.code)
}

fn check(outcome: &Outcome, expected: &Expect) {
    expected.assert_eq(&shown(outcome));
}

/// No wait where nothing is waited for.
const QUICK: [&str; 4] = ["shop", "--stable-for", "0", "--appear-timeout=1s"];

#[test]
fn a_release_that_is_finished() {
    check(
        &with_pod(&running()).release(&QUICK, ""),
        &expect![[r#"
        complete (revision 3)
        Job shop/migrate-3: complete
        Deployment shop/web: 1 of 1 new pods ready
        shop revision 3: complete (after N s)
        exit code 0
    "#]],
    );
}

#[test]
fn a_rollout_is_followed_to_its_end() {
    let server = Server::start();
    server.put(&record("shop", 3, "deployed", MANIFEST)).put(&job("", "")).put(&web(1, 1));
    server.put(&set(1, 1)).put(&set(2, 0)).put(&pod("web-old", "web-v1", &running()));
    server.put(&pod("web-new", "web-v2", &waiting("PodInitializing", "")));
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            server.until_watched("pods", 1).until_watched("jobs", 1).until_watched("deployments", 1);
            server.put(&job("Complete", "")).put(&pod("web-new", "web-v2", &running())).put(&set(2, 1)).put(&web(1, 1));
            server.put(&ending("web-old", "web-v1", None));
            let last = ending("web-old", "web-v1", Some((137, "job 17 was cut off")));
            server.put(&last).delete(&last);
        });
        server.release(&["shop", "--stable-for", "0"], "")
    });
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    let end = outcome.stdout.lines().skip_while(|line| !line.starts_with("shop")).collect::<Vec<_>>().join("\n");
    expect![[r#"
        shop revision 3: complete (after N s)
          old pod web-old of Deployment shop/web: container app was killed (137): its grace period of 5 s was too short; raise terminationGracePeriodSeconds; its last words: job 17 was cut off
        exit code 0
    "#]].assert_eq(&shown(&Outcome { stdout: end, ..outcome }));
}

/// A migration that fails: seed E.
fn failing_migration() -> Server {
    let server = with_pod(&waiting("PodInitializing", ""));
    server.put(&job("Failed", "Job has reached the specified backoff limit"));
    let mut attempt = pod("migrate-3-x", "migrate-3", &crashing(0, 1, "Error", ""));
    attempt["status"]["phase"] = "Failed".into();
    server.put(&attempt).log("migrate-3-x", "connecting\nerror: column `price` does not exist\n");
    server.put(&event("e1", "migrate-3", "BackoffLimitExceeded", "Job has reached the specified backoff limit", 1));
    server
}

#[test]
fn a_failing_migration_fails_at_once_with_its_log() {
    check(
        &failing_migration().release(&QUICK, ""),
        &expect![[r#"
            migrating (revision 3)
            Job shop/migrate-3: failed; job-failed: container app BackoffLimitExceeded: Job has reached the specified backoff limit; container app ended with exit code 1
            Deployment shop/web: 0 of 1 new pods ready, waits for Job shop/migrate-3
            shop revision 3: failed: Job shop/migrate-3: job-failed (after N s)
              cause: container app of pod migrate-3-x: BackoffLimitExceeded: Job has reached the specified backoff limit; container app ended with exit code 1
              blocked by it: Deployment shop/web
              events:
                BackoffLimitExceeded: Job has reached the specified backoff limit
              last lines of container app of pod migrate-3-x:
                | connecting
                | error: column `price` does not exist
              what to do: fix what the Job runs and release again; until then what waits for it never starts, and the old version serves on
            exit code 1
        "#]],
    );
}

#[test]
fn the_end_has_other_formats() {
    let server = failing_migration();
    for (format, expected) in [
        (
            "junit",
            expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="plimsoll release shop" tests="3" failures="2" errors="0" skipped="1" time="0">
          <testsuite name="plimsoll release shop" tests="3" failures="2" errors="0" skipped="1" time="0">
            <testcase classname="shop" name="is complete" time="0">
              <failure message="failed: Job shop/migrate-3: job-failed">BackoffLimitExceeded: Job has reached the specified backoff limit; container app ended with exit code 1; what to do: fix what the Job runs and release again; until then what waits for it never starts, and the old version serves on</failure>
            </testcase>
            <testcase classname="shop" name="Job shop/migrate-3" time="0">
              <failure message="job-failed">BackoffLimitExceeded: Job has reached the specified backoff limit; container app ended with exit code 1</failure>
            </testcase>
            <testcase classname="shop" name="Deployment shop/web" time="0">
              <skipped message="0 of 1 new pods ready, waits for Job shop/migrate-3"/>
            </testcase>
          </testsuite>
        </testsuites>
    "#]],
        ),
        (
            "github",
            expect![[r#"
        ::error title=release shop::failed: Job shop/migrate-3: job-failed. BackoffLimitExceeded: Job has reached the specified backoff limit; container app ended with exit code 1. What to do: fix what the Job runs and release again; until then what waits for it never starts, and the old version serves on
    "#]],
        ),
    ] {
        let outcome = server.release(&[&QUICK[..], &["-f", format]].concat(), "");
        assert_eq!(outcome.code, 1);
        expected.assert_eq(&outcome.stdout.replace(&seconds(&outcome.stdout), r#"time="0""#));
    }
    let outcome = server.release(&[&QUICK[..], &["-f", "json"]].concat(), "");
    let report = outcome.report();
    assert_eq!(report["cause"]["fault"], "job-failed");
    assert_eq!(report["blocked"][0]["name"], "Deployment shop/web");
    assert_eq!((&report["exitCode"], &report["revision"], &report["end"]), (&1.into(), &3.into(), &"failed".into()));
    let outcome = server.release(&[&QUICK[..], &["-f", "ndjson"]].concat(), "");
    let lines: Vec<Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["change"]["phase"] == "migrating"), "{lines:?}");
    assert_eq!(lines.last().unwrap()["ending"]["exitCode"], 1);
}

/// The attribute with the time of a run that may take a second.
fn seconds(junit: &str) -> String {
    let time = junit.split(r#"time=""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("0");
    format!(r#"time="{time}""#)
}

#[test]
fn a_process_that_ends_with_0_is_named_for_what_it_is() {
    let server = with_pod(&crashing(3, 0, "Completed", ""));
    server.log("web-a previous", "press any key to exit\n");
    server.put(&event("e1", "web-a", "BackOff", "Back-off restarting failed container app", 4));
    check(
        &server.release(&QUICK, ""),
        &expect![[r#"
            rolling (revision 3)
            Job shop/migrate-3: complete
            Deployment shop/web: 0 of 1 new pods ready; ends-by-itself: container app ended with exit code 0 (Completed), restarted 3 times
            shop revision 3: failed: Deployment shop/web: ends-by-itself (after N s)
              cause: container app of pod web-a: ended with exit code 0 (Completed), restarted 3 times
              events:
                BackOff ×4: Back-off restarting failed container app
              last lines of container app of pod web-a, before it was restarted:
                | press any key to exit
              what to do: the process ends with exit code 0 and is started again for ever; something that ends is a Job, and a service must not wait for a terminal or for a key
            exit code 1
        "#]],
    );
}

#[test]
fn liveness_kills_are_grouped() {
    let server = with_pod(&crashing(3, 137, "Error", ""));
    server.put(&event("e1", "web-a", "Unhealthy", "Liveness probe failed: timeout", 9));
    server.put(&event("e2", "web-a", "Killing", "Container app failed liveness probe, will be restarted", 3));
    let outcome = server.release(&QUICK, "");
    assert!(outcome.stdout.contains("Unhealthy ×9") && outcome.stdout.contains("Killing ×3"), "{}", outcome.stdout);
    assert_eq!(outcome.code, 1);
}

#[test]
fn a_crash_loop_is_not_running() {
    let server = with_pod(&crashing(3, 1, "Error", "no such host: db"));
    server.refuse("events", 403);
    check(
        &server.release(&QUICK, ""),
        &expect![[r#"
        note: events of namespace shop are not shown: events is forbidden: User "ci" cannot list resource "events"
        rolling (revision 3)
        Job shop/migrate-3: complete
        Deployment shop/web: 0 of 1 new pods ready; crash-loop: container app ended with exit code 1 (Error): no such host: db, restarted 3 times
        shop revision 3: failed: Deployment shop/web: crash-loop (after N s)
          cause: container app of pod web-a: ended with exit code 1 (Error): no such host: db, restarted 3 times
          not read: the log of container app of pod web-a: no log
          what to do: the process ends again and again: its last lines say why
        exit code 1
    "#]],
    );
}

#[test]
fn a_release_is_not_one_whose_name_begins_the_same() {
    let server = with_pod(&running());
    check(
        &server.release(&["sho", "--appear-timeout=1s"], ""),
        &expect![[r#"
        sho: nothing to watch (after N s)
          what to do: there is no release `sho` in namespace shop: check both names, and run this after `helm upgrade --install`
        exit code 5
    "#]],
    );
}

#[test]
fn a_newer_revision_supersedes() {
    let server = with_pod(&waiting("ContainerCreating", ""));
    let outcome = thread::scope(|scope| {
        scope.spawn(|| server.until_watched("pods", 1).put(&record("shop", 4, "pending-upgrade", MANIFEST)));
        server.release(&QUICK, "")
    });
    assert_eq!((outcome.code, outcome.stdout.contains("superseded by revision 4")), (4, true), "{}", outcome.stdout);
}

#[test]
fn what_is_waited_for_when_the_time_is_over() {
    let server = with_pod(&waiting("ContainerCreating", ""));
    server.put(&event("e1", "web-a", "FailedMount", "configmap \"settings\" not found", 3));
    let outcome = server.release(&["shop", "--timeout", "1s", "--appear-timeout", "1s"], "");
    check(
        &outcome,
        &expect![[r#"
        rolling (revision 3)
        Job shop/migrate-3: complete
        Deployment shop/web: 0 of 1 new pods ready
        Deployment shop/web: 0 of 1 new pods ready; not-ready: container app stuck in ContainerCreating
        shop revision 3: timed out, waiting for Deployment shop/web: not-ready (after N s)
          cause: container app of pod web-a: stuck in ContainerCreating
          events:
            FailedMount ×3: configmap "settings" not found
          not read: the log of container app of pod web-a: no log
          what to do: see its events and its log
        exit code 3
    "#]],
    );
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_api_server() {
    let server = with_pod(&running());
    let mut refused = set(2, 0);
    refused["status"]["conditions"] = serde_json::json!([{
        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
        "message": "admission webhook \"validate.plimsoll.dev\" denied the request: latest-tag: image `shop/web` has no tag",
    }]);
    server.put(&refused).delete(&pod("web-a", "web-v2", &running())).put(&web(0, 0));
    check(
        &server.release(&QUICK, ""),
        &expect![[r#"
        rolling (revision 3)
        Job shop/migrate-3: complete
        Deployment shop/web: 0 of 1 new pods ready; refused-by-admission: its pods are not created: admission webhook "validate.plimsoll.dev" denied the request: latest-tag: image `shop/web` has no tag
        shop revision 3: failed: Deployment shop/web: refused-by-admission (after N s)
          cause: its pods are not created: admission webhook "validate.plimsoll.dev" denied the request: latest-tag: image `shop/web` has no tag
          what to do: the API server refuses its pods: change the pod template as the message says
        exit code 1
    "#]],
    );
}

#[test]
fn whoever_may_not_watch_is_told_what_is_missing() {
    let server = with_pod(&running());
    server.refuse("pods", 403);
    check(
        &server.release(&QUICK, ""),
        &expect![[r#"
        error: not allowed to watch pods in namespace shop: pods is forbidden: User "ci" cannot list resource "pods"; docs/release-rbac.yaml has the least that is needed
        exit code 6
    "#]],
    );
}

#[test]
fn versions_that_are_gone_connections_that_are_cut_and_changes_that_are_told_twice_change_nothing() {
    let server = Server::start();
    server.repeat().put(&record("shop", 3, "deployed", MANIFEST)).put(&job("", "")).put(&web(1, 0)).put(&set(2, 0));
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            server.until_watched("jobs", 1).until_watched("pods", 1).until_watched("deployments", 1);
            server.forget("jobs").until_watched("jobs", 2).cut("pods").until_watched("pods", 2);
            server.put(&job("Complete", "")).put(&pod("web-a", "web-v2", &running()));
            server.forget("deployments").put(&set(2, 1)).put(&web(1, 1));
            server.cut("replicasets");
        });
        server.release(&["shop", "--stable-for", "0"], "")
    });
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn a_job_that_its_time_to_live_deletes_counts() {
    let server = with_pod(&waiting("PodInitializing", ""));
    server.put(&job("", ""));
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            server
                .until_watched("jobs", 1)
                .until_watched("pods", 1)
                .put(&job("Complete", ""))
                .delete(&job("Complete", ""));
            server.put(&pod("web-a", "web-v2", &running())).put(&set(2, 1)).put(&web(1, 1));
        });
        server.release(&["shop", "--stable-for", "0"], "")
    });
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
}

#[test]
fn nothing_is_judged_by_what_was_so_before_helm_was_done() {
    // The old version runs, and Helm applies the new one.
    let server = with_pod(&running());
    server.put(&record("shop", 4, "pending-upgrade", MANIFEST));
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            server.until_watched("pods", 1).until_watched("deployments", 1);
            server.put(&web(1, 0)).put(&pod("web-a", "web-v2", &waiting("ErrImageNeverPull", "")));
            server.put(&record("shop", 4, "deployed", MANIFEST));
        });
        server.release(&QUICK, "")
    });
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
}

#[test]
fn a_manifest_does_where_secrets_may_not_be_read() {
    let server = with_pod(&running());
    server.refuse("secrets", 403);
    let outcome = server.release(&["--manifest", "-", "--stable-for", "0"], MANIFEST);
    check(
        &outcome,
        &expect![[r#"
        complete
        Job shop/migrate-3: complete
        Deployment shop/web: 1 of 1 new pods ready
        standard input: complete (after N s)
        exit code 0
    "#]],
    );
    // It may be over before the last watch has begun.
    let (lists, watches): (Vec<_>, Vec<_>) =
        server.requests().into_iter().partition(|request| request.starts_with("list"));
    assert!(watches.iter().all(|watch| lists.contains(&watch.replace("watch ", "list "))), "{watches:?}");
    expect![[r#"
        list /api/v1/namespaces/shop/events
        list /api/v1/namespaces/shop/pods
        list /apis/apps/v1/namespaces/shop/deployments
        list /apis/apps/v1/namespaces/shop/replicasets
        list /apis/batch/v1/namespaces/shop/jobs"#]]
    .assert_eq(&lists.join("\n"));
}

#[test]
fn a_collector_gets_a_span_for_each_phase_and_part() {
    let runtime = Runtime::new().expect("a runtime");
    let Some(collector) = runtime.block_on(Collector::start()) else { return };
    let variable = format!("OTEL_EXPORTER_OTLP_ENDPOINT={}", collector.endpoint());
    let outcome = failing_migration().release_with(&variable, &QUICK, "");
    assert_eq!((outcome.code, &*outcome.stderr), (1, ""));
    let names = ["release shop", "migrating", "Job shop/migrate-3", "Deployment shop/web"];
    runtime.block_on(eventually("the spans", async || {
        let text = collector.text();
        names.iter().all(|name| text.contains(name)).then_some(())
    }));
}

#[test]
fn the_role_names_what_is_asked_for_and_nothing_else() {
    let role = std::fs::read_to_string(root().join("docs/release-rbac.yaml")).expect("the role");
    let role: Value = serde_yaml::from_str(&role).expect("YAML");
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    let mut granted = BTreeSet::new();
    for rule in role["rules"].as_array().expect("rules") {
        for (group, resource) in texts(&rule["apiGroups"])
            .iter()
            .flat_map(|group| texts(&rule["resources"]).into_iter().map(move |resource| (group.clone(), resource)))
        {
            granted.extend(texts(&rule["verbs"]).into_iter().map(|verb| format!("{verb} {group}/{resource}")));
        }
    }
    let asked = RESOURCES.iter().flat_map(|resource| {
        resource.verbs.iter().map(move |verb| format!("{verb} {}/{}", resource.group, resource.name))
    });
    assert_eq!(granted, asked.collect());
}

#[test]
fn a_manifest_that_cannot_be_read_is_a_wrong_use() {
    let server = Server::start();
    check(
        &server.release(&["--manifest", "-"], "kind: Pod\n---\nkind: [\n"),
        &expect![[r#"
        error: -: document 2, line 2: not valid YAML: the `[` that opens here is not closed
        exit code 2
    "#]],
    );
    check(
        &server.release(&["--manifest", "-"], "kind: ConfigMap\n"),
        &expect![[r#"
            standard input: nothing to watch (after N s)
              what to do: it has no Deployment, StatefulSet, DaemonSet, Job or Pod; there is nothing to wait for
            exit code 5
        "#]],
    );
}
