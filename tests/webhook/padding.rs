//! A manifest cannot make a policy fail, whatever it holds and however large it is: what policies cannot be given is
//! refused, and said.

use expect_test::expect;
use plimsoll_tests::{
    deployment,
    webhook::{Webhook, create, object, update},
};
use serde_json::{Map, Value, json};

/// What an object of 1.5 MB can hold at most; etcd takes no more.
const BYTES: usize = 1_500_000;

fn with(pointer: &str, field: &str, value: Value) -> Value {
    let mut object = object(&deployment("app:latest"));
    object.pointer_mut(pointer).expect("a parent")[field] = value;
    object
}

const TEMPLATE: &str = "/spec/template";
const SPEC: &str = "/spec/template/spec";
const CONTAINER: &str = "/spec/template/spec/containers/0";

/// As many items as make up an object.
fn list(item: impl Fn(usize) -> Value) -> Value {
    let mut size = 0;
    (0..)
        .map(item)
        .take_while(|item| {
            size += item.to_string().len() + 1;
            size < BYTES
        })
        .collect()
}

fn map(size: usize) -> Value {
    let entry = |number: usize| (format!("k{number}"), Value::from("v"));
    Value::Object((0..size).map(entry).collect::<Map<_, _>>())
}

fn containers(count: usize, of: impl Fn(usize) -> Value) -> Value {
    (0..count).map(of).collect()
}

fn full(number: usize) -> Value {
    let probe = json!({ "httpGet": { "path": "/healthz", "port": 8080 }, "periodSeconds": 5, "timeoutSeconds": 2 });
    json!({
        "name": format!("c{number}"), "image": "registry.example/application:latest",
        "command": ["sh", "-c", "./prepare && ./application | tee /log"],
        "env": [{ "name": "SHUTDOWN_TIMEOUT", "value": "40s" }, { "name": "B", "value": "2" }],
        "ports": [{ "name": "http", "containerPort": 8080 }],
        "livenessProbe": probe, "readinessProbe": probe, "startupProbe": probe,
        "lifecycle": { "preStop": { "exec": { "command": ["sh", "-c", "sleep 10; kill -TERM 1"] } } },
        "resources": { "limits": { "cpu": "500m" }, "requests": { "cpu": "100m" } },
        "volumeMounts": [{ "name": "data", "mountPath": "/data" }],
    })
}

/// Each way to make an object large.
fn padded() -> Vec<(&'static str, Value)> {
    let variable = |name: String| json!({ "name": name, "value": "x" });
    let small = |number: usize| json!({ "name": format!("c{number}"), "image": "app:latest" });
    let image_volume = |number: usize| json!({ "name": format!("v{number}"), "image": { "reference": "a:latest" } });
    let claim = |number: usize| json!({ "name": format!("v{number}"), "persistentVolumeClaim": { "claimName": "c" } });
    let headers = list(|number| json!({ "name": format!("h{number}"), "value": "x" }));
    let get = json!({ "httpGet": { "port": 80, "httpHeaders": headers } });
    let script = |piece: &str| json!(["sh", "-c", piece.repeat(BYTES / piece.len())]);
    vec![
        ("110 000 equal variables", with(CONTAINER, "env", (0..110_000).map(|_| variable("A".to_owned())).collect())),
        ("variables", with(CONTAINER, "env", list(|number| variable(format!("V{number}"))))),
        ("one long variable", with(CONTAINER, "env", json!([{ "name": "A", "value": "x".repeat(BYTES) }]))),
        ("arguments", with(CONTAINER, "args", list(|_| json!("a")))),
        ("empty arguments", with(CONTAINER, "args", list(|_| json!("")))),
        ("one long argument", with(CONTAINER, "args", json!(["x".repeat(BYTES)]))),
        ("commands of a script", with(CONTAINER, "command", script("a;"))),
        ("words of a script", with(CONTAINER, "command", script("a "))),
        ("substitutions of a script", with(CONTAINER, "command", script("$(a)"))),
        ("pipes of a script", with(CONTAINER, "command", script("a|b;"))),
        ("quotes of a script", with(CONTAINER, "command", script("''\"\""))),
        ("assignments of a script", with(CONTAINER, "command", script("a=b "))),
        ("functions of a script", with(CONTAINER, "command", script("a(){ b;};"))),
        ("ports", with(CONTAINER, "ports", list(|_| json!({ "containerPort": 80 })))),
        ("mounts", with(CONTAINER, "volumeMounts", list(|_| json!({ "name": "v", "mountPath": "/" })))),
        ("headers", with(CONTAINER, "livenessProbe", get)),
        ("the command of a probe", with(CONTAINER, "livenessProbe", json!({ "exec": { "command": script("a;") } }))),
        (
            "the command of a hook",
            with(CONTAINER, "lifecycle", json!({ "preStop": { "exec": { "command": script("sleep 1;") } } })),
        ),
        ("a long image", with(CONTAINER, "image", json!("i".repeat(BYTES)))),
        ("labels", with("/metadata", "labels", map(BYTES / 16))),
        ("annotations", with("/metadata", "annotations", map(BYTES / 16))),
        ("annotations of the pods", with(TEMPLATE, "metadata", json!({ "annotations": map(BYTES / 16) }))),
        ("a selector", with("/spec", "selector", json!({ "matchLabels": map(BYTES / 16) }))),
        ("volumes that are images", with(SPEC, "volumes", list(image_volume))),
        ("claims", with(SPEC, "volumes", list(claim))),
        ("4000 small containers", with(SPEC, "containers", containers(4000, small))),
        ("4000 small init containers", with(SPEC, "initContainers", containers(4000, small))),
        ("1500 full containers", with(SPEC, "containers", containers(1500, full))),
        ("as many containers as are judged, full", with(SPEC, "containers", containers(128, full))),
        (
            "full containers with long commands",
            with(
                SPEC,
                "containers",
                containers(128, |number| {
                    let mut container = full(number);
                    container["command"][2] = "a;".repeat(5_000).into();
                    container
                }),
            ),
        ),
    ]
}

