//! Nodes that the provider takes back at short notice: what a pod gets there, whatever its grace period says.

use crate::Stop;
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule, workload::NodeLabel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const CUTS: Rule =
    Rule::new("spot-cuts-grace", Level::Warn, "a spot node may be taken back in less time than the container needs");

/// What each provider grants a pod when it takes a node back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spot {
    /// Google: of 30 s the kubelet gives 15 s to ordinary pods, and the rest to the system's.
    pub gke: Duration,
    /// Azure: the notice that precedes an eviction.
    pub aks: Duration,
    /// Amazon: the notice that precedes an interruption, with or without Karpenter.
    pub eks: Duration,
}

impl Default for Spot {
    fn default() -> Self {
        Spot { gke: Duration::seconds(15), aks: Duration::seconds(30), eks: Duration::seconds(120) }
    }
}

/// A label, or a taint of the same name, that spot nodes have.
struct Mark {
    key: &'static str,
    value: &'static str,
    provider: &'static str,
    granted: fn(&Spot) -> Duration,
}

/// Sources: cloud.google.com, "Spot VMs" and "preemptible VMs" of GKE (15 s for non-system pods, best effort);
/// learn.microsoft.com, "Add an Azure Spot node pool" and "Scheduled Events" (30 s); docs.aws.amazon.com, "Spot Instance
/// interruption notices" and "Managed node groups" (2 minutes); karpenter.sh, "Well-known labels".
static MARKS: [Mark; 6] = [
    Mark { key: "cloud.google.com/gke-spot", value: "true", provider: "GKE", granted: |spot| spot.gke },
    Mark { key: "cloud.google.com/gke-preemptible", value: "true", provider: "GKE", granted: |spot| spot.gke },
    Mark { key: "cloud.google.com/gke-provisioning", value: "spot", provider: "GKE", granted: |spot| spot.gke },
    Mark { key: "kubernetes.azure.com/scalesetpriority", value: "spot", provider: "AKS", granted: |spot| spot.aks },
    Mark { key: "eks.amazonaws.com/capacityType", value: "SPOT", provider: "EKS", granted: |spot| spot.eks },
    Mark { key: "karpenter.sh/capacity-type", value: "spot", provider: "EKS", granted: |spot| spot.eks },
];

pub(crate) fn check(stop: &Stop<'_>, spot: &Spot, findings: &mut Findings<'_>) {
    let asks_for = |label| MARKS.iter().find(|mark| mark.is(label)).map(|mark| (label, mark));
    let Some((label, mark)) = stop.workload.pod.nodes.iter().find_map(asks_for) else { return };
    let granted = (mark.granted)(spot);
    for timeline in stop.applications.iter().filter(|timeline| timeline.busy() > granted && !timeline.is_endless()) {
        let (provider, parts) = (mark.provider, timeline.busy_spelled_out());
        let message = format!(
            "{provider} grants a pod {granted} when it takes a spot node back, and this container needs {parts}"
        );
        let help = "stop in less time there, hand unfinished work back, or keep the pod off spot nodes";
        let finding = Finding::new(&CUTS, label.pointer.clone(), message).help(help);
        findings.push(finding.container(timeline.container));
    }
}

impl Mark {
    /// Whether a pod that asks for this label, or tolerates this taint, may come to such a node.
    fn is(&self, label: &NodeLabel) -> bool {
        self.key == label.key && label.value.as_ref().is_none_or(|value| value.eq_ignore_ascii_case(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        GracePeriod,
        sample::{container, deployment, found, found_with, messages},
    };
    use expect_test::expect;

    fn on(key: &str, value: Option<&str>, timeout: &str) -> plimsoll_policy::Workload {
        let given = deployment(300).with(container("app")).annotate("plimsoll.dev/shutdown-timeout", timeout);
        let mut workload = given.annotate("plimsoll.dev/drain-delay", "5s").build();
        let (pointer, key) = ("/spec/template/spec/tolerations/0".into(), key.to_owned());
        workload.pod.nodes = vec![NodeLabel { pointer, key, value: value.map(str::to_owned) }];
        workload
    }

    #[test]
    fn what_is_needed_is_held_against_what_the_provider_grants() {
        for (key, value, granted) in [
            ("cloud.google.com/gke-spot", Some("true"), 15),
            ("cloud.google.com/gke-preemptible", None, 15),
            ("cloud.google.com/gke-provisioning", Some("spot"), 15),
            ("kubernetes.azure.com/scalesetpriority", Some("spot"), 30),
            ("eks.amazonaws.com/capacityType", Some("SPOT"), 120),
            ("karpenter.sh/capacity-type", Some("spot"), 120),
        ] {
            let count = |seconds: i64| found(&on(key, value, &format!("{seconds}s")), &CUTS).len();
            assert_eq!((count(granted - 5), count(granted - 4)), (0, 1), "{key}");
        }
    }

    #[test]
    fn other_nodes_and_unknown_times_say_nothing() {
        for (key, value) in [
            ("cloud.google.com/gke-spot", Some("false")),
            ("karpenter.sh/capacity-type", Some("on-demand")),
            ("node-role.kubernetes.io/control-plane", None),
        ] {
            assert_eq!(found(&on(key, value, "100s"), &CUTS), [], "{key}");
        }
        let mut silent = deployment(300).with(container("app")).build();
        silent.pod.nodes = on("cloud.google.com/gke-spot", None, "1s").pod.nodes;
        assert_eq!(found(&silent, &CUTS), []);
    }

    #[test]
    fn says_the_sum_and_heeds_the_setting() {
        let workload = on("cloud.google.com/gke-spot", Some("true"), "40s");
        expect!["GKE grants a pod 15s when it takes a spot node back, and this container needs 45s = preStop 0s + drain delay 5s (plimsoll.dev/drain-delay) + shutdown timeout 40s (plimsoll.dev/shutdown-timeout) + flush 0s"].assert_eq(&messages(&workload, &CUTS));
        let spot = Spot { gke: Duration::seconds(60), ..Spot::default() };
        let settings = GracePeriod { spot, ..GracePeriod::default() };
        assert!(found_with(&settings, &workload, &[]).iter().all(|finding| finding.rule != CUTS.name));
    }
}
