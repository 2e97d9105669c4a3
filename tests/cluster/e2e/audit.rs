//! `plimsoll scan --cluster`: what it finds in a real cluster is what the webhook says and what a scan of the same
//! manifests finds, with the rights of docs/audit-role.yaml.

use crate::support::{Namespace, RELEASE, Seen, kubectl, run, shared};
use plimsoll_tests::{folder, root, target};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};
use tempfile::TempDir;

/// A folder with the configuration that is installed.
fn configured() -> TempDir {
    folder([(
        "plimsoll.yaml",
        &kubectl(&format!("-n {RELEASE} get configmap plimsoll -o jsonpath={{.data.plimsoll\\.yaml}}")).ok(),
    )])
}

fn plimsoll(configured: &TempDir, args: &[&str], stdin: &str) -> Seen {
    let config = configured.path().join("plimsoll.yaml");
    let config = ["--config", config.to_str().expect("a path in UTF-8")];
    run(&target().join("release/plimsoll"), &[&["scan"], args, &config].concat(), stdin)
}

fn json(seen: &Seen) -> Value {
    serde_json::from_str(&seen.text).unwrap_or_else(|error| panic!("no report: {error}: {seen}"))
}

/// What is found, without where: rule, level, object, container and field of each.
fn found(report: &Value) -> BTreeSet<String> {
    let fields = ["rule", "level", "container", "pointer", "message", "fingerprint"];
    let of = |finding: &Value| {
        let parts = fields.map(|field| finding[field].to_string()).join(" ");
        format!("{} {parts}", finding["object"]["name"])
    };
    report["findings"].as_array().expect("a list").iter().map(of).collect()
}

/// One of each kind, fit and unfit, as people write them: defaults are left out.
const MANIFESTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: { name: unfit }
spec:
  replicas: 2
  selector: { matchLabels: { app: unfit } }
  template:
    metadata: { labels: { app: unfit }, annotations: { plimsoll.dev/shutdown-timeout: 45s } }
    spec:
      terminationGracePeriodSeconds: 46
      containers:
        - { name: app, image: 'app:latest', imagePullPolicy: IfNotPresent }
        - { name: proxy, image: 'proxy:1.2.3', livenessProbe: { httpGet: { path: /ready, port: 80 } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: fit }
spec:
  selector: { matchLabels: { app: fit } }
  template:
    metadata: { labels: { app: fit }, annotations: { plimsoll.dev/shutdown-timeout: 20s } }
    spec:
      containers:
        - { name: app, image: 'app:1.2.3', readinessProbe: { httpGet: { path: /readyz, port: 8080 } } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: stateful }
spec:
  serviceName: stateful
  updateStrategy: { type: OnDelete }
  selector: { matchLabels: { app: stateful } }
  template:
    metadata: { labels: { app: stateful } }
    spec: { containers: [{ name: app, image: 'app@sha256:1' }] }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec:
  schedule: '0 3 * * *'
  jobTemplate: { spec: { template: { spec: { restartPolicy: OnFailure, containers: [{ name: app, image: app }] } } } }
---
apiVersion: v1
kind: Pod
metadata: { name: bare }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: app, image: 'app:1.2.3' }] }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: unfit }
spec: { minAvailable: 2, selector: { matchLabels: { app: unfit } } }
---
apiVersion: v1
kind: Service
metadata: { name: astray }
spec: { selector: { app: nowhere }, ports: [{ port: 80 }] }
";

#[test]
fn webhook_audit_and_file_say_the_same_of_the_same_objects() {
    let _shared = shared();
    let here = Namespace::new("audit");
    here.create_before_the_webhook(MANIFESTS);
    let configured = configured();
    let live = json(&plimsoll(&configured, &["--cluster", "-n", here.name(), "-f", "json"], ""));
    let written = json(&plimsoll(&configured, &["--namespace", here.name(), "-f", "json", "-"], MANIFESTS));
    assert_eq!(found(&live), found(&written));
    assert!(found(&live).len() > 10, "{live:#}");

    let there = Namespace::new("audit-there");
    let (mut refused, mut count) = (BTreeSet::new(), 0);
    for manifest in MANIFESTS.split("---\n") {
        let seen = there.kubectl_with("create --dry-run=server -f -", manifest);
        count += usize::from(!seen.succeeded);
        let name = manifest.split("name: ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a name");
        let rules = seen.text.lines().filter_map(|line| line.strip_prefix("- ")?.split(':').next());
        refused.extend(rules.map(|rule| format!("{name} {rule}")));
    }
    let denied = |finding: &&Value| finding["level"] == "deny" && finding["object"]["kind"] != "PodDisruptionBudget";
    let name = |finding: &Value| format!("{} {}", finding["object"]["name"], finding["rule"]).replace('"', "");
    let denied: BTreeSet<String> =
        live["findings"].as_array().expect("a list").iter().filter(denied).map(name).collect();
    assert_eq!((denied, &live["summary"]["cluster"]["wouldBeRefused"]), (refused, &Value::from(count)));
}

