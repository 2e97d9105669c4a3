//! `plimsoll webhook manifest`: the smallest ValidatingWebhookConfiguration for what is judged.
//!
//! Written so that it cannot be the reason why a cluster stops: the API server asks for workloads only, in namespaces
//! that are not the system's and not the webhook's own, never for what a node or the control plane does, waits three
//! seconds at the most, and goes on without an answer unless told otherwise.

use crate::manifest::Kinds;
use k8s_openapi::{
    ByteString,
    api::admissionregistration::v1::{
        MatchCondition, RuleWithOperations, ServiceReference, ValidatingWebhook, ValidatingWebhookConfiguration,
        WebhookClientConfig,
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement, ObjectMeta},
};
use std::collections::BTreeMap;

/// What it depends on beside the kinds.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Name of the configuration.
    pub name: String,
    /// Where the webhook runs.
    pub namespace: String,
    /// How the API server reaches it.
    pub address: Address,
    /// Whether a call that gets no answer fails.
    pub failure_policy: FailurePolicy,
    /// PEM of what signed its certificate; none where somebody else writes it.
    pub ca_bundle: Option<Vec<u8>>,
}

/// How the API server reaches the webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Through this Service, in the namespace of the webhook.
    Service(String),
    /// At this URL, which has the scheme https. The configuration is a file of the API server then, which knows no
    /// Services, and its name ends in [`STATIC`].
    Static(String),
}

/// How the name of a configuration ends that is a file of the API server: Kubernetes takes no other, and no such object
/// through its API.
pub const STATIC: &str = ".static.k8s.io";

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

/// What to apply, or to put into a file of the API server.
///
/// # Errors
/// A kind is judged that a webhook must not be asked about.
pub fn configuration(kinds: &Kinds, registration: &Registration) -> Result<ValidatingWebhookConfiguration, Hazard> {
    let mut rules: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (group, kind, resource) in kinds.resources() {
        refuse_hazards(group, kind, &resource, kinds)?;
        rules.entry(group).or_default().push(resource);
    }
    let Registration { name, failure_policy, .. } = registration;
    let webhook = ValidatingWebhook {
        name: "validate.plimsoll.dev".to_owned(),
        admission_review_versions: vec!["v1".to_owned()],
        client_config: client(registration),
        failure_policy: Some(format!("{failure_policy:?}")),
        timeout_seconds: Some(3),
        match_policy: Some("Equivalent".to_owned()),
        side_effects: "None".to_owned(),
        namespace_selector: Some(without(&["kube-system", &registration.namespace])),
        match_conditions: Some(conditions()),
        rules: Some(rules.into_iter().map(|(group, resources)| rule(group, resources)).collect()),
        ..ValidatingWebhook::default()
    };
    let name = match registration.address {
        Address::Service(_) => name.clone(),
        Address::Static(_) => format!("{}{STATIC}", name.trim_end_matches(STATIC)),
    };
    let metadata = ObjectMeta { name: Some(name), ..ObjectMeta::default() };
    Ok(ValidatingWebhookConfiguration { metadata, webhooks: Some(vec![webhook]) })
}

fn client(registration: &Registration) -> WebhookClientConfig {
    let ca_bundle = registration.ca_bundle.clone().map(ByteString);
    match &registration.address {
        Address::Service(service) => WebhookClientConfig {
            service: Some(ServiceReference {
                namespace: registration.namespace.clone(),
                name: service.clone(),
                path: Some("/validate".to_owned()),
                port: Some(443),
            }),
            ca_bundle,
            url: None,
        },
        Address::Static(url) => WebhookClientConfig { url: Some(url.clone()), ca_bundle, service: None },
    }
}

/// All namespaces but these.
fn without(excluded: &[&str]) -> LabelSelector {
    let mut values: Vec<String> = excluded.iter().map(|name| (*name).to_owned()).collect();
    values.dedup();
    let expression = LabelSelectorRequirement {
        key: "kubernetes.io/metadata.name".to_owned(),
        operator: "NotIn".to_owned(),
        values: Some(values),
    };
    LabelSelector { match_expressions: Some(vec![expression]), match_labels: None }
}

/// Never the prefix `system:` alone for users: every service account, so every deployment tool, begins with it.
fn conditions() -> Vec<MatchCondition> {
    let conditions = [
        ("not-a-lease", "!(request.resource.group == 'coordination.k8s.io' && request.resource.resource == 'leases')"),
        ("not-a-node", "!(request.resource.group == '' && request.resource.resource == 'nodes')"),
        ("not-by-a-node", "!('system:nodes' in request.userInfo.groups)"),
        ("not-by-the-control-plane", "!request.userInfo.username.startsWith('system:kube-')"),
    ];
    let condition =
        |(name, expression): (&str, &str)| MatchCondition { name: name.to_owned(), expression: expression.to_owned() };
    conditions.map(condition).into()
}

