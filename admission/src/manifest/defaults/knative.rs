//! What Knative fills in where Kubernetes would refuse: names and ports of containers, and what a probe asks.
//! The grace period is the revision's request timeout.

use super::Site;
use serde_json::{Value, json};

const CONTAINER_NAME: &str = "user-container";
const PORT: i64 = 8080;
const REQUEST_TIMEOUT_SECONDS: i64 = 300;
const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

pub(super) fn fill(template: &mut Site<'_>) {
    let Some(mut spec) = template.at("spec") else { return };
    let timeout = spec.get("timeoutSeconds").cloned().unwrap_or(REQUEST_TIMEOUT_SECONDS.into());
    spec.set("terminationGracePeriodSeconds", timeout);
    spec.each("containers", |mut container| {
        container.set("name", CONTAINER_NAME.into());
        let declared = container.get("ports").and_then(|ports| ports.pointer("/0/containerPort"));
        let port = declared.cloned().unwrap_or(PORT.into());
        for name in PROBES {
            if let Some(mut probe) = container.at(name) {
                handler(&mut probe, &port);
            }
        }
    });
}

fn handler(probe: &mut Site<'_>, port: &Value) {
    const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
    if !HANDLERS.iter().any(|handler| probe.has(handler)) {
        probe.set("tcpSocket", json!({}));
    }
    for name in ["httpGet", "tcpSocket", "grpc"] {
        if let Some(mut handler) = probe.at(name) {
            handler.clear("port", |port| port.as_i64() == Some(0));
            handler.set("port", port.clone());
        }
    }
}
