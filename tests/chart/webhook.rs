//! What the API server is told to send: the design's page "Safety of the cluster".

use crate::tools::Tool;
use plimsoll_tests::{folder, plimsoll};
use serde_json::{Value, json};

fn configuration(helm: &Tool, values: &[&str], file: &Value) -> Value {
    let objects = helm.objects_with(values, file);
    objects.into_iter().find(|object| object["kind"] == "ValidatingWebhookConfiguration").expect("it is rendered")
}

/// Plurals of all sorts, a group that is there already, and a resource that nobody would guess.
const CUSTOM: &str = "\
workloads:
  - { group: example.com, kind: Worker, podTemplate: /spec/template }
  - { group: example.com, kind: Proxy, podTemplate: /spec/template }
  - { group: example.com, kind: Canary, podTemplate: /spec/template }
  - { group: example.com, kind: Process, podTemplate: /spec/template }
  - { group: example.com, kind: Mouse, podTemplate: /spec/template, resource: mice }
  - { group: argoproj.io, kind: Workflow, podTemplate: /spec/template }
";

/// Whoever installs without Helm must get the same.
#[test]
fn is_what_the_program_prints() {
    let Some(helm) = Tool::helm() else { return };
    for config in ["{}\n", CUSTOM] {
        let folder = folder([("plimsoll.yaml", config)]);
        let printed = plimsoll(folder.path(), &["webhook", "manifest", "--namespace", "guard"], "");
        let printed: Value = serde_yaml::from_str(&printed.stdout).expect("YAML");
        let values: Value = serde_yaml::from_str(config).expect("YAML");
        let rendered = configuration(&helm, &[], &json!({ "config": values }));
        assert_eq!(rendered["webhooks"], printed["webhooks"]);
    }
}

#[test]
fn leaves_system_namespaces_and_its_own_alone() {
    let Some(helm) = Tool::helm() else { return };
    let configuration = configuration(&helm, &["webhook.excludeNamespaces={guard,istio-system}"], &json!({}));
    let expected = json!([{
        "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "guard", "istio-system"]
    }]);
    assert_eq!(configuration["webhooks"][0]["namespaceSelector"]["matchExpressions"], expected);
}

/// Who writes the caBundle owns it: what Helm does not mention it does not take back at an upgrade.
#[test]
fn mentions_no_ca_bundle_that_somebody_else_writes() {
    let Some(helm) = Tool::helm() else { return };
    for mode in ["self-managed", "cert-manager"] {
        let client =
            &configuration(&helm, &[&format!("certificates.mode={mode}")], &json!({}))["webhooks"][0]["clientConfig"];
        assert!(client.get("caBundle").is_none(), "{mode}: {client}");
    }
    let values = [
        "certificates.mode=existing-secret",
        "certificates.existingSecret.name=mine",
        "certificates.existingSecret.caBundle=-----BEGIN CERTIFICATE-----",
    ];
    let client = &configuration(&helm, &values, &json!({}))["webhooks"][0]["clientConfig"];
    assert_eq!(client["caBundle"], "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t");
}
