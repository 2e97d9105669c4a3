//! What an ordinary user of the cluster can write does not blind the webhook: nothing takes long, and what cannot be read
//! leaves the rest judged.

use plimsoll_tests::{
    deployment,
    webhook::{Setup, Webhook, create, object, update},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn with(pointer: &str, value: Value) -> Value {
    let mut object = object(&deployment("app:latest"));
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    object.pointer_mut(parent).expect("a parent")[field] = value;
    object
}

/// So many mappings in each other.
fn deep(levels: usize) -> Value {
    (0..levels).fold(json!({}), |inner, _| json!({ "f:x": inner }))
}

const CONTAINER: &str = "/spec/template/spec/containers/0";

fn ports(count: usize) -> Value {
    (0..count).map(|number| json!({ "containerPort": number % 60_000 + 1 })).collect()
}

/// Ten times as much takes about ten times as long: a square would take a hundred times as long.
#[tokio::test]
async fn the_work_is_linear_in_the_object() {
    let webhook = Webhook::with("").await;
    for (what, of) in [
        ("ports", (|count| with(&format!("{CONTAINER}/ports"), ports(count))) as fn(usize) -> Value),
        ("variables", |count| {
            let variable = |number: usize| json!({ "name": format!("V{number}"), "value": "x" });
            with(&format!("{CONTAINER}/env"), (0..count).map(variable).collect())
        }),
        ("labels", |count| {
            let labels = (0..count).map(|number| (format!("label-{number}"), Value::from("x")));
            with("/metadata/labels", Value::Object(labels.collect()))
        }),
        ("containers", |count| {
            let container = |number: usize| json!({ "name": format!("c{number}"), "image": "app:latest" });
            with("/spec/template/spec/containers", (0..count / 4).map(container).collect())
        }),
    ] {
        let fastest = async |count: usize| {
            let body = create(&of(count)).to_string();
            let mut times = Vec::new();
            for _ in 0..3 {
                let mut connection = webhook.connect().await;
                let start = Instant::now();
                let answer = connection.post("/validate?timeout=30s", body.clone()).await.expect("an answer");
                times.push(start.elapsed());
                assert_eq!(answer.json()["response"]["allowed"], false, "{what}");
            }
            times.into_iter().min().expect("some")
        };
        let (few, many) = (fastest(6_000).await, fastest(60_000).await);
        println!("{what}: 6000 in {few:?}, 60000 in {many:?}");
        assert!(many < few * 40 + Duration::from_millis(200), "{what}: 6000 in {few:?}, 60000 in {many:?}");
    }
}

#[tokio::test]
async fn what_managers_of_fields_wrote_is_passed_over_however_deep() {
    let webhook = Webhook::with("").await;
    for levels in [10, 121, 150, 180] {
        let managed = json!([{ "manager": "kubectl", "fieldsV1": deep(levels) }]);
        let managed = with("/metadata/managedFields", managed);
        let response = webhook.review(&create(&managed)).await;
        assert_eq!(response["auditAnnotations"]["refused-by"], "latest-tag", "{levels}: {response:#}");
        let mut fixed = managed.clone();
        fixed["spec"]["template"]["spec"]["containers"][0]["image"] = "app:1.2.3".into();
        let response = webhook.review(&update(&managed, &fixed)).await;
        assert_eq!(response["allowed"], true, "{levels}: {response:#}");
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_read_leaves_the_rest_judged() {
    let webhook = Webhook::start(Setup { flags: &["--on-failure", "deny"], ..Setup::default() }).await;
    let spec = "/spec/template/spec";
    for (pointer, value) in [
        (format!("{spec}/terminationGracePeriodSeconds"), json!(-1)),
        (format!("{CONTAINER}/resources"), json!({ "limits": { "cpu": "1E" } })),
        (format!("{CONTAINER}/resources"), json!({ "limits": { "cpu": "1e30" } })),
        (format!("{CONTAINER}/ports"), json!([{ "containerPort": "http" }])),
        (format!("{CONTAINER}/env"), json!([{ "name": "A", "value": 1 }])),
        (format!("{CONTAINER}/livenessProbe"), json!({ "httpGet": { "port": -1 } })),
        ("/spec/replicas".to_owned(), json!("three")),
        ("/spec/strategy".to_owned(), json!({ "rollingUpdate": { "maxSurge": "many" } })),
    ] {
        let response = webhook.review(&create(&with(&pointer, value.clone()))).await;
        let annotations = &response["auditAnnotations"];
        assert_eq!(annotations["refused-by"], "latest-tag", "{pointer} {value}: {response:#}");
        assert!(annotations["not-read"].is_string(), "{pointer} {value}: {response:#}");
        let mut fit = with(&pointer, value.clone());
        fit["spec"]["template"]["spec"]["containers"][0]["image"] = "app:1.2.3".into();
        let response = webhook.review(&create(&fit)).await;
        assert_eq!(response["allowed"], true, "{pointer} {value}: {response:#}");
    }
}

#[tokio::test]
async fn the_api_server_has_no_patches() {
    let webhook = Webhook::with("").await;
    let directive = with(&format!("{CONTAINER}/$patch"), json!("merge"));
    let response = webhook.review(&create(&directive)).await;
    assert_eq!(response["auditAnnotations"]["refused-by"], "latest-tag", "{response:#}");

    let mut no_image = with(&format!("{CONTAINER}/command"), json!(["sh", "-c", "./app | tee /log"]));
    no_image["spec"]["template"]["spec"]["containers"][0].as_object_mut().expect("a container").remove("image");
    let response = webhook.review(&create(&no_image)).await;
    assert_eq!(response["auditAnnotations"]["refused-by"], "shell-swallows-signals", "{response:#}");
}

fn fleet() -> Value {
    let mut fleet = object(&deployment("app:latest"));
    fleet["apiVersion"] = "example.com/v1".into();
    fleet["kind"] = "Fleet".into();
    fleet["spec"] = json!({ "ship": { "template": fleet["spec"]["template"] } });
    fleet
}

#[tokio::test]
async fn a_pointer_of_the_configuration_that_leads_nowhere_is_said() {
    let config = "workloads: [{ group: example.com, kind: Fleet, podTemplate: /spec/nowhere }]\n";
    for (outcome, allowed) in [("allow", true), ("deny", false)] {
        let setup = Setup { config, flags: &["--on-failure", outcome], ..Setup::default() };
        let webhook = Webhook::start(setup).await;
        let response = webhook.review(&create(&fleet())).await;
        assert_eq!(response["allowed"], allowed, "{response:#}");
        assert_eq!(
            response["auditAnnotations"]["not-judged"],
            "pod template outside of the pointers of example.com/Fleet: /spec/ship/template"
        );
    }
}

#[tokio::test]
async fn a_field_that_refers_to_a_workload_hides_no_pod_template() {
    let config = "workloads: [{ group: example.com, kind: Fleet, podTemplate: /spec/ship/template }]\n";
    let webhook = Webhook::with(config).await;
    let mut fleet = fleet();
    fleet["spec"]["workloadRef"] = json!({});
    let response = webhook.review(&create(&fleet)).await;
    assert_eq!(response["auditAnnotations"]["refused-by"], "latest-tag", "{response:#}");
}
