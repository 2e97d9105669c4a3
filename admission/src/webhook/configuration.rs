//! `plimsoll webhook manifest`: the smallest ValidatingWebhookConfiguration for what is judged.
//!
//! Written so that it cannot be the reason why a cluster stops: the API server asks for workloads only, in namespaces
//! that are not the system's and not the webhook's own, never for what a node or the control plane does, waits three
//! seconds at the most, and goes on without an answer unless told otherwise.

use crate::manifest::Kinds;
use std::{collections::BTreeMap, fmt::Write};

/// What it depends on beside the kinds.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Name of the configuration.
    pub name: String,
    /// Where the webhook runs.
    pub namespace: String,
    /// The Service in front of it.
    pub service: String,
    /// Whether a call that gets no answer fails.
    pub failure_policy: FailurePolicy,
    /// What signed its certificate, as base64 of PEM; none where somebody else writes it.
    pub ca_bundle: Option<String>,
}

/// What the API server does with a call that gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API")]
pub enum FailurePolicy {
    Ignore,
    Fail,
}

/// A kind that a webhook must not be asked about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("workloads: {kind} of group `{group}`: {why}; take it out of the configuration")]
pub struct Hazard {
    group: String,
    kind: String,
    why: &'static str,
}

/// Groups in which a webhook can stop a cluster, with the reason. Everything else below `k8s.io` is the control plane's too.
const HAZARDS: [(&str, &str); 6] = [
    ("coordination.k8s.io", "leases are renewed within five seconds, or the control plane loses its leaders"),
    ("rbac.authorization.k8s.io", "an operator who cannot change roles cannot repair the webhook"),
    ("certificates.k8s.io", "nodes join and renew by signing requests"),
    ("authentication.k8s.io", "every client needs tokens"),
    ("authorization.k8s.io", "the API server itself asks these"),
    ("admissionregistration.k8s.io", "a webhook that judges webhooks can keep itself from being switched off"),
];

/// As YAML, ready to apply.
///
/// # Errors
/// A kind is judged that a webhook must not be asked about.
pub fn yaml(kinds: &Kinds, registration: &Registration) -> Result<String, Hazard> {
    let mut rules: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (group, kind, resource) in kinds.resources() {
        refuse_hazards(group, kind, &resource, kinds)?;
        rules.entry(group).or_default().push(resource);
    }
    let Registration { name, namespace, service, failure_policy, ca_bundle } = registration;
    let bundle = ca_bundle.as_ref().map(|bundle| format!("\n      caBundle: {bundle}")).unwrap_or_default();
    let mut excluded = vec!["kube-system", namespace];
    excluded.dedup();
    let mut yaml = format!(
        r#"apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: {name}
webhooks:
  - name: validate.plimsoll.dev
    admissionReviewVersions: [v1]
    clientConfig:
      service: {{ namespace: {namespace}, name: {service}, path: /validate, port: 443 }}{bundle}
    failurePolicy: {failure_policy:?}
    timeoutSeconds: 3
    matchPolicy: Equivalent
    sideEffects: None
    namespaceSelector:
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: NotIn
          values: [{excluded}]
    matchConditions:
      - name: not-a-lease
        expression: "!(request.resource.group == 'coordination.k8s.io' && request.resource.resource == 'leases')"
      - name: not-a-node
        expression: "!(request.resource.group == '' && request.resource.resource == 'nodes')"
      - name: not-by-a-node
        expression: "!('system:nodes' in request.userInfo.groups)"
      # Never the prefix `system:` alone: every service account, so every deployment tool, begins with it.
      - name: not-by-the-control-plane
        expression: "!request.userInfo.username.startsWith('system:kube-')"
    rules:
"#,
        excluded = excluded.join(", "),
    );
    for (group, mut resources) in rules {
        resources.sort();
        write!(
            yaml,
            "      - apiGroups: [\"{group}\"]\n        apiVersions: [\"*\"]\n        operations: [CREATE, UPDATE]\n        \
             resources: [{}]\n        scope: Namespaced\n",
            resources.join(", ")
        )
        .expect("a string takes everything");
    }
    Ok(yaml)
}