#[tokio::test]
async fn whatever_is_padded_is_refused_and_no_policy_fails() {
    let webhook = Webhook::with("").await;
    for (what, object) in padded() {
        let response = webhook.review(&create(&object)).await;
        let annotations = &response["auditAnnotations"];
        assert_eq!(annotations["no-verdict-of"], Value::Null, "{what}: {response:#}");
        assert_eq!(annotations["not-judged"], Value::Null, "{what}: {response:#}");
        assert_eq!(response["allowed"], false, "{what}: {response:#}");
    }
    let failures = webhook.admin("/metrics").await.1;
    assert!(!failures.contains("plimsoll_policy_failures_total{"), "{failures}");
}

#[tokio::test]
async fn what_was_left_out_is_said() {
    let webhook = Webhook::with("").await;
    let small = |number: usize| json!({ "name": format!("c{number}"), "image": "app:1.2.3" });
    let many = with(SPEC, "containers", containers(4000, small));
    let response = webhook.review(&create(&many)).await;
    expect![[r#"
        Deployment default/app is not fit to run:
        - too-large: it has 4000 containers, of which 128 are judged
            at spec.template.spec.containers
            help: move long texts into a ConfigMap, and take out what nothing reads
            more: plimsoll explain too-large
        - missing-readiness-probe: no container of the pod has a readiness probe: it counts as ready as soon as it runs, so a broken version replaces a good one
            at spec.template.spec.containers
            help: add `readinessProbe: { httpGet: { path: /readyz, port: 8080 } }`
            more: plimsoll explain missing-readiness-probe"#]]
    .assert_eq(response["status"]["message"].as_str().expect("a message"));

    // What was not looked at before is not forgiven; what is as it was is.
    let mut more_replicas = many.clone();
    more_replicas["spec"]["replicas"] = 3.into();
    assert_eq!(webhook.review(&update(&many, &more_replicas)).await["allowed"], true);
    let mut unseen = many.clone();
    unseen["spec"]["template"]["spec"]["containers"][3000]["image"] = "app:latest".into();
    assert_eq!(webhook.review(&update(&many, &unseen)).await["allowed"], false);
}

#[tokio::test]
async fn equal_variables_are_one() {
    let webhook = Webhook::with("").await;
    let variables: Value = (0..110_000).map(|_| json!({ "name": "A", "value": "x" })).collect();
    let mut padded = with(CONTAINER, "env", variables);
    let response = webhook.review(&create(&padded)).await;
    assert_eq!(response["auditAnnotations"]["refused-by"], "latest-tag", "{response:#}");
    padded["spec"]["template"]["spec"]["containers"][0]["image"] = "app:1.2.3".into();
    let response = webhook.review(&create(&padded)).await;
    assert_eq!(response["allowed"], true, "{response:#}");
}

#[tokio::test]
async fn padding_is_no_way_around_an_update_either() {
    let webhook = Webhook::with("").await;
    let fit = object(&deployment("app:1.2.3"));
    for (what, padded) in padded() {
        let response = webhook.review(&update(&fit, &padded)).await;
        assert_eq!(response["allowed"], false, "{what}: {response:#}");
    }
}
