//! Webhooks, ours and others', that can stop a cluster.

use super::{
    Remark,
    selects::{demands_a_label, matches},
};
use crate::cluster::{Installation, Labels};
use k8s_openapi::{
    api::admissionregistration::v1::RuleWithOperations, apimachinery::pkg::apis::meta::v1::LabelSelector,
};

/// From here on a hung webhook outlasts the five seconds in which a leader must renew its lease, in seconds.
const SLOW: i32 = 5;

/// The API server's own default, in seconds.
const DEFAULT_TIMEOUT: i32 = 10;

/// What matters of a webhook.
struct Webhook<'a> {
    configuration: &'a str,
    name: &'a str,
    rules: &'a [RuleWithOperations],
    namespaces: Option<&'a LabelSelector>,
    objects: Option<&'a LabelSelector>,
    timeout: i32,
    fails: bool,
}

/// Where the control plane and the nodes keep the leases that they live by; their own name is the label that every
/// namespace has.
const LEASES_IN: [&str; 2] = ["kube-system", "kube-node-lease"];

pub(super) fn of_all(found: &Installation) -> Vec<Remark> {
    let hazard = |webhook: &Webhook<'_>| hazard(webhook, &found.namespaces);
    let mut remarks: Vec<Remark> = webhooks(found).iter().filter_map(hazard).collect();
    if remarks.is_empty() {
        remarks.push(Remark::good("no webhook of this cluster can stop its control plane"));
    }
    remarks
}

fn hazard(webhook: &Webhook<'_>, namespaces: &Labels) -> Option<Remark> {
    let Webhook { configuration, name, timeout, fails, .. } = webhook;
    let (slow, who) = (*timeout >= SLOW, format!("webhook {name} of {configuration}"));
    let asks = |group, resource| webhook.rules.iter().any(|rule| covers(rule, group, resource));
    if asks("coordination.k8s.io", "leases") && webhook.selects_leases(namespaces) && (slow || *fails) {
        let text = format!(
            "{who} is asked about leases and may take {timeout} s: while it hangs, the control plane loses its leaders"
        );
        return Some(Remark::bad(
            text,
            "take leases out of its rules, or set timeoutSeconds to 3 and failurePolicy to Ignore",
        ));
    }
    if asks("", "nodes") && !demands_a_label(webhook.objects) && *fails {
        let text = format!(
            "{who} is asked about nodes with failurePolicy Fail: while it is down, nodes cannot join or report"
        );
        return Some(Remark::bad(text, "take nodes out of its rules"));
    }
    if webhook.rules.iter().any(is_everything) && !webhook.is_narrowed() {
        let text = format!("{who} is asked about every kind");
        return Some(Remark::doubtful(text, "name the kinds that it needs"));
    }
    if *fails && slow {
        let text = format!("{who} may hold a write for {timeout} s, and then fails it");
        return Some(Remark::doubtful(text, "set its timeoutSeconds to 3"));
    }
    None
}

fn covers(rule: &RuleWithOperations, group: &str, resource: &str) -> bool {
    let has =
        |list: &Option<Vec<String>>, wanted: &str| list.iter().flatten().any(|item| item == "*" || item == wanted);
    let everything = rule.resources.iter().flatten().any(|item| item == "*/*");
    has(&rule.api_groups, group) && (everything || has(&rule.resources, resource))
}

fn is_everything(rule: &RuleWithOperations) -> bool {
    let any = |list: &Option<Vec<String>>| list.iter().flatten().any(|item| item == "*" || item == "*/*");
    any(&rule.api_groups) && any(&rule.resources)
}

fn webhooks(found: &Installation) -> Vec<Webhook<'_>> {
    let validating = found.configuration.iter().chain(&found.validating).flat_map(|configuration| {
        let name = configuration.metadata.name.as_deref().unwrap_or_default();
        let all = configuration.webhooks.iter().flatten();
        all.map(move |w| {
            let selectors = (w.namespace_selector.as_ref(), w.object_selector.as_ref());
            Webhook::new(name, &w.name, w.rules.as_deref(), selectors, w.timeout_seconds, w.failure_policy.as_deref())
        })
    });
    let mutating = found.mutating.iter().flat_map(|configuration| {
        let name = configuration.metadata.name.as_deref().unwrap_or_default();
        let all = configuration.webhooks.iter().flatten();
        all.map(move |w| {
            let selectors = (w.namespace_selector.as_ref(), w.object_selector.as_ref());
            Webhook::new(name, &w.name, w.rules.as_deref(), selectors, w.timeout_seconds, w.failure_policy.as_deref())
        })
    });
    validating.chain(mutating).collect()
}

