//! Each rule of the verdict.

use super::build::*;
use crate::release::{
    plan::Hook,
    record::{HookRun, Record, Status},
    verdict::{End, Phase, Until},
};
use serde_json::json;

/// A Deployment of one pod that is rolled out.
fn rolled_out() -> Story {
    let mut story = Story::of(&["Deployment web"]);
    story.see(&deployment(1, 1, 1));
    story.see(&replica_set("2", 1));
    story.see(&ready(pod("a", "rs2")));
    story
}

/// A Deployment whose one new pod is in this state.
fn with_pod(pod: &serde_json::Value) -> Story {
    let mut story = Story::of(&["Deployment web"]);
    story.see(&deployment(1, 1, 0));
    story.see(&replica_set("2", 0));
    story.see(pod);
    story
}

fn nothing() -> (Option<End>, String) {
    (None, String::new())
}

fn end(end: End, code: &str) -> (Option<End>, String) {
    (Some(end), code.to_owned())
}

#[test]
fn complete_once_it_was_stable_for_the_window() {
    let mut story = rolled_out();
    assert_eq!(story.phase(9), Phase::Stabilising);
    assert_eq!(story.end(1), end(End::Complete, ""));
}

#[test]
fn a_restart_begins_the_window_anew() {
    let mut story = rolled_out();
    story.after(9);
    let mut restarted = ready(pod("a", "rs2"));
    restarted["status"]["containerStatuses"][0]["restartCount"] = 1.into();
    story.see(&restarted);
    assert_eq!(story.end(9), nothing());
    assert_eq!(story.end(1), end(End::Complete, ""));
}

#[test]
fn not_complete_while_an_old_pod_is_left() {
    let mut story = rolled_out();
    story.see(&replica_set("1", 0));
    story.see(&ending(ready(pod("old", "rs1"))));
    assert_eq!(story.phase(20), Phase::Draining);
    story.lose("old");
    assert_eq!(story.end(0), end(End::Complete, ""));
}

#[test]
fn with_no_drained_old_pods_may_be_left() {
    let mut story = rolled_out();
    story.wish.is_drained = false;
    story.see(&replica_set("1", 0));
    story.see(&ending(ready(pod("old", "rs1"))));
    assert_eq!(story.end(10), end(End::Complete, ""));
}

#[test]
fn pods_of_older_revisions_do_not_count() {
    let mut story = Story::of(&["Deployment web"]);
    story.see(&deployment(1, 0, 1));
    story.see(&replica_set("1", 1));
    story.see(&replica_set("2", 0));
    story.see(&ready(pod("old", "rs1")));
    assert_eq!((story.phase(20), story.after(0).nodes[0].ready), (Phase::Rolling, 0));
    // A broken old pod is no fault of the new version.
    story.see(&crashed(pod("old", "rs1"), 9, 1, "Error"));
    assert_eq!(story.end(60), nothing());
}

#[test]
fn nothing_counts_before_the_controller_has_seen_the_new_version() {
    let mut story = rolled_out();
    let mut stale = deployment(1, 1, 1);
    stale["status"]["observedGeneration"] = 1.into();
    story.see(&stale);
    assert_eq!(story.end(30), nothing());
}

#[test]
fn what_cannot_pass_fails_at_once() {
    for (reason, code) in [("InvalidImageName", "invalid-image-name"), ("ErrImageNeverPull", "image-never-pulled")] {
        assert_eq!(with_pod(&waiting(pod("a", "rs2"), reason, "")).end(0), end(End::Failed, code));
    }
    assert_eq!(with_pod(&crashed(pod("a", "rs2"), 0, 78, "Error")).end(0), end(End::Failed, "bad-configuration"));
}

#[test]
fn what_may_pass_has_its_allowance() {
    for (reason, seconds, code) in [
        ("ErrImagePull", 60, "image-not-pulled"),
        ("ImagePullBackOff", 60, "image-not-pulled"),
        ("CreateContainerConfigError", 30, "container-config"),
    ] {
        let mut story = with_pod(&waiting(pod("a", "rs2"), reason, "why"));
        assert_eq!(story.end(seconds - 1).0, None, "{reason}");
        assert_eq!(story.end(1), end(End::Failed, code));
    }
}

