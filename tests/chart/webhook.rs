//! What the API server is told to send: the design's page "Safety of the cluster".

use crate::tools::Tool;
use expect_test::expect;
use serde_json::{Value, json};

fn configuration(helm: &Tool, values: &[&str]) -> Value {
    let objects = helm.objects(values);
    objects.into_iter().find(|object| object["kind"] == "ValidatingWebhookConfiguration").expect("it is rendered")
}

/// `group/resource` of all rules.
fn resources(configuration: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for rule in configuration["webhooks"][0]["rules"].as_array().expect("rules") {
        for resource in rule["resources"].as_array().expect("resources") {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            all.push(format!("{}/{}", text(&rule["apiGroups"][0]), text(resource)));
        }
    }
    all
}

#[test]
fn asks_for_workloads_alone() {
    let Some(helm) = Tool::helm() else { return };
    let expected = expect![[r#"
        /pods
        /podtemplates
        /replicationcontrollers
        apps/daemonsets
        apps/deployments
        apps/replicasets
        apps/statefulsets
        apps.kruise.io/clonesets
        argoproj.io/rollouts
        batch/cronjobs
        batch/jobs
        serving.knative.dev/services"#]];
    expected.assert_eq(&resources(&configuration(&helm, &[])).join("\n"));
}

#[test]
fn custom_kinds_join_their_group() {
    let Some(helm) = Tool::helm() else { return };
    let values = [
        "webhook.customKinds[0].group=argoproj.io",
        "webhook.customKinds[0].resource=workflows",
        "webhook.customKinds[1].group=example.com",
        "webhook.customKinds[1].resource=workers",
    ];
    let all = resources(&configuration(&helm, &values));
    for resource in ["argoproj.io/rollouts", "argoproj.io/workflows", "example.com/workers"] {
        assert!(all.iter().any(|known| known == resource), "{resource} is not among {all:?}");
    }
}

#[test]
fn leaves_system_namespaces_and_its_own_alone() {
    let Some(helm) = Tool::helm() else { return };
    let configuration = configuration(&helm, &["webhook.excludeNamespaces={guard,istio-system}"]);
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
        let client = &configuration(&helm, &[&format!("certificates.mode={mode}")])["webhooks"][0]["clientConfig"];
        assert!(client.get("caBundle").is_none(), "{mode}: {client}");
    }
    let values = [
        "certificates.mode=existing-secret",
        "certificates.existingSecret.name=mine",
        "certificates.existingSecret.caBundle=-----BEGIN CERTIFICATE-----",
    ];
    let client = &configuration(&helm, &values)["webhooks"][0]["clientConfig"];
    assert_eq!(client["caBundle"], "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t");
}