impl<'a> Webhook<'a> {
    /// What is not said is the API server's default.
    fn new(
        configuration: &'a str,
        name: &'a str,
        rules: Option<&'a [RuleWithOperations]>,
        (namespaces, objects): (Option<&'a LabelSelector>, Option<&'a LabelSelector>),
        timeout: Option<i32>,
        failure_policy: Option<&str>,
    ) -> Self {
        let (rules, timeout) = (rules.unwrap_or_default(), timeout.unwrap_or(DEFAULT_TIMEOUT));
        Webhook { configuration, name, rules, namespaces, objects, timeout, fails: failure_policy != Some("Ignore") }
    }

    /// Leases have no labels of their own but those that somebody wrote by hand.
    fn selects_leases(&self, namespaces: &Labels) -> bool {
        let of = |namespace: &str| {
            let mut labels = namespaces.get(namespace).cloned().unwrap_or_default();
            labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
            labels
        };
        !demands_a_label(self.objects) && LEASES_IN.iter().any(|namespace| matches(self.namespaces, &of(namespace)))
    }

    /// Whether it is asked only about what somebody chose.
    fn is_narrowed(&self) -> bool {
        demands_a_label(self.objects) || demands_a_label(self.namespaces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::Health;
    use serde_json::{Value, json};

    #[test]
    fn honours_selectors() {
        let leases = json!({ "apiGroups": ["coordination.k8s.io"], "resources": ["leases"] });
        let not_in = |values: &[&str]| json!({ "matchExpressions": [{ "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": values }] });
        for (namespaces, objects, expected) in [
            (json!({}), json!({}), Health::Bad),
            (not_in(&["kube-system"]), json!({}), Health::Bad),
            (not_in(&["kube-system", "kube-node-lease"]), json!({}), Health::Good),
            (json!({ "matchLabels": { "team": "a" } }), json!({}), Health::Good),
            (json!({ "matchLabels": { "tier": "system" } }), json!({}), Health::Bad),
            (json!({}), json!({ "matchLabels": { "team": "a" } }), Health::Good),
            (json!({}), json!({ "matchExpressions": [{ "key": "skip", "operator": "DoesNotExist" }] }), Health::Bad),
        ] {
            let webhook = json!({ "rule": leases, "timeout": 10, "policy": "Ignore", "namespaces": namespaces, "objects": objects });
            assert_eq!(health(&webhook), Some(expected), "{webhook}");
        }
    }

    fn health(webhook: &Value) -> Option<Health> {
        let configuration = json!({
            "metadata": { "name": "other" },
            "webhooks": [{ "admissionReviewVersions": ["v1"], "clientConfig": {}, "sideEffects": "None", "name": "x.y.z",
                "namespaceSelector": webhook["namespaces"], "objectSelector": webhook["objects"],
                "rules": [webhook["rule"]], "timeoutSeconds": webhook["timeout"], "failurePolicy": webhook["policy"] }],
        });
        let found = Installation {
            validating: vec![serde_json::from_value(configuration).unwrap()],
            namespaces: [("kube-system".to_owned(), [("tier".to_owned(), "system".to_owned())].into())].into(),
            ..Installation::default()
        };
        of_all(&found).into_iter().map(|remark| remark.health).max()
    }

    #[test]
    fn knows_what_can_stop_a_cluster() {
        let leases = json!({ "apiGroups": ["coordination.k8s.io"], "resources": ["leases"] });
        let all = json!({ "apiGroups": ["*"], "resources": ["*/*"] });
        let nodes = json!({ "apiGroups": [""], "resources": ["pods", "nodes"] });
        let pods = json!({ "apiGroups": [""], "resources": ["pods"] });
        for (rule, timeout, policy, expected) in [
            (&leases, 10, "Ignore", Health::Bad),
            (&leases, 1, "Fail", Health::Bad),
            (&leases, 3, "Ignore", Health::Good),
            (&all, 10, "Ignore", Health::Bad),
            (&all, 3, "Ignore", Health::Doubtful),
            (&nodes, 3, "Fail", Health::Bad),
            (&pods, 10, "Fail", Health::Doubtful),
            (&pods, 3, "Fail", Health::Good),
            (&pods, 10, "Ignore", Health::Good),
        ] {
            let webhook = json!({ "rule": rule, "timeout": timeout, "policy": policy });
            assert_eq!(health(&webhook), Some(expected), "{webhook}");
        }
    }
}