#[test]
fn a_pull_that_is_tried_again_is_the_same_trouble() {
    let mut story = with_pod(&waiting(pod("a", "rs2"), "ErrImagePull", ""));
    story.after(40);
    story.see(&waiting(pod("a", "rs2"), "ImagePullBackOff", ""));
    assert_eq!(story.end(20), end(End::Failed, "image-not-pulled"));
}

#[test]
fn passing_troubles_of_a_node_fail_nothing() {
    let unsynced = "failed to sync configmap cache: timed out waiting for the condition";
    assert_eq!(with_pod(&waiting(pod("a", "rs2"), "CreateContainerConfigError", unsynced)).end(600).0, None);
    assert_eq!(with_pod(&crashed(pod("a", "rs2"), 5, 128, "ContainerCannotRun")).end(600).0, None);
    let mut evicted = pod("a", "rs2");
    evicted["status"] = json!({ "phase": "Failed", "reason": "Evicted" });
    assert_eq!(with_pod(&evicted).end(600).0, None);
}

#[test]
fn crash_loops_are_counted_in_restarts() {
    assert_eq!(with_pod(&crashed(pod("a", "rs2"), 2, 1, "Error")).end(600).0, None);
    assert_eq!(with_pod(&crashed(pod("a", "rs2"), 3, 1, "Error")).end(0), end(End::Failed, "crash-loop"));
    assert_eq!(with_pod(&crashed(pod("a", "rs2"), 3, 0, "Completed")).end(0), end(End::Failed, "ends-by-itself"));
    assert_eq!(with_pod(&crashed(pod("a", "rs2"), 0, 137, "OOMKilled")).end(600).0, None);
    assert_eq!(with_pod(&crashed(pod("a", "rs2"), 1, 137, "OOMKilled")).end(0), end(End::Failed, "out-of-memory"));
}

#[test]
fn an_init_container_crashes_too() {
    let mut broken = pod("a", "rs2");
    let crash = crashed(pod("a", "rs2"), 3, 1, "Error")["status"]["containerStatuses"].clone();
    broken["status"]["initContainerStatuses"] = crash;
    assert_eq!(with_pod(&broken).end(0), end(End::Failed, "crash-loop"));
}