#[test]
fn the_role_that_is_shipped_is_enough_and_reports_are_what_their_schema_takes() {
    let _shared = shared();
    let here = Namespace::new("audit-role");
    here.create_before_the_webhook(MANIFESTS);
    let role = fs::read_to_string(root().join("docs/audit-role.yaml")).expect("a file");
    kubectl_with("apply -f -", &role);
    kubectl_with("apply -f -", DEFINITION);
    kubectl("wait --for condition=Established crd/reports.openreports.io --timeout 60s").ok();
    here.kubectl("create serviceaccount audit").ok();
    let bind = |role: &str| {
        let account = format!("{}:audit", here.name());
        here.kubectl(&format!("create rolebinding {role} --clusterrole {role} --serviceaccount {account}")).ok();
    };
    let (configured, access) = (configured(), kubeconfig(&here));
    let audit = |args: &[&str]| {
        let first = ["--cluster", "--kubeconfig", access.0.as_str(), "-n", here.name()];
        plimsoll(&configured, &[&first, args].concat(), "")
    };
    let text = audit(&["-f", "json"]).refused();
    assert!(text.contains("cannot be listed") && text.contains("resources: [deployments]"), "{text}");
    bind("plimsoll-audit");
    assert_eq!(json(&audit(&["-f", "json"]))["problems"], Value::from([] as [Value; 0]));

    let apply = ["-f", "openreports", "--apply"];
    let text = audit(&apply).refused();
    assert!(text.contains("grant the verb `patch`"), "{text}");
    bind("plimsoll-audit-reports");
    let text = audit(&apply).refused();
    assert!(text.contains("openreports: 1 written, 0 removed"), "{text}");
    let report = here.kubectl("get reports.openreports.io plimsoll --show-managed-fields -o json").ok();
    let report: Value = serde_json::from_str(&report).expect("a report");
    assert_eq!(report["metadata"]["managedFields"][0]["manager"], "plimsoll");
    assert!(report["results"].as_array().is_some_and(|results| results.len() > 5), "{report:#}");
    // There is nothing left to report.
    here.kubectl("delete deployment,statefulset,cronjob,pod --all --wait").ok();
    let text = audit(&[apply.as_slice(), &["--allow-empty"]].concat()).ok();
    assert!(text.contains("openreports: 0 written, 1 removed"), "{text}");
}

fn kubectl_with(args: &str, manifest: &str) {
    run(Path::new("kubectl"), &args.split(' ').collect::<Vec<_>>(), manifest).ok();
}

/// Of the service account `audit`: its path, and the folder that it is in.
fn kubeconfig(here: &Namespace) -> (String, TempDir) {
    let folder = folder([("kubeconfig", &kubectl("config view --raw --minify --flatten").ok())]);
    let path = folder.path().join("kubeconfig").to_str().expect("a path in UTF-8").to_owned();
    let token = here.kubectl("create token audit").ok();
    kubectl(&format!("--kubeconfig {path} config set-credentials audit --token {}", token.trim())).ok();
    kubectl(&format!("--kubeconfig {path} config set-context --current --user audit")).ok();
    (path, folder)
}

/// The fields of the CRD of openreports.io that a report of ours has, with their types and values.
const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: reports.openreports.io }
spec:
  group: openreports.io
  names: { kind: Report, plural: reports, singular: report }
  scope: Namespaced
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            source: { type: string }
            summary: { type: object, additionalProperties: { type: integer } }
            results:
              type: array
              items:
                type: object
                required: [policy]
                properties:
                  source: { type: string }
                  policy: { type: string }
                  rule: { type: string }
                  category: { type: string }
                  severity: { type: string, enum: [critical, high, low, medium, info] }
                  result: { type: string, enum: [pass, fail, warn, error, skip] }
                  message: { type: string }
                  properties: { type: object, additionalProperties: { type: string } }
                  resources:
                    type: array
                    items:
                      type: object
                      properties:
                        apiVersion: { type: string }
                        kind: { type: string }
                        name: { type: string }
                        namespace: { type: string }
";
