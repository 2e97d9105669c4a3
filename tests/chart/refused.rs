//! Values that would make an installation that does not work, or does not do what was asked.

use crate::tools::Tool;

const TEMPLATE: &str = "config.workloads[0].podTemplate=/spec/template";
const SUBRESOURCE: &str = "config.workloads[0].resource=workers/scale";

/// The values, and the one that Helm's message must name.
const REFUSED: [(&[&str], &str); 19] = [
    (&["replica=3"], "replica"),
    (&["replicas=0"], "replicas"),
    (&["webhook.failurepolicy=Fail"], "failurepolicy"),
    (&["webhook.failurePolicy=fail"], "failurePolicy"),
    (&["webhook.timeoutSeconds=5"], "timeoutSeconds"),
    (&["config.workloads[0].group=coordination.k8s.io", "config.workloads[0].kind=Lease", TEMPLATE], "group"),
    (&["config.workloads[0].group=", "config.workloads[0].kind=Node", TEMPLATE], "group"),
    (&["config.workloads[0].group=example.com", "config.workloads[0].kind=Worker"], "podTemplate"),
    (&["config.workloads[0].group=example.com", "config.workloads[0].kind=Worker", TEMPLATE, SUBRESOURCE], "resource"),
    (&["webhook.customKinds[0].group=example.com"], "customKinds"),
    (&["certificates.mode=existing-secret"], "existingSecret"),
    (&["certificates.existingSecret.name=mine"], "existingSecret"),
    (&["certificates.certManager.issuerRef.name=mine"], "issuerRef"),
    (&["certificates.clientCa=-----BEGIN CERTIFICATE-----"], "clientCa"),
    (&["image.digest=sha256:12"], "digest"),
    (&["server.drainDelaySeconds=5s"], "drainDelaySeconds"),
    (&["telemetry.otlpEndpoint=http://collector:4317"], "otlpEndpoint"),
    (&["telemetry.otlpEndpoint=collector:4318"], "otlpEndpoint"),
    (&["telemetry.otlpEndpoint=https://collector:4318"], "give telemetry.caConfigMap"),
];

#[test]
fn the_schema_refuses_what_makes_no_sense() {
    let Some(helm) = Tool::helm() else { return };
    for (values, named) in REFUSED {
        let outcome = helm.template(values);
        assert!(outcome.code != 0 && outcome.stderr.contains(named), "{values:?}: {outcome:?}");
    }
}
