//! Whether the webhook survives the loss of a node, and its drain.

use super::Remark;
use crate::cluster::InstallationNames;
use k8s_openapi::api::{apps::v1::Deployment, policy::v1::PodDisruptionBudget};

pub(super) fn are_enough(
    deployment: Option<&Deployment>,
    budgets: &[PodDisruptionBudget],
    names: &InstallationNames,
) -> Vec<Remark> {
    let InstallationNames { name, namespace, .. } = names;
    let Some(deployment) = deployment else {
        let text = format!("there is no Deployment {name} in the namespace {namespace}");
        return vec![Remark::bad(text, "say where it runs with --namespace and --name")];
    };
    let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
    let replicas = match ready {
        0 => Remark::bad("no replica is ready", "look at its pods: `kubectl describe` and `kubectl logs`"),
        1 => Remark::doubtful("one replica is ready: the loss of its node is an outage", "run two or more"),
        _ => Remark::good(format!("{ready} replicas are ready")),
    };
    let labels =
        deployment.spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    let selects = |budget: &&PodDisruptionBudget| {
        let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref()?.match_labels.as_ref());
        selector.is_some_and(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
    };
    let budget = match budgets.iter().find(selects) {
        None => Remark::doubtful(
            "no PodDisruptionBudget covers it: a drain may take all replicas at once",
            "the chart installs one",
        ),
        Some(budget) if budget.status.as_ref().is_some_and(|status| status.disruptions_allowed.unwrap_or(0) < 1) => {
            Remark::doubtful(
                "its PodDisruptionBudget allows no disruption now: a drain of its node waits",
                "run more replicas, or wait until all are ready",
            )
        }
        Some(_) => Remark::good("a PodDisruptionBudget keeps one replica through a drain"),
    };
    vec![replicas, budget]
}
