//! Objects for tests: made of the JSON that the API server sends, so that reading them is tested too.

use crate::release::{
    name::{Kind, ObjectName},
    observed::{Object, Pod, Workload},
    plan::{Hook, Part, Plan},
    record::{Record, Status},
    verdict::{End, Phase, Picture, Until, Wish, judge},
    world::World,
};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A release that a test tells of.
pub(super) struct Story {
    pub(super) plan: Plan,
    pub(super) world: World,
    pub(super) wish: Wish,
    pub(super) now: Duration,
}

impl Story {
    /// Of these parts, such as `Deployment web`; a workload waits for every Job.
    pub(super) fn of(names: &[&str]) -> Self {
        let names: Vec<ObjectName> = names.iter().map(|text| name(text)).collect();
        let jobs: Vec<ObjectName> = names.iter().filter(|name| name.kind == Kind::Job).cloned().collect();
        let part = |name: ObjectName| {
            let waits_for = if name.kind.is_workload() { jobs.clone() } else { Vec::new() };
            Part { name, hook: None, waits_for }
        };
        let mut world = World::default();
        world.is_listed = true;
        Story {
            plan: Plan { parts: names.into_iter().map(part).collect(), others: 0 },
            world,
            wish: Wish {
                until: Until::Complete,
                stable_for: seconds(10),
                is_drained: true,
                timeout: seconds(1200),
                appear_timeout: seconds(60),
            },
            now: Duration::ZERO,
        }
    }

    /// With Helm's record.
    pub(super) fn helm(mut self, status: Status) -> Self {
        let hooks = std::collections::BTreeMap::new();
        self.world.record = Some(Record { revision: 2, status, description: "why".to_owned(), hooks, newer: None });
        self
    }

    /// A part is a hook.
    pub(super) fn hook(mut self, text: &str, hook: Hook) -> Self {
        let name = name(text);
        self.plan.parts.iter_mut().filter(|part| part.name == name).for_each(|part| part.hook = Some(hook));
        self
    }

    /// The newest state of an object.
    pub(super) fn see(&mut self, object: &Value) {
        self.world.see(view(object), self.now);
    }

    /// It is deleted.
    pub(super) fn lose(&mut self, uid: &str) {
        self.world.lose(&uid.to_owned(), self.now);
    }

    pub(super) fn after(&mut self, time: u64) -> Picture {
        self.now += seconds(time);
        judge(Some(&self.plan), &self.world, &self.wish, self.now)
    }

    /// How it ended, and why, some seconds later.
    pub(super) fn end(&mut self, time: u64) -> (Option<End>, String) {
        let picture = self.after(time);
        (picture.end, picture.root.map(|cause| cause.fault.code().to_owned()).unwrap_or_default())
    }

    pub(super) fn phase(&mut self, time: u64) -> Phase {
        self.after(time).phase
    }
}

pub(super) fn name(text: &str) -> ObjectName {
    let (kind, name) = text.split_once(' ').unwrap();
    let version = if kind == "Job" {
        "batch/v1"
    } else if kind == "Pod" {
        "v1"
    } else {
        "apps/v1"
    };
    ObjectName { kind: Kind::of(version, kind).unwrap(), namespace: "shop".into(), name: name.into() }
}

fn view(object: &Value) -> Object {
    fn read<T: serde::de::DeserializeOwned>(object: &Value) -> T {
        serde_json::from_value(object.clone()).unwrap()
    }
    use k8s_openapi::api::{apps::v1 as apps, batch::v1 as batch, core::v1 as core};
    match object["kind"].as_str().unwrap() {
        "Deployment" => Object::Workload(Workload::from(&read::<apps::Deployment>(object))),
        "StatefulSet" => Object::Workload(Workload::from(&read::<apps::StatefulSet>(object))),
        "DaemonSet" => Object::Workload(Workload::from(&read::<apps::DaemonSet>(object))),
        "ReplicaSet" => Object::Revision((&read::<apps::ReplicaSet>(object)).into()),
        "ControllerRevision" => Object::Revision((&read::<apps::ControllerRevision>(object)).into()),
        "Job" => Object::Job((&read::<batch::Job>(object)).into()),
        "Pod" => Object::Pod(Pod::from(&read::<core::Pod>(object))),
        "Event" => Object::Event((&read::<core::Event>(object)).into()),
        other => panic!("{other}"),
    }
}

fn template(image: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "app", "image": image }] },
    })
}

fn meta(name: &str, uid: &str) -> Value {
    json!({ "name": name, "namespace": "shop", "uid": uid, "generation": 2 })
}

fn controlled(name: &str, uid: &str, owner: &str) -> Value {
    let mut meta = meta(name, uid);
    meta["ownerReferences"] =
        json!([{ "apiVersion": "apps/v1", "kind": "X", "name": "x", "uid": owner, "controller": true }]);
    meta
}

/// `web`, of image 2, with as many pods of it available as its status says.
pub(super) fn deployment(replicas: u32, updated: u32, available: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("web", "web"),
        "spec": { "replicas": replicas, "selector": {}, "template": template("2") },
        "status": {
            "observedGeneration": 2, "replicas": replicas, "updatedReplicas": updated, "availableReplicas": available,
        },
    })
}

