//! What becomes of writes while the webhook is away or hangs, either way that its failurePolicy can be.

use crate::support::{Namespace, RELEASE, Replicas, alone, eventually, kubectl, number};
use plimsoll_tests::deployment;
use std::time::Duration;

/// No replica is left.
fn scale_to_none() {
    kubectl(&format!("-n {RELEASE} scale deployment plimsoll --replicas 0")).ok();
    eventually("no replica runs", || match Replicas::running().count() {
        0 => Ok(()),
        left => Err(format!("{left} left")),
    });
}

#[test]
fn without_replicas_writes_pass_where_the_policy_is_ignore() {
    let _alone = alone(&["webhook.failurePolicy=Ignore"]);
    let here = Namespace::new("away-ignore");
    scale_to_none();
    let seen = here.create(&deployment("app:latest"));
    number(&format!("Ignore, no replica: a write took {:.0?}", seen.took));
    assert!(seen.took < Duration::from_secs(4), "{seen}");
    seen.ok();
}

#[test]
fn without_replicas_judged_writes_fail_where_the_policy_is_fail_and_the_webhook_itself_comes_back() {
    let _alone = alone(&[]);
    let here = Namespace::new("away-fail");
    scale_to_none();
    let seen = here.create(&deployment("app:1.2.3")).refused();
    assert!(seen.contains("failed calling webhook \"validate.plimsoll.dev\""), "{seen}");
    here.kubectl("create configmap settings --from-literal a=b").ok();
    Namespace::existing("kube-system").kubectl_with("create --dry-run=server -f -", &deployment("app:latest")).ok();
    // Its own namespace is excluded: else nothing could start it again.
    kubectl(&format!("-n {RELEASE} scale deployment plimsoll --replicas 2")).ok();
    kubectl(&format!("-n {RELEASE} rollout status deployment plimsoll --timeout 60s")).ok();
    eventually("writes pass again", || {
        let seen = here.create(&deployment("app:1.2.3"));
        if seen.succeeded { Ok(()) } else { Err(seen) }
    });
}

#[test]
fn a_webhook_that_hangs_costs_a_write_its_time_out_and_no_more() {
    for (policy, passes) in [("Ignore", true), ("Fail", false)] {
        let _alone = alone(&[&format!("webhook.failurePolicy={policy}")]);
        let here = Namespace::new("hangs");
        let frozen = Replicas::running().freeze();
        let seen = here.create(&deployment("app:latest"));
        drop(frozen);
        number(&format!("{policy}, replicas hang: a write took {:.1?}", seen.took));
        assert!(Duration::from_secs(3) <= seen.took && seen.took < Duration::from_secs(5), "{seen}");
        assert_eq!(seen.succeeded, passes, "{seen}");
        assert!(passes || seen.text.contains("failed calling webhook"), "{seen}");
    }
}