#[test]
fn no_node_for_two_minutes_fails() {
    let mut unschedulable = pod("a", "rs2");
    unschedulable["status"] = json!({ "phase": "Pending", "conditions": [
        { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available" },
    ]});
    let mut story = with_pod(&unschedulable);
    assert_eq!(story.end(119).0, None);
    assert_eq!(story.end(1), end(End::Failed, "unschedulable"));
}

#[test]
fn a_refusal_fails_at_once() {
    for (message, code) in [
        ("exceeded quota: small", "refused-by-quota"),
        ("admission webhook \"x\" denied the request: no", "refused-by-admission"),
    ] {
        let mut story = Story::of(&["Deployment web"]);
        story.see(&deployment(1, 0, 0));
        let mut set = replica_set("2", 0);
        set["status"]["conditions"] = json!([{ "type": "ReplicaFailure", "status": "True", "message": message }]);
        story.see(&set);
        assert_eq!(story.end(0), end(End::Failed, code));
        // While an old pod ends, there will be room in a quota.
        story.see(&replica_set("1", 0));
        story.see(&ending(ready(pod("old", "rs1"))));
        let expected = if code == "refused-by-quota" { (None, code.to_owned()) } else { end(End::Failed, code) };
        assert_eq!(story.end(0), expected);
    }
}

#[test]
fn a_refused_pod_of_a_stateful_set_is_known_by_its_event() {
    let mut story = Story::of(&["StatefulSet web"]);
    story.see(&stateful_set(1, 0, 0));
    story.see(&event("e1", "web", "FailedCreate", "pods \"web-0\" is forbidden: exceeded quota: small"));
    assert_eq!(story.end(0), end(End::Failed, "refused-by-quota"));
    story.see(&event("e2", "web", "SuccessfulCreate", ""));
    assert_eq!(story.end(0), nothing());
}

#[test]
fn a_failed_job_is_the_root_and_what_waits_for_it_is_blocked() {
    let mut story = Story::of(&["Job migrate", "Deployment web"]);
    story.see(&job("FailureTarget", 7));
    story.see(&deployment(1, 1, 0));
    story.see(&replica_set("2", 0));
    story.see(&pod("a", "rs2"));
    let picture = story.after(0);
    assert_eq!(picture.end, Some(End::Failed));
    let root = picture.root.unwrap();
    assert_eq!((root.object.to_string(), root.fault.code()), ("Job shop/migrate".to_owned(), "job-failed"));
    assert_eq!(picture.nodes[1].blocked_by, [root.object]);
}

#[test]
fn failed_attempts_of_a_job_are_not_its_end() {
    let mut story = Story::of(&["Job migrate"]);
    story.see(&job("", 6));
    story.see(&crashed(pod("m", "migrate"), 6, 1, "Error"));
    assert_eq!((story.phase(600), story.end(0).0), (Phase::Migrating, None));
    story.see(&job("Complete", 6));
    assert_eq!(story.end(10), end(End::Complete, ""));
}

#[test]
fn a_job_counts_when_its_time_to_live_has_deleted_it() {
    let mut story = Story::of(&["Job migrate"]);
    story.see(&job("Complete", 0));
    story.lose("migrate");
    assert_eq!(story.end(10), end(End::Complete, ""));
}

#[test]
fn a_job_that_was_deleted_before_its_end_is_unknown() {
    let mut story = Story::of(&["Job migrate"]);
    story.see(&job("", 0));
    story.lose("migrate");
    assert_eq!(story.end(60), end(End::NothingToWatch, ""));
    let mut story = Story::of(&["Job migrate"]).helm(Status::Deployed);
    story.see(&job("", 0));
    story.lose("migrate");
    assert_eq!(story.end(60), end(End::Stuck, "not-there"));
}

fn too_slow() -> serde_json::Value {
    let mut slow = deployment(1, 1, 0);
    slow["status"]["conditions"] =
        json!([{ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "slow" }]);
    slow
}

#[test]
fn the_progress_deadline_counts_unless_a_running_job_explains_it() {
    let mut story = with_pod(&pod("a", "rs2"));
    story.see(&too_slow());
    assert_eq!(story.end(0), end(End::Failed, "progress-deadline-exceeded"));

    let mut story = Story::of(&["Job migrate", "Deployment web"]);
    story.see(&job("", 0));
    story.see(&too_slow());
    story.see(&replica_set("2", 0));
    story.see(&pod("a", "rs2"));
    assert_eq!(story.end(700).0, None);
    story.see(&job("Complete", 0));
    assert_eq!(story.end(300).0, None);
    assert_eq!(story.end(0).0, None);
    story.wish.timeout = seconds(3000);
    assert_eq!(story.end(300), end(End::Failed, "progress-deadline-exceeded"));
}

#[test]
fn init_containers_that_give_up_waiting_for_a_running_job_fail_nothing() {
    let mut story = Story::of(&["Job migrate", "Deployment web"]);
    story.see(&job("", 0));
    story.see(&deployment(1, 1, 0));
    story.see(&replica_set("2", 0));
    let mut waits = pod("a", "rs2");
    waits["status"]["initContainerStatuses"] =
        crashed(pod("a", "rs2"), 5, 1, "Error")["status"]["containerStatuses"].clone();
    story.see(&waits);
    assert_eq!(story.end(60).0, None);
    // The run that ended at 00:01:00 began after the Job's end at 00:00:30.
    story.see(&job("Complete", 0));
    assert_eq!(story.end(0), end(End::Failed, "crash-loop"));
    // One that began before says nothing.
    waits["status"]["initContainerStatuses"][0]["lastState"]["terminated"]["startedAt"] = "2026-01-01T00:00:10Z".into();
    story.see(&waits);
    assert_eq!(story.end(0).0, None);
}

#[test]
fn a_stateful_set_is_stuck_on_its_broken_pod() {
    let mut story = Story::of(&["StatefulSet web"]);
    story.see(&stateful_set(2, 1, 1));
    story.see(&waiting(pod_at("web-1", "2"), "InvalidImageName", ""));
    let picture = story.after(0);
    assert_eq!(picture.end, Some(End::Stuck));
    assert!(picture.root.unwrap().advice.contains("applying the fix will not replace it"));

    // An old pod that is broken blocks the fix.
    let mut story = Story::of(&["StatefulSet web"]);
    story.see(&stateful_set(1, 0, 0));
    story.see(&waiting(pod_at("web-0", "1"), "ImagePullBackOff", ""));
    assert_eq!(story.end(29).0, None);
    assert_eq!(story.end(1), end(End::Stuck, "blocked-by-old-pod"));
}

#[test]
fn a_partition_leaves_lower_ordinals_alone() {
    let mut story = Story::of(&["StatefulSet web"]);
    let mut set = stateful_set(2, 1, 2);
    set["spec"]["updateStrategy"] = json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 1 } });
    story.see(&set);
    story.see(&ready(pod_at("web-0", "1")));
    story.see(&ready(pod_at("web-1", "2")));
    assert_eq!(story.end(10), end(End::Complete, ""));
}

