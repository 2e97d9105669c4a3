//! AdmissionReviews as the API server sends them.

use serde_json::{Value, json};

/// A YAML document as JSON.
pub fn object(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).expect("YAML")
}

/// Somebody creates it.
pub fn create(object: &Value) -> Value {
    review("CREATE", object, object, &Value::Null)
}

/// Somebody changes it.
pub fn update(old: &Value, new: &Value) -> Value {
    review("UPDATE", new, new, old)
}

/// Somebody deletes it.
pub fn delete(old: &Value) -> Value {
    review("DELETE", old, &Value::Null, old)
}

fn review(operation: &str, about: &Value, object: &Value, old: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api_version = text(&about["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let resource = format!("{}s", text(&about["kind"]).to_lowercase());
    let namespace = about["metadata"]["namespace"].as_str().unwrap_or("default");
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": { "group": group, "version": version, "kind": about["kind"] },
            "resource": { "group": group, "version": version, "resource": resource },
            "requestKind": { "group": group, "version": version, "kind": about["kind"] },
            "requestResource": { "group": group, "version": version, "resource": resource },
            "name": about["metadata"]["name"],
            "namespace": namespace,
            "operation": operation,
            "userInfo": { "username": "jane", "groups": ["system:authenticated"] },
            "object": object,
            "oldObject": old,
            "dryRun": false,
            "options": { "apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions" },
        },
    })
}
