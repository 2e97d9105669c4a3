//! What the chart renders to.

use crate::tools::{CHART, DIGEST, Tool};
use plimsoll_tests::{root, scan_text};
use serde_json::{Value, json};

/// Every way to install it that changes a pod or adds an object.
const VARIANTS: [&[&str]; 11] = [
    &[],
    &["certificates.mode=cert-manager"],
    &["certificates.mode=cert-manager", "certificates.certManager.issuerRef.name=corporate"],
    &["certificates.mode=existing-secret", "certificates.existingSecret.name=mine", "networkPolicy.enabled=false"],
    &["replicas=1", "config.webhook.mode=warn"],
    &[
        "webhook.failurePolicy=Fail",
        "config.workloads[0].group=example.com",
        "config.workloads[0].kind=Worker",
        "config.workloads[0].podTemplate=/spec/template",
    ],
    &["serviceMonitor.enabled=true", "alerts.enabled=true", "dashboard.enabled=true"],
    &["telemetry.otlpEndpoint=http://collector.observability:4318", "telemetry.resourceAttributes.team=platform"],
    &["telemetry.otlpEndpoint=https://collector.observability:4318", "telemetry.caConfigMap=authorities"],
    &["modules.configMap.name=acme", "server.onFailure=deny", "server.concurrency=4", "server.queue=64"],
    &["server.drainDelaySeconds=20", "server.shutdownTimeoutSeconds=40"],
];

fn find<'a>(objects: &'a [Value], kind: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind)
}

fn pod(objects: &[Value]) -> &Value {
    &find(objects, "Deployment").expect("a Deployment")["spec"]["template"]["spec"]
}

#[test]
fn passes_its_own_strict_scan() {
    let Some(helm) = Tool::helm() else { return };
    for values in VARIANTS {
        let rendered = helm.template(&[values, &[DIGEST]].concat());
        assert_eq!(rendered.code, 0, "{values:?}: {}", rendered.stderr);
        let outcome = scan_text(&["--profile", "strict"], &rendered.stdout);
        assert_eq!(outcome.findings(), Vec::<String>::new(), "{values:?}");
        assert_eq!(outcome.problems(), Vec::<String>::new(), "{values:?}");
        assert_eq!(outcome.report()["summary"]["workloads"], 1, "{values:?}");
    }
}

#[test]
fn chart_and_program_have_one_version() {
    let chart = std::fs::read_to_string(root().join(CHART).join("Chart.yaml")).expect("a chart");
    let chart: Value = serde_yaml::from_str(&chart).expect("YAML");
    let ours = env!("CARGO_PKG_VERSION");
    assert_eq!((chart["version"].as_str(), chart["appVersion"].as_str()), (Some(ours), Some(ours)));
}

#[test]
fn lint_finds_nothing() {
    let Some(helm) = Tool::helm() else { return };
    for values in VARIANTS {
        let outcome =
            helm.run(["lint", "--strict", CHART].into_iter().chain(values.iter().flat_map(|value| ["--set", value])));
        assert_eq!(outcome.code, 0, "{values:?}: {}{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn only_who_manages_certificates_itself_can_reach_the_api_server() {
    let Some(helm) = Tool::helm() else { return };
    for values in VARIANTS {
        let objects = helm.objects(values);
        let own = !values.iter().any(|value| value.starts_with("certificates.mode="));
        assert_eq!(pod(&objects)["automountServiceAccountToken"], own, "{values:?}");
        for kind in ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"] {
            assert_eq!(find(&objects, kind).is_some(), own, "{kind} with {values:?}");
        }
    }
    let closed = helm.objects(&["certificates.mode=cert-manager"]);
    assert_eq!(find(&closed, "NetworkPolicy").expect("a NetworkPolicy")["spec"]["egress"], json!([]));
}

#[test]
fn rights_name_their_object_except_for_creation() {
    let Some(helm) = Tool::helm() else { return };
    let objects = helm.objects(&[]);
    let rules =
        ["Role", "ClusterRole"].iter().flat_map(|kind| find(&objects, kind).expect("it is there")["rules"].as_array());
    for rule in rules.flatten() {
        let named = rule["resourceNames"].as_array().is_some_and(|names| names.len() == 1);
        assert!(named || rule["verbs"] == json!(["create"]), "{rule}");
    }
}

#[test]
fn one_replica_does_not_keep_nodes_from_being_drained() {
    let Some(helm) = Tool::helm() else { return };
    assert!(find(&helm.objects(&["replicas=1"]), "PodDisruptionBudget").is_none());
    assert!(find(&helm.objects(&[]), "PodDisruptionBudget").is_some());
}

/// A NetworkPolicy that forgot the collector would lose telemetry in silence.
#[test]
fn the_network_policy_lets_telemetry_out_to_the_port_of_its_endpoint() {
    let Some(helm) = Tool::helm() else { return };
    for (endpoint, port) in [
        ("http://collector.observability:4318", 4318),
        ("http://otlp.example.com/base", 80),
        ("https://otlp.example.com/base", 443),
        ("http://[fd00::1]:9000/", 9000),
    ] {
        let endpoint = format!("telemetry.otlpEndpoint={endpoint}");
        let authorities = "telemetry.caConfigMap=authorities";
        let objects = helm.objects(&[&endpoint, authorities, "certificates.mode=cert-manager"]);
        let ports = &find(&objects, "NetworkPolicy").expect("a NetworkPolicy")["spec"]["egress"][0]["ports"];
        assert!(
            ports.as_array().is_some_and(|ports| ports.iter().any(|known| known["port"] == port)),
            "{endpoint}: {ports}"
        );
    }
}

#[test]
fn the_admin_port_is_open_to_whom_the_values_name_and_nobody_else() {
    let Some(helm) = Tool::helm() else { return };
    let ingress = |values: &[&str]| {
        let policy = find(&helm.objects(values), "NetworkPolicy").cloned().expect("a NetworkPolicy");
        policy["spec"]["ingress"].as_array().cloned().expect("a list")
    };
    assert_eq!(ingress(&[]), [json!({ "ports": [{ "port": "webhook", "protocol": "TCP" }] })]);
    let named = ingress(&["networkPolicy.adminFrom[0].namespaceSelector.matchLabels.team=metrics"]);
    let from = json!([{ "namespaceSelector": { "matchLabels": { "team": "metrics" } } }]);
    assert_eq!(named[1..], [json!({ "ports": [{ "port": "admin", "protocol": "TCP" }], "from": from })]);
}

#[test]
fn the_longest_names_fit() {
    let Some(helm) = Tool::helm() else { return };
    let release = "a".repeat(53);
    for object in helm.objects(&[
        &format!("fullnameOverride={release}"),
        "certificates.mode=cert-manager",
        "dashboard.enabled=true",
    ]) {
        let name = object["metadata"]["name"].as_str().expect("a name");
        assert!(name.len() <= 63, "{} {name}", object["kind"]);
    }
}