#[test]
fn on_delete_is_stuck_until_somebody_deletes() {
    let mut story = Story::of(&["StatefulSet web"]);
    let mut set = stateful_set(1, 0, 1);
    set["spec"]["updateStrategy"] = json!({ "type": "OnDelete" });
    story.see(&set);
    story.see(&ready(pod_at("web-0", "1")));
    assert_eq!(story.end(0), end(End::Stuck, "on-delete"));
}

#[test]
fn a_daemon_set_counts_pods_of_the_template_it_has() {
    let mut story = Story::of(&["DaemonSet web"]);
    story.see(&daemon_set(1, 1, 1));
    story.see(&controller_revision("1", 1));
    story.see(&ready(pod_at("web-a", "2")));
    // The revision of its template was not heard of yet.
    assert_eq!(story.end(20).0, None);
    story.see(&controller_revision("2", 2));
    assert_eq!(story.end(0), end(End::Complete, ""));
}

#[test]
fn an_old_pod_that_does_not_die_is_named() {
    let mut story = rolled_out();
    story.see(&replica_set("1", 0));
    story.see(&ending(ready(pod("old", "rs1"))));
    assert_eq!(story.end(89).0, None);
    assert_eq!(story.end(1), end(End::Stuck, "old-pod-stays"));
}

#[test]
fn a_paused_deployment_is_stuck_after_a_minute() {
    let mut story = Story::of(&["Deployment web"]);
    let mut paused = deployment(1, 0, 0);
    paused["spec"]["paused"] = true.into();
    story.see(&paused);
    assert_eq!(story.end(59).0, None);
    assert_eq!(story.end(1), end(End::Stuck, "paused"));
}

#[test]
fn a_hook_that_waits_for_what_waits_for_it_is_a_deadlock() {
    let mut story =
        Story::of(&["Job migrate", "Deployment web"]).hook("Job migrate", Hook::After).helm(Status::Pending);
    story.see(&deployment(1, 1, 0));
    story.see(&replica_set("2", 0));
    story.see(&pod("a", "rs2"));
    assert_eq!(story.end(14).0, None);
    assert_eq!(story.end(1), end(End::Stuck, "hook-deadlock"));
}

#[test]
fn the_job_that_a_hook_left_behind_the_last_time_says_nothing() {
    let mut story =
        Story::of(&["Job migrate", "Deployment web"]).hook("Job migrate", Hook::Before).helm(Status::Pending);
    let hook = || std::iter::once(name("Job migrate"));
    let mut record = story.world.record.clone().unwrap();
    story.world.see_record(record.clone(), hook(), story.now);
    story.see(&job("Failed", 1));
    assert_eq!((story.phase(1), story.end(0).0), (Phase::Hooks, None));
    // Now it runs, and the old Job may still be there for a moment.
    record.hooks.insert(name("Job migrate"), HookRun::Running);
    story.world.see_record(record, hook(), story.now);
    assert_eq!(story.end(1).0, None);
    let mut new = job("Failed", 1);
    new["metadata"]["uid"] = "new".into();
    story.see(&new);
    assert_eq!(story.end(0), end(End::Failed, "job-failed"));
}

