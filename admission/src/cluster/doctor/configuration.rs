//! Whether the API server asks about what is judged, and about nothing that can stop the cluster.

use super::Remark;
use crate::{cluster::InstallationNames, manifest::Kinds};
use k8s_openapi::api::admissionregistration::v1::{ValidatingWebhook, ValidatingWebhookConfiguration};
use std::collections::BTreeSet;

const REPAIR: &str = "`plimsoll webhook manifest` prints one for workloads only; the chart installs the same";

/// The longest time-out, in seconds, that does not stop the leaders of the control plane.
const TIMEOUT: i32 = 3;

pub(super) fn is_narrow(
    found: &ValidatingWebhookConfiguration,
    kinds: &Kinds,
    names: &InstallationNames,
) -> Vec<Remark> {
    let webhooks = found.webhooks.as_deref().unwrap_or_default();
    let mut remarks = Vec::new();
    for webhook in webhooks {
        if webhook.timeout_seconds.is_none_or(|seconds| seconds > TIMEOUT) {
            let seconds = webhook.timeout_seconds.unwrap_or(10);
            remarks.push(Remark::doubtful(format!("timeoutSeconds is {seconds}: more than {TIMEOUT}"), REPAIR));
        }
        for namespace in ["kube-system", &names.namespace] {
            if !excludes(webhook, namespace) {
                remarks.push(Remark::bad(format!("the namespace {namespace} is not excluded by its name"), REPAIR));
            }
        }
    }
    let asked: BTreeSet<String> = webhooks.iter().flat_map(resources).collect();
    let judged: BTreeSet<String> =
        kinds.resources().map(|(group, _, resource)| format!("{group}/{resource}")).collect();
    let list = |names: BTreeSet<&String>| {
        names.into_iter().map(|name| name.trim_start_matches('/')).collect::<Vec<_>>().join(", ")
    };
    let (missing, needless) =
        (judged.difference(&asked).collect::<BTreeSet<_>>(), asked.difference(&judged).collect::<BTreeSet<_>>());
    if !missing.is_empty() {
        remarks.push(Remark::doubtful(format!("the API server does not ask about {}", list(missing)), REPAIR));
    }
    if !needless.is_empty() {
        let text = format!("the API server asks about {}, which this configuration does not judge", list(needless));
        remarks.push(Remark::doubtful(
            text,
            "name the configuration of the webhook with --config, or remove these from the rules",
        ));
    }
    if remarks.is_empty() {
        remarks.push(Remark::good("the API server asks about what is judged, and nothing else"));
    }
    remarks
}

fn excludes(webhook: &ValidatingWebhook, namespace: &str) -> bool {
    let selector = webhook.namespace_selector.as_ref();
    let expressions = selector.and_then(|selector| selector.match_expressions.as_deref()).unwrap_or_default();
    expressions.iter().any(|expression| {
        expression.key == "kubernetes.io/metadata.name"
            && expression.operator == "NotIn"
            && expression.values.iter().flatten().any(|value| value == namespace)
    })
}

fn resources(webhook: &ValidatingWebhook) -> Vec<String> {
    let rules = webhook.rules.iter().flatten();
    rules
        .flat_map(|rule| {
            let groups = rule.api_groups.iter().flatten();
            groups.flat_map(|group| rule.resources.iter().flatten().map(move |resource| format!("{group}/{resource}")))
        })
        .collect()
}