fn rule(group: &str, mut resources: Vec<String>) -> RuleWithOperations {
    let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    resources.sort();
    RuleWithOperations {
        api_groups: list(&[group]),
        api_versions: list(&["*"]),
        operations: list(&["CREATE", "UPDATE"]),
        resources: Some(resources),
        scope: Some("Namespaced".to_owned()),
    }
}

/// A name that Kubernetes takes for an object: a DNS subdomain (RFC 1123).
///
/// # Errors
/// What is wrong with the text.
pub fn object_name(text: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        let is_end = |char: Option<char>| char.is_some_and(|char| matches!(char, 'a'..='z' | '0'..='9'));
        is_end(label.chars().next()) && is_end(label.chars().next_back()) && is_name(label)
    };
    match text.len() {
        1..=253 if text.split('.').all(is_label) => Ok(text.to_owned()),
        _ => Err("not a name of an object; write at most 253 of a-z, 0-9, `-` and `.`, beginning and ending with a \
                  letter or digit"
            .to_owned()),
    }
}

/// A name that Kubernetes takes for a namespace or a Service: a DNS label (RFC 1123).
///
/// # Errors
/// What is wrong with the text.
pub fn label_name(text: &str) -> Result<String, String> {
    match object_name(text) {
        Ok(name) if name.len() <= 63 && !name.contains('.') => Ok(name),
        _ => Err("not a name of a namespace or a Service; write at most 63 of a-z, 0-9 and `-`, beginning and ending \
                  with a letter or digit"
            .to_owned()),
    }
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
            address: Address::Service("plimsoll".to_owned()),
            failure_policy: FailurePolicy::Ignore,
            ca_bundle: None,
        }
    }

    fn pointer() -> TemplatePointer {
        "/spec/template".parse().unwrap()
    }

    fn with(group: &str, kind: &str) -> Result<ValidatingWebhookConfiguration, Hazard> {
        let custom = CustomKind::new(group.to_owned(), kind.to_owned(), vec![pointer()], None);
        configuration(&Kinds::default().with([custom]), &registration())
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
            let refusal = configuration(&Kinds::default().with([custom]), &registration()).unwrap_err().to_string();
            assert!(refusal.contains("a pattern or a subresource"), "{group}/{resource}: {refusal}");
        }
    }

    fn webhook(found: ValidatingWebhookConfiguration) -> ValidatingWebhook {
        found.webhooks.unwrap().remove(0)
    }

    #[test]
    fn takes_custom_kinds_of_other_groups() {
        let rules = webhook(with("kueue.x-k8s.io", "Thing").unwrap()).rules.unwrap();
        assert!(rules.contains(&rule("kueue.x-k8s.io", vec!["things".to_owned()])), "{rules:?}");
    }

    #[test]
    fn does_not_name_its_namespace_twice() {
        let registration = Registration { namespace: "kube-system".to_owned(), ..registration() };
        let found = webhook(configuration(&Kinds::default(), &registration).unwrap());
        assert_eq!(found.namespace_selector, Some(without(&["kube-system"])));
    }

    #[test]
    fn a_file_of_the_api_server_has_a_url_and_the_name_that_is_asked_for() {
        for name in ["plimsoll", "plimsoll.static.k8s.io"] {
            let address = Address::Static("https://10.0.0.1:8443/validate".to_owned());
            let registration = Registration { name: name.to_owned(), address, ..registration() };
            let found = configuration(&Kinds::default(), &registration).unwrap();
            assert_eq!(found.metadata.name.as_deref(), Some("plimsoll.static.k8s.io"));
            let client = webhook(found).client_config;
            assert_eq!((client.url.as_deref(), client.service), (Some("https://10.0.0.1:8443/validate"), None));
        }
    }

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        let long = "x".repeat(64);
        for name in ["a: b", "", "A", "-a", "a-", "a..b", "a/b", "a\nb", "ä"] {
            assert!(object_name(name).is_err() && label_name(name).is_err(), "{name}");
        }
        for name in ["a.b-c", long.as_str()] {
            assert!(object_name(name).is_ok() && label_name(name).is_err(), "{name}");
        }
        assert!(object_name(&"x".repeat(254)).is_err() && label_name("plimsoll-2").is_ok());
    }
}