/// A ReplicaSet of `web`, of an image; its uid is `rs` and the image.
pub(super) fn replica_set(image: &str, available: u32) -> Value {
    let mut template = template(image);
    template["metadata"]["labels"]["pod-template-hash"] = format!("h{image}").into();
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": controlled(&format!("web-{image}"), &format!("rs{image}"), "web"),
        "spec": { "selector": {}, "template": template },
        "status": { "replicas": available, "availableReplicas": available },
    })
}

/// A StatefulSet `web` at hash 2.
pub(super) fn stateful_set(replicas: u32, updated: u32, available: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("web", "web"),
        "spec": { "replicas": replicas, "selector": {}, "template": template("2"), "serviceName": "web" },
        "status": {
            "observedGeneration": 2, "replicas": replicas, "updatedReplicas": updated, "availableReplicas": available,
            "updateRevision": "2",
        },
    })
}

/// A DaemonSet `web`.
pub(super) fn daemon_set(desired: u32, updated: u32, available: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("web", "web"),
        "spec": { "selector": {}, "template": template("2") },
        "status": {
            "observedGeneration": 2, "desiredNumberScheduled": desired, "updatedNumberScheduled": updated,
            "numberAvailable": available, "currentNumberScheduled": desired, "numberMisscheduled": 0, "numberReady": available,
        },
    })
}

/// What a DaemonSet's controller keeps of an image.
pub(super) fn controller_revision(image: &str, number: i64) -> Value {
    let mut meta = controlled(&format!("web-{image}"), &format!("cr{image}"), "web");
    meta["labels"] = json!({ "controller-revision-hash": image });
    let mut template = template(image);
    template["$patch"] = "replace".into();
    json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "revision": number,
        "data": { "spec": { "template": template } },
    })
}

/// A pod that waits for its container to be made.
pub(super) fn pod(name: &str, owner: &str) -> Value {
    let hash = owner.trim_start_matches("rs");
    let mut meta = controlled(name, name, owner);
    meta["labels"] = json!({ "controller-revision-hash": hash });
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": meta,
        "spec": { "containers": [{ "name": "app", "image": "shop/web:2" }], "terminationGracePeriodSeconds": 30 },
        "status": { "phase": "Pending", "containerStatuses": [status(0, &json!({ "waiting": { "reason": "ContainerCreating" } }))] },
    })
}

/// The same of a StatefulSet or DaemonSet, at a hash.
pub(super) fn pod_at(name: &str, hash: &str) -> Value {
    let mut pod = pod(name, "web");
    pod["metadata"]["labels"]["controller-revision-hash"] = hash.into();
    pod
}

pub(super) fn status(restarts: u32, state: &Value) -> Value {
    json!({
        "name": "app", "image": "shop/web:2", "imageID": "", "ready": false, "restartCount": restarts, "state": state,
    })
}

pub(super) fn ready(mut pod: Value) -> Value {
    pod["status"]["phase"] = "Running".into();
    pod["status"]["conditions"] = json!([{ "type": "Ready", "status": "True" }]);
    pod["status"]["containerStatuses"][0]["ready"] = true.into();
    pod["status"]["containerStatuses"][0]["state"] = json!({ "running": {} });
    pod
}

pub(super) fn waiting(mut pod: Value, reason: &str, message: &str) -> Value {
    pod["status"]["containerStatuses"][0]["state"] = json!({ "waiting": { "reason": reason, "message": message } });
    pod
}

/// In back-off after a crash.
pub(super) fn crashed(mut pod: Value, restarts: u32, code: i32, reason: &str) -> Value {
    let run = json!({ "exitCode": code, "reason": reason, "startedAt": "2026-01-01T00:01:00Z" });
    pod["status"]["phase"] = "Running".into();
    pod["status"]["containerStatuses"] =
        json!([status(restarts, &json!({ "waiting": { "reason": "CrashLoopBackOff" } }))]);
    pod["status"]["containerStatuses"][0]["lastState"] = json!({ "terminated": run });
    pod
}

pub(super) fn ending(mut pod: Value) -> Value {
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    pod
}

/// A Job `migrate` with a condition, or none.
pub(super) fn job(condition: &str, failed: u32) -> Value {
    let conditions = match condition {
        "" => json!([]),
        type_ => json!([{ "type": type_, "status": "True", "reason": "BackoffLimitExceeded", "message": "it failed" }]),
    };
    let active = u32::from(condition.is_empty());
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": meta("migrate", "migrate"),
        "spec": { "template": template("2") },
        "status": { "active": active, "failed": failed, "conditions": conditions },
    });
    if condition == "Complete" {
        job["status"]["completionTime"] = "2026-01-01T00:00:30Z".into();
    }
    job
}

pub(super) fn event(name: &str, about: &str, reason: &str, message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": name, "namespace": "shop", "uid": name },
        "involvedObject": { "uid": about }, "reason": reason, "message": message, "type": "Warning", "count": 1,
    })
}
