//! The label by which the pods of a Helm release are found.

use plimsoll_policy::{Finding, Findings, Level, Rule, Workload};

pub(crate) const MISSING: Rule = Rule::new(
    "missing-release-labels",
    Level::Warn,
    "the pods of a Helm release lack the label that says which release they belong to",
);

const INSTANCE: &str = "app.kubernetes.io/instance";

pub(crate) fn check(workload: &Workload, findings: &mut Findings<'_>) {
    let labels = &workload.labels;
    let is_helm = labels.contains_key("helm.sh/chart")
        || labels.get("app.kubernetes.io/managed-by").is_some_and(|manager| manager == "Helm");
    let is_hook = workload.annotations.contains_key("helm.sh/hook");
    if !is_helm || is_hook || workload.pod.labels.contains_key(INSTANCE) {
        return;
    }
    let message = format!(
        "Helm makes this, and its pods do not have the label `{INSTANCE}`: nothing tells the pods of \
                           one release from those of another"
    );
    let pointer = workload.pod.pointer.join("metadata/labels").step(INSTANCE);
    let help = format!("{INSTANCE}: {{{{ .Release.Name }}}} in the labels of the pod template");
    findings.push(Finding::new(&MISSING, pointer, message).help(help));
}
