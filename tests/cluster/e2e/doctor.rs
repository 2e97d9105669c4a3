//! `plimsoll doctor`, as somebody runs it who has a kubeconfig.

use crate::support::{RELEASE, Seen, alone, kubectl, run, shared};
use plimsoll_tests::{folder, target};
use std::path::Path;

/// With the configuration that is installed.
fn doctor() -> Seen {
    let config = kubectl(&format!("-n {RELEASE} get configmap plimsoll -o jsonpath={{.data.plimsoll\\.yaml}}")).ok();
    let here = folder([("plimsoll.yaml", &config)]);
    let file = here.path().join("plimsoll.yaml");
    let program = target().join("release/plimsoll");
    run(&program, &["doctor", "--config", file.to_str().expect("a path in UTF-8")], "")
}

/// Its lines that begin with this.
fn lines<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(word)).collect()
}

#[test]
fn a_fresh_installation_is_healthy() {
    let _shared = shared();
    let text = doctor().ok();
    assert!(lines(&text, "fail").is_empty() && lines(&text, "warn").is_empty(), "{text}");
    assert!(lines(&text, "ok").len() >= 5, "{text}");
}

#[test]
fn a_webhook_without_replicas_is_found_out() {
    let _alone = alone(&[]);
    kubectl(&format!("-n {RELEASE} scale deployment plimsoll --replicas 0")).ok();
    kubectl(&format!("-n {RELEASE} wait --for delete pod -l app.kubernetes.io/name=plimsoll --timeout 60s")).ok();
    let text = doctor().refused();
    assert!(lines(&text, "fail").iter().any(|line| line.contains("replica")), "{text}");
}

#[test]
fn a_webhook_that_selects_no_lease_is_no_hazard() {
    let _alone = alone(&[]);
    let narrow = HAZARD
        .replace("    rules:", "    objectSelector: { matchLabels: { e2e.plimsoll.dev/is: nowhere } }\n    rules:");
    run(Path::new("kubectl"), &["create", "-f", "-"], &narrow).ok();
    let seen = doctor();
    kubectl("delete validatingwebhookconfiguration hazard").ok();
    assert!(!seen.ok().contains("hazard"));
}

#[test]
fn the_hazard_of_another_webhook_is_found_out() {
    let _alone = alone(&[]);
    run(Path::new("kubectl"), &["create", "-f", "-"], HAZARD).ok();
    let seen = doctor();
    kubectl("delete validatingwebhookconfiguration hazard").ok();
    let text = seen.refused();
    assert!(lines(&text, "fail").iter().any(|line| line.contains("hazard") && line.contains("leases")), "{text}");
}

/// It is asked about every Lease, and nobody answers at its address: which is told at once, and ignored.
const HAZARD: &str = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: hazard }
webhooks:
  - name: hazard.e2e.plimsoll.dev
    admissionReviewVersions: [v1]
    sideEffects: None
    timeoutSeconds: 10
    failurePolicy: Ignore
    clientConfig: { url: 'https://127.0.0.1:1/' }
    rules:
      - { apiGroups: [coordination.k8s.io], apiVersions: ['*'], operations: ['*'], resources: [leases] }
";