fn refuse_hazards(group: &str, kind: &str, resource: &str, kinds: &Kinds) -> Result<(), Hazard> {
    if !kinds.is_configured(group, kind) {
        return Ok(());
    }
    let refuse = |why| Err(Hazard { group: group.to_owned(), kind: kind.to_owned(), why });
    if !is_name(group) || !is_name(resource) {
        return refuse(
            "its group or resource is a pattern or a subresource, not a name, which may cover leases and nodes",
        );
    }
    match HAZARDS.iter().find(|(hazard, _)| *hazard == group) {
        Some((_, why)) => refuse(why),
        None if group.is_empty() || group == "k8s.io" || group.ends_with(".k8s.io") => {
            refuse("Kubernetes itself works with it, also while the webhook is down")
        }
        None => Ok(()),
    }
}

/// As Kubernetes names groups and resources; so `*`, `*/*` and `foos/status` are none.
fn is_name(text: &str) -> bool {
    text.chars().all(|char| matches!(char, 'a'..='z' | '0'..='9' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{CustomKind, TemplatePointer};

    fn registration() -> Registration {
        Registration {
            name: "plimsoll".to_owned(),
            namespace: "guard".to_owned(),
            service: "plimsoll".to_owned(),
            failure_policy: FailurePolicy::Ignore,
            ca_bundle: None,
        }
    }

    fn pointer() -> TemplatePointer {
        "/spec/template".parse().unwrap()
    }

    fn with(group: &str, kind: &str) -> Result<String, Hazard> {
        let custom = CustomKind::new(group.to_owned(), kind.to_owned(), vec![pointer()], None);
        yaml(&Kinds::default().with([custom]), &registration())
    }

    #[test]
    fn refuses_what_can_stop_a_cluster() {
        for (group, kind) in [
            ("coordination.k8s.io", "Lease"),
            ("", "Node"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
            ("certificates.k8s.io", "CertificateSigningRequest"),
            ("authentication.k8s.io", "TokenReview"),
            ("authentication.k8s.io", "TokenRequest"),
            ("authorization.k8s.io", "SubjectAccessReview"),
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
            ("", "Namespace"),
            ("", "Secret"),
            ("apiregistration.k8s.io", "APIService"),
        ] {
            let refusal = with(group, kind).unwrap_err().to_string();
            assert!(refusal.contains(&format!("{kind} of group `{group}`")), "{refusal}");
        }
    }

    #[test]
    fn refuses_patterns_and_subresources() {
        for (group, resource) in
            [("*", "leases"), ("example.com", "*"), ("example.com", "*/*"), ("example.com", "foos/status")]
        {
            let given = Some(resource.to_owned());
            let custom = CustomKind::new(group.to_owned(), "Foo".to_owned(), vec![pointer()], given);
            let refusal = yaml(&Kinds::default().with([custom]), &registration()).unwrap_err().to_string();
            assert!(refusal.contains("a pattern or a subresource"), "{group}/{resource}: {refusal}");
        }
    }

    #[test]
    fn takes_custom_kinds_of_other_groups() {
        let yaml = with("kueue.x-k8s.io", "Thing").unwrap();
        assert!(yaml.contains("- apiGroups: [\"kueue.x-k8s.io\"]"), "{yaml}");
        assert!(yaml.contains("resources: [things]"), "{yaml}");
    }

    #[test]
    fn does_not_name_its_namespace_twice() {
        let registration = Registration { namespace: "kube-system".to_owned(), ..registration() };
        let yaml = yaml(&Kinds::default(), &registration).unwrap();
        assert!(yaml.contains("values: [kube-system]\n"), "{yaml}");
    }
}
