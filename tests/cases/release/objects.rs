//! Objects of a shop: a Job `migrate-3` and a Deployment `web` whose pods wait for it.

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::io::Write;

fn meta(name: &str, owner: &str) -> Value {
    let mut meta = json!({ "name": name, "namespace": "shop", "uid": format!("uid-{name}"), "generation": 1 });
    if !owner.is_empty() {
        meta["ownerReferences"] = json!([
            { "apiVersion": "v1", "kind": "X", "name": owner, "uid": format!("uid-{owner}"), "controller": true },
        ]);
    }
    meta
}

/// What `helm template` prints.
pub(super) const MANIFEST: &str = "---
# Source: shop/templates/migrate.yaml
apiVersion: batch/v1
kind: Job
metadata: { name: migrate-3 }
---
# Source: shop/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      initContainers: [{ name: wait, image: kubectl, args: [wait, job/migrate-3] }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
";

/// Helm's record of a revision.
pub(super) fn record(release: &str, revision: u32, status: &str, manifest: &str) -> Value {
    let text = json!({
        "name": release, "version": revision, "manifest": manifest, "hooks": [],
        "info": { "status": status, "description": format!("Upgrade {status}") },
    });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.to_string().as_bytes()).expect("memory");
    let base64 = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let data = base64(base64(&gzip.finish().expect("memory")).as_bytes());
    let mut metadata = meta(&format!("sh.helm.release.v1.{release}.v{revision}"), "");
    metadata["labels"] = json!({ "owner": "helm", "name": release, "status": status, "version": revision.to_string() });
    json!({ "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": metadata, "data": { "release": data } })
}

pub(super) fn job(condition: &str, message: &str) -> Value {
    let conditions = match condition {
        "" => json!([]),
        kind => json!([{ "type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": message }]),
    };
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": meta("migrate-3", ""),
        "spec": { "backoffLimit": 2, "template": {} },
        "status": { "active": u32::from(condition.is_empty()), "failed": 1, "conditions": conditions },
    })
}

fn template(image: &str) -> Value {
    json!({ "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [{ "name": "app", "image": image }] } })
}

pub(super) fn web(updated: u32, available: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("web", ""),
        "spec": { "replicas": 1, "selector": {}, "template": template("shop/web:2") },
        "status": { "observedGeneration": 1, "updatedReplicas": updated, "availableReplicas": available },
    })
}

/// The ReplicaSet of a version.
pub(super) fn set(version: u32, available: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta(&format!("web-v{version}"), "web"),
        "spec": { "selector": {}, "template": template(&format!("shop/web:{version}")) },
        "status": { "replicas": 1, "availableReplicas": available },
    })
}

/// A pod, with the state of its container `app`.
pub(super) fn pod(name: &str, owner: &str, state: &Value) -> Value {
    let mut status = json!({
        "name": "app", "image": "shop/web:2", "imageID": "", "ready": false, "restartCount": 0, "state": {},
    });
    status.as_object_mut().expect("an object").extend(state.as_object().expect("an object").clone());
    let is_ready = if status["ready"] == true { "True" } else { "False" };
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": meta(name, owner),
        "spec": { "containers": [{ "name": "app" }], "terminationGracePeriodSeconds": 5 },
        "status": {
            "phase": "Running", "conditions": [{ "type": "Ready", "status": is_ready }], "containerStatuses": [status],
        },
    })
}

pub(super) fn running() -> Value {
    json!({ "ready": true, "state": { "running": {} } })
}

pub(super) fn waiting(reason: &str, message: &str) -> Value {
    json!({ "state": { "waiting": { "reason": reason, "message": message } } })
}

/// In back-off after so many restarts.
pub(super) fn crashing(restarts: u32, code: i32, reason: &str, words: &str) -> Value {
    let ended = json!({ "exitCode": code, "reason": reason, "message": words });
    json!({
        "restartCount": restarts,
        "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 40s" } },
        "lastState": { "terminated": ended },
    })
}

/// A pod that ends, or has ended with this code.
pub(super) fn ending(name: &str, owner: &str, code: Option<(i32, &str)>) -> Value {
    let state = match code {
        Some((code, words)) => {
            json!({ "state": { "terminated": { "exitCode": code, "reason": "Error", "message": words } } })
        }
        None => running(),
    };
    let mut pod = pod(name, owner, &state);
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    pod["metadata"]["deletionGracePeriodSeconds"] = 5.into();
    pod
}

pub(super) fn event(name: &str, about: &str, reason: &str, message: &str, count: u32) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": meta(name, ""), "involvedObject": { "uid": format!("uid-{about}") },
        "reason": reason, "message": message, "type": "Warning", "count": count,
    })
}
