//! The cluster's own life goes on while the webhook hangs and its failurePolicy is Fail: that is how admission webhooks
//! take clusters down.

use crate::support::{Namespace, Replicas, alone, eventually, kubectl};
use plimsoll_tests::deployment;

/// When the leases of the node and of the leading controllers were renewed last.
const RENEWALS: &str = "get leases -A -o jsonpath={range.items[*]}{.metadata.name}={.spec.renewTime}{\"\\n\"}{end}";

fn renewals() -> Vec<String> {
    let known = ["node1=", "kube-controller-manager=", "kube-scheduler="];
    let lines = kubectl(RENEWALS).ok();
    lines.lines().filter(|line| known.iter().any(|name| line.starts_with(name))).map(str::to_owned).collect()
}

#[test]
fn leases_nodes_and_pods_of_the_system_live_on_while_the_webhook_hangs() {
    let _alone = alone(&[]);
    let system = Namespace::existing("kube-system");
    let frozen = Replicas::running().freeze();
    let before = eventually("every lease is there", || match renewals() {
        all if all.len() == 3 => Ok(all),
        some => Err(format!("{some:?}")),
    });
    eventually("every lease is renewed", || {
        let now = renewals();
        let renewed = before.iter().all(|line| !now.contains(line));
        if renewed { Ok(()) } else { Err(format!("{before:?}\n{now:?}")) }
    });
    kubectl("label node node1 e2e.plimsoll.dev/seen=yes --overwrite").ok();
    system.create(&deployment("app:latest").replace("app\n", "system-app\n")).ok();
    system.kubectl("wait --for create pod -l app=app --timeout 30s").ok();
    kubectl("wait --for condition=Ready node/node1 --timeout 1s").ok();
    drop(frozen);
    system.kubectl("delete deployment system-app --timeout 60s").ok();
}