#[test]
fn faults_of_the_revision_before_do_not_count_while_helm_has_not_applied_this_one() {
    for (revision, status, expected) in
        [(2, Status::Pending, None), (1, Status::Pending, Some(End::Failed)), (2, Status::Deployed, Some(End::Failed))]
    {
        let mut story = with_pod(&crashed(pod("a", "rs2"), 9, 1, "Error")).helm(status);
        let record = story.world.record.take().unwrap();
        story.world.see_record(Record { revision, ..record }, std::iter::empty(), story.now);
        assert_eq!((story.end(29).0, story.end(1).0), (expected, Some(End::Failed)), "{revision} {status:?}");
    }
}

#[test]
fn helm_must_say_deployed_and_may_say_failed() {
    let mut story = rolled_out().helm(Status::Pending);
    assert_eq!((story.phase(30), story.end(0).0), (Phase::Hooks, None));
    let mut story = story.helm(Status::Failed);
    assert_eq!(story.end(0), end(End::Failed, "helm-failed"));
    let mut story = story.helm(Status::Replaced);
    assert_eq!(story.end(0), end(End::Superseded, ""));
    let mut story = story.helm(Status::Deployed);
    assert_eq!(story.end(0), end(End::Complete, ""));
    story.world.record.as_mut().unwrap().newer = Some(3);
    assert_eq!(story.end(0), end(End::Superseded, ""));
}

#[test]
fn a_hook_that_helm_has_deleted_counts_by_its_record() {
    let story = rolled_out();
    let mut hooked =
        Story::of(&["Job migrate", "Deployment web"]).hook("Job migrate", Hook::Before).helm(Status::Deployed);
    let record = hooked.world.record.take();
    hooked.world = story.world;
    hooked.world.record = record;
    assert_eq!(hooked.end(10), end(End::Complete, ""));
}

#[test]
fn half_is_enough_where_that_was_asked_for() {
    for (until, ready_pods, expected) in
        [(Until::Available, 1, true), (Until::Half, 1, false), (Until::Half, 2, true), (Until::Complete, 2, false)]
    {
        let mut story = Story::of(&["Deployment web"]);
        story.wish.until = until;
        story.see(&deployment(4, 4, ready_pods));
        story.see(&replica_set("2", ready_pods));
        for number in 0..4 {
            let one = pod(&format!("p{number}"), "rs2");
            story.see(&if number < ready_pods { ready(one) } else { one });
        }
        assert_eq!(story.end(0).0 == Some(End::Complete), expected, "{until:?} {ready_pods}");
    }
}

#[test]
fn what_does_not_appear_is_nothing_to_watch_or_missing() {
    let mut story = Story::of(&["Deployment web"]);
    assert_eq!((story.end(59), story.end(1)), (nothing(), end(End::NothingToWatch, "")));
    let mut story = rolled_out().helm(Status::Deployed);
    story.plan.parts.extend(Story::of(&["Job migrate"]).plan.parts);
    assert_eq!((story.end(59), story.end(1)), (nothing(), end(End::Stuck, "not-there")));
}

#[test]
fn the_timeout_names_what_is_waited_for() {
    let mut stuck = with_pod(&pod("a", "rs2"));
    let picture = stuck.after(1200);
    assert_eq!(picture.end, Some(End::TimedOut));
    assert_eq!(picture.root.unwrap().message, "stuck in ContainerCreating");
}

#[test]
fn a_bare_pod_that_fails_fails_the_release() {
    let mut story = Story::of(&["Pod check"]);
    let mut failed = pod("check", "nobody");
    failed["status"]["phase"] = "Failed".into();
    failed["metadata"]["name"] = "check".into();
    story.see(&failed);
    assert_eq!(story.end(0), end(End::Failed, "pod-failed"));
}
