//! Verdicts that Kubernetes' own semantics demand, also where other linters get them wrong.

use plimsoll_tests::scan_text;

/// The rules that speak about a Deployment with this pod spec, each with its level: `deny latest-tag`.
fn deployment(pod: &str) -> Vec<String> {
    let pod = pod.replace('\n', "\n      ");
    rules(&format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{ name: app }}
spec:
  selector: {{ matchLabels: {{ app: app }} }}
  template:
    metadata: {{ labels: {{ app: app }} }}
    spec:
      {pod}
"
    ))
}

fn rules(manifest: &str) -> Vec<String> {
    let outcome = scan_text(&["--rule", "partial-readiness=warn"], manifest);
    assert_ne!(outcome.code, 2, "{outcome:?}");
    let without_place = |finding: String| finding.split_once(' ').expect("a place").1.to_owned();
    outcome.findings().into_iter().map(without_place).collect()
}

fn has(rules: &[String], rule: &str) -> bool {
    rules.iter().any(|found| found.split(' ').nth(1) == Some(rule))
}

const READY: &str = "readinessProbe: { httpGet: { path: /readyz, port: 8080 } }";

fn image(image: &str, policy: &str) -> Vec<String> {
    deployment(&format!("containers:\n- name: app\n  image: {image}\n  {policy}\n  {READY}"))
}

#[test]
fn a_registry_port_is_no_tag() {
    assert!(has(&image("registry:5000/app", ""), "latest-tag"));
    assert!(has(&image("registry:5000/team/app", ""), "latest-tag"));
    assert!(!has(&image("registry:5000/app:1.2.3", ""), "latest-tag"));
}

#[test]
fn a_digest_pins_whatever_the_pull_policy_and_the_tag() {
    let digest = "sha256:".to_owned() + &"0123456789abcdef".repeat(4);
    for tag in ["", ":latest", ":1.2.3", ":main"] {
        for policy in ["", "imagePullPolicy: Always", "imagePullPolicy: IfNotPresent"] {
            let found = image(&format!("nginx{tag}@{digest}"), policy);
            for rule in
                ["latest-tag", "moving-tag-cached", "moving-tag-always", "series-tag", "invalid-image-reference"]
            {
                assert!(!has(&found, rule), "nginx{tag}@… {policy}: {found:?}");
            }
        }
    }
    assert!(has(&image("nginx@sha256:0123", ""), "invalid-image-reference"));
}

#[test]
fn a_grpc_probe_is_a_probe() {
    let found = deployment("containers:\n- name: app\n  image: app:1.2.3\n  readinessProbe: { grpc: { port: 9000 } }");
    assert!(!has(&found, "missing-readiness-probe"), "{found:?}");
}

#[test]
fn init_containers_and_ephemeral_containers_need_no_probes() {
    let app = format!("containers:\n- name: app\n  image: app:1.2.3\n  {READY}");
    let init = "initContainers:\n- { name: init, image: 'init:1.2.3' }";
    let found = deployment(&format!("{app}\n{init}"));
    assert!(!has(&found, "missing-readiness-probe") && !has(&found, "partial-readiness"), "{found:?}");
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: app }}\nspec:\n  containers:\n  - name: app\n    image: app:1.2.3\n    {READY}\n  ephemeralContainers:\n  - {{ name: debug, image: 'debug:1.2.3' }}\n"
    );
    assert!(!has(&rules(&pod), "missing-readiness-probe"));
}

#[test]
fn what_runs_to_completion_needs_no_probes() {
    let pod = "template: { spec: { restartPolicy: Never, containers: [{ name: job, image: 'job:1.2.3' }] } }";
    let job = format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{ name: job }}\nspec: {{ {pod} }}\n");
    let cron = format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: job }}\nspec: {{ schedule: '0 0 * * *', jobTemplate: {{ spec: {{ {pod} }} }} }}\n"
    );
    let bare = "apiVersion: v1\nkind: Pod\nmetadata: { name: job }\nspec: { restartPolicy: OnFailure, containers: [{ name: job, image: 'job:1.2.3' }] }\n";
    for manifest in [job.as_str(), &cron, bare] {
        let found = rules(manifest);
        assert!(!found.iter().any(|rule| rule.contains("probe")), "{manifest}: {found:?}");
    }
}

