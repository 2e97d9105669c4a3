//! Objects that no rule reads, and that may make pods: then nothing says that there are none.

/// Groups and kinds that make no pods, as `Kind.group`, or as `.group` for all kinds of a group.
const WITHOUT_PODS: [&str; 21] = [
    ".acme.cert-manager.io",
    ".bitnami.com",
    ".cert-manager.io",
    ".external-secrets.io",
    ".networking.gke.io",
    ".networking.istio.io",
    ".security.istio.io",
    ".telemetry.istio.io",
    ".traefik.containo.us",
    ".traefik.io",
    "AlertmanagerConfig.monitoring.coreos.com",
    "AppProject.argoproj.io",
    "BackendConfig.cloud.google.com",
    "CiliumNetworkPolicy.cilium.io",
    "ClusterTriggerAuthentication.keda.sh",
    "PodMonitor.monitoring.coreos.com",
    "Probe.monitoring.coreos.com",
    "PrometheusRule.monitoring.coreos.com",
    "ScrapeConfig.monitoring.coreos.com",
    "ServiceMonitor.monitoring.coreos.com",
    "TriggerAuthentication.keda.sh",
];

/// Whether an object of one of these kinds may make pods.
pub(crate) fn may_make_pods(kinds: &[String]) -> bool {
    kinds.iter().any(|kind| !is_without_pods(kind))
}

fn is_without_pods(kind: &str) -> bool {
    let Some((_, group)) = kind.split_once('.') else { return true };
    // `apps`, `batch`, `networking.k8s.io`: Kubernetes' own, whose workloads are members.
    let is_own = !group.contains('.') || group.ends_with(".k8s.io") && !group.ends_with(".x-k8s.io");
    let is_gateway = kind == "Gateway.gateway.networking.k8s.io";
    is_own && !is_gateway
        || WITHOUT_PODS.iter().any(|known| match known.strip_prefix('.') {
            Some(known) => known == group,
            None => *known == kind,
        })
}

/// Whether a selector asks for a label that a controller puts onto pods by itself: no manifest shows which pods have it.
pub(crate) fn asks_for_added_label<'k>(mut keys: impl Iterator<Item = &'k String>) -> bool {
    let is_added = |key: &String| match key.split_once('/') {
        Some((domain, _)) => ADDING.contains(&domain) || key == "apps.kubernetes.io/pod-index",
        None => ADDED.contains(&key.as_str()),
    };
    keys.any(is_added)
}

/// Labels without a domain that Kubernetes' own controllers add.
const ADDED: [&str; 4] = ["controller-revision-hash", "controller-uid", "job-name", "pod-template-hash"];

/// Domains of the labels that controllers of workloads add.
const ADDING: [&str; 7] = [
    "batch.kubernetes.io",
    "jobset.sigs.k8s.io",
    "leaderworkerset.sigs.k8s.io",
    "ray.io",
    "serving.knative.dev",
    "statefulset.kubernetes.io",
    "strimzi.io",
];

#[cfg(test)]
mod tests {
    use super::{asks_for_added_label, is_without_pods};

    #[test]
    fn labels_that_controllers_add_are_known() {
        for (key, expected) in [
            ("app", false),
            ("app.kubernetes.io/name", false),
            ("job-name", true),
            ("batch.kubernetes.io/job-name", true),
            ("apps.kubernetes.io/pod-index", true),
            ("statefulset.kubernetes.io/pod-name", true),
            ("leaderworkerset.sigs.k8s.io/name", true),
        ] {
            assert_eq!(asks_for_added_label([key.to_owned()].iter()), expected, "{key}");
        }
    }

    #[test]
    fn kinds_of_kubernetes_itself_make_no_pods_that_are_not_seen() {
        for (kind, expected) in [
            ("ConfigMap", true),
            ("Ingress.networking.k8s.io", true),
            ("NetworkPolicy.networking.k8s.io", true),
            ("CronTab.stable.example.com", false),
            ("Alertmanager.monitoring.coreos.com", false),
            ("ServiceMonitor.monitoring.coreos.com", true),
            ("Certificate.cert-manager.io", true),
            ("Gateway.gateway.networking.k8s.io", false),
            ("Gateway.networking.istio.io", true),
            ("Cluster.cluster.x-k8s.io", false),
        ] {
            assert_eq!(is_without_pods(kind), expected, "{kind}");
        }
    }
}
