//! Webhooks, ours and others', that can stop a cluster.

use super::Remark;
use crate::cluster::Installation;
use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;

/// From here on a hung webhook outlasts the five seconds in which a leader must renew its lease, in seconds.
const SLOW: i32 = 5;

/// The API server's own default, in seconds.
const DEFAULT_TIMEOUT: i32 = 10;

/// What matters of a webhook.
struct Webhook<'a> {
    configuration: &'a str,
    name: &'a str,
    rules: &'a [RuleWithOperations],
    timeout: i32,
    fails: bool,
}

pub(super) fn of_all(found: &Installation) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = webhooks(found).iter().filter_map(hazard).collect();
    if remarks.is_empty() {
        remarks.push(Remark::good("no webhook of this cluster can stop its control plane"));
    }
    remarks
}

fn hazard(webhook: &Webhook<'_>) -> Option<Remark> {
    let Webhook { configuration, name, timeout, fails, .. } = webhook;
    let (slow, who) = (*timeout >= SLOW, format!("webhook {name} of {configuration}"));
    let asks = |group, resource| webhook.rules.iter().any(|rule| covers(rule, group, resource));
    if asks("coordination.k8s.io", "leases") && (slow || *fails) {
        let text = format!(
            "{who} is asked about leases and may take {timeout} s: while it hangs, the control plane loses its leaders"
        );
        return Some(Remark::bad(
            text,
            "take leases out of its rules, or set timeoutSeconds to 3 and failurePolicy to Ignore",
        ));
    }
    if asks("", "nodes") && *fails {
        let text = format!(
            "{who} is asked about nodes with failurePolicy Fail: while it is down, nodes cannot join or report"
        );
        return Some(Remark::bad(text, "take nodes out of its rules"));
    }
    if webhook.rules.iter().any(is_everything) {
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
            Webhook::new(name, &w.name, w.rules.as_deref(), w.timeout_seconds, w.failure_policy.as_deref())
        })
    });
    let mutating = found.mutating.iter().flat_map(|configuration| {
        let name = configuration.metadata.name.as_deref().unwrap_or_default();
        let all = configuration.webhooks.iter().flatten();
        all.map(move |w| {
            Webhook::new(name, &w.name, w.rules.as_deref(), w.timeout_seconds, w.failure_policy.as_deref())
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
        timeout: Option<i32>,
        failure_policy: Option<&str>,
    ) -> Self {
        let (rules, timeout) = (rules.unwrap_or_default(), timeout.unwrap_or(DEFAULT_TIMEOUT));
        Webhook { configuration, name, rules, timeout, fails: failure_policy != Some("Ignore") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::Health;
    use serde_json::{Value, json};

    fn health(webhook: &Value) -> Option<Health> {
        let configuration = json!({
            "metadata": { "name": "other" },
            "webhooks": [{ "admissionReviewVersions": ["v1"], "clientConfig": {}, "sideEffects": "None", "name": "x.y.z",
                "rules": [webhook["rule"]], "timeoutSeconds": webhook["timeout"], "failurePolicy": webhook["policy"] }],
        });
        let found = Installation {
            validating: vec![serde_json::from_value(configuration).unwrap()],
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