#[test]
fn a_native_sidecar_needs_no_probe_and_does_not_stand_in_for_the_application() {
    let sidecar = format!("initContainers:\n- name: mesh\n  image: mesh:1.2.3\n  restartPolicy: Always\n  {READY}");
    let without = deployment(&format!("{sidecar}\ncontainers:\n- {{ name: app, image: 'app:1.2.3' }}"));
    assert!(has(&without, "missing-readiness-probe"), "{without:?}");
    let bare = "initContainers:\n- { name: mesh, image: 'mesh:1.2.3', restartPolicy: Always }";
    let with = deployment(&format!("{bare}\ncontainers:\n- name: app\n  image: app:1.2.3\n  {READY}"));
    assert!(!has(&with, "missing-readiness-probe") && !has(&with, "partial-readiness"), "{with:?}");
    let two = deployment(&format!(
        "containers:\n- {{ name: mesh, image: 'mesh:1.2.3' }}\n- name: app\n  image: app:1.2.3\n  {READY}"
    ));
    assert!(has(&two, "partial-readiness"), "an ordinary container is none: {two:?}");
}

#[test]
fn a_named_port_and_its_number_are_the_same_endpoint() {
    let probes = |liveness: &str| {
        deployment(&format!(
            "containers:\n- name: app\n  image: app:1.2.3\n  ports: [{{ name: http, containerPort: 8080 }}]\n  readinessProbe: {{ httpGet: {{ path: /healthz, port: 8080 }} }}\n  livenessProbe: {{ httpGet: {{ path: /healthz, port: {liveness} }} }}"
        ))
    };
    assert!(has(&probes("http"), "same-probe-endpoint"));
    assert!(has(&probes("8080"), "same-probe-endpoint"));
    assert!(!has(&probes("8081"), "same-probe-endpoint"));
}

#[test]
fn a_written_default_changes_no_verdict() {
    let bare = deployment("containers:\n- name: app\n  image: nginx:latest");
    let written = deployment(
        "terminationGracePeriodSeconds: 30\nrestartPolicy: Always\ncontainers:\n- name: app\n  image: nginx:latest\n  imagePullPolicy: Always",
    );
    assert_eq!(bare, written);
}

#[test]
fn two_containers_with_the_same_message_are_two_findings() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: two }\nspec: { containers: [{ name: one, image: 'a:1.2.3' }, { name: other, image: 'a:1.2.3' }] }\n";
    let report = scan_text(&["--notes"], pod).report();
    let findings = report["findings"].as_array().expect("findings").iter();
    let undeclared = findings.filter(|finding| finding["rule"] == "undeclared-shutdown-timeout");
    let containers: Vec<_> = undeclared.map(|finding| finding["container"].as_str().expect("a container")).collect();
    assert_eq!(containers, ["one", "other"]);
}

/// The view has a default in the place of such a field, and no rule may hold anything against that.
#[test]
fn nothing_is_computed_with_a_field_that_cannot_be_read() {
    let pod = |grace: &str, probe: &str| {
        let manifest = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: app }}\nspec:\n  selector: {{ matchLabels: {{ app: app }} }}\n  template:\n    metadata: {{ labels: {{ app: app }}, annotations: {{ plimsoll.dev/shutdown-timeout: 60s, plimsoll.dev/role: worker }} }}\n    spec:\n      terminationGracePeriodSeconds: {grace}\n      containers:\n      - name: app\n        image: app:1.2.3\n        readinessProbe: {{ httpGet: {{ path: /readyz, port: 8080 }} }}\n        livenessProbe: {{ httpGet: {{ path: /livez, port: 8080 }}, failureThreshold: {probe} }}\n        lifecycle: {{ preStop: {{ sleep: {{ seconds: 40 }} }} }}\n"
        );
        let outcome = scan_text(&[], &manifest);
        let rules = outcome.grave().into_iter().map(|found| found.rsplit(' ').next().expect("a rule").to_owned());
        // That a worker waits before it stops is wrong whatever cannot be read.
        let computed: Vec<String> = rules.filter(|rule| rule != "needless-drain-delay").collect();
        (computed.join(" "), outcome.problems().len())
    };
    assert_eq!(pod("50", "1").0, "grace-too-short missing-startup-probe liveness-kills-stalls");
    // In a template the API server accepts -1.
    assert_eq!(pod("-1", "6"), (String::new(), 1));
    assert_eq!(pod("a while", "one"), (String::new(), 2));
    assert_eq!(pod("110", "one").0, "");
}
