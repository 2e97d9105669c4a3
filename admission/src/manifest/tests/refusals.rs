//! What the API server would refuse in a field of the view, and what is left aside without an error.

use super::{deployment, job, judge, judged, of_kind, pod, set, skipped};
use crate::manifest::{FieldError, PatchMark, Skip, Triage};
use expect_test::expect;
use plimsoll_policy::workload::Class;
use serde_json::{Value, json};
use std::fmt::Write;

const POD: &str = "/spec/template/spec";

fn container(field: &str) -> String {
    format!("{POD}/containers/0/{field}")
}

fn refused(mut value: Value, pointer: &str, new: Value) -> String {
    set(&mut value, pointer, new);
    match judge(value) {
        Err(errors) => all(&errors),
        Ok(Triage::Object(object)) if !object.unreadable.is_empty() => all(&object.unreadable),
        Ok(other) => format!("NOT REFUSED {pointer}: {other:?}"),
    }
}

fn all(errors: &[FieldError]) -> String {
    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    told.join(" + ").replace("/spec/template/spec/containers/0", "app")
}

#[test]
fn names_the_field_and_what_is_wrong_with_it() {
    let http = json!({ "httpGet": { "port": 80 } });
    let with = |mut probe: Value, field: &str, value: Value| {
        probe[field] = value;
        probe
    };
    let rows = [
        (format!("{POD}/terminationGracePeriodSeconds"), json!("60")),
        (format!("{POD}/terminationGracePeriodSeconds"), json!(-1)),
        (format!("{POD}/terminationGracePeriodSeconds"), json!(2.5)),
        (format!("{POD}/restartPolicy"), json!("Sometimes")),
        (format!("{POD}/restartPolicy"), json!("Never")),
        (format!("{POD}/hostNetwork"), json!("true")),
        (format!("{POD}/containers"), json!([])),
        (format!("{POD}/containers"), json!({ "name": "app" })),
        (format!("{POD}/containers/0"), json!("app")),
        ("/metadata".into(), json!({})),
        ("/metadata/labels".into(), json!({ "on": true })),
        ("/metadata/annotations".into(), json!({ "a/b": 5 })),
        ("/spec".into(), json!([])),
        ("/spec/selector".into(), json!("app")),
        ("/spec/replicas".into(), json!("2")),
        ("/spec/replicas".into(), json!(-1)),
        ("/spec/replicas".into(), json!(4294967296_i64)),
        ("/spec/strategy".into(), json!("Recreate")),
        ("/spec/strategy/type".into(), json!("Rolling")),
        ("/spec/strategy".into(), json!({ "type": "Recreate", "rollingUpdate": { "maxSurge": 1 } })),
        ("/spec/strategy/rollingUpdate".into(), json!({ "maxSurge": 0, "maxUnavailable": "0%" })),
        ("/spec/strategy/rollingUpdate".into(), json!({ "maxUnavailable": "101%" })),
        ("/spec/strategy/rollingUpdate".into(), json!({ "maxSurge": "25" })),
        ("/spec/strategy/rollingUpdate".into(), json!({ "maxSurge": "-5%" })),
        ("/spec/progressDeadlineSeconds".into(), json!(0)),
        (container("name"), json!("")),
        (container("image"), json!(["app"])),
        (container("imagePullPolicy"), json!("Maybe")),
        (container("command"), json!("run me")),
        (container("args"), json!(["-p", 80])),
        (container("env"), json!([{ "name": "PORT", "value": 80 }])),
        (container("env"), json!([{ "value": "x" }])),
        (container("env"), json!([{ "name": "A", "value": "x", "valueFrom": {} }])),
        (container("ports"), json!([{ "name": "http" }])),
        (container("ports"), json!([{ "containerPort": 70000 }])),
        (container("ports"), json!([{ "containerPort": 80, "name": "a-name-that-is-too-long" }])),
        (container("ports"), json!([{ "containerPort": 80, "protocol": "HTTP" }])),
        (container("resources/limits/cpu"), json!("half")),
        (container("resources/limits/cpu"), json!("-1")),
        (container("resources"), json!({ "limits": { "cpu": 1 }, "requests": { "cpu": "1100m" } })),
        (container("terminationMessagePolicy"), json!("Log")),
        (container("livenessProbe"), json!({})),
        (container("livenessProbe"), json!({ "httpGet": { "port": 80 }, "exec": { "command": ["true"] } })),
        (container("livenessProbe"), json!({ "httpGet": {} })),
        (container("livenessProbe"), json!({ "httpGet": { "port": 0 } })),
        (container("livenessProbe"), json!({ "httpGet": { "port": "80" } })),
        (container("livenessProbe"), json!({ "httpGet": { "port": 80, "scheme": "https" } })),
        (container("livenessProbe"), json!({ "tcpSocket": { "port": "no_name" } })),
        (container("livenessProbe"), json!({ "grpc": { "port": "grpc" } })),
        (container("livenessProbe"), json!({ "exec": { "command": [] } })),
        (container("livenessProbe"), with(http.clone(), "periodSeconds", json!(-1))),
        (container("livenessProbe"), with(http.clone(), "periodSeconds", json!("10s"))),
        (container("livenessProbe"), with(http.clone(), "successThreshold", json!(2))),
        (container("startupProbe"), with(http.clone(), "successThreshold", json!(2))),
        (container("readinessProbe"), with(http.clone(), "terminationGracePeriodSeconds", json!(5))),
        (container("livenessProbe"), with(http.clone(), "terminationGracePeriodSeconds", json!(0))),
        (container("lifecycle/preStop"), json!({})),
        (container("lifecycle/preStop/sleep/seconds"), json!(31)),
        (format!("{POD}/initContainers"), json!([{ "name": "app", "image": "i:1" }])),
        (format!("{POD}/initContainers"), json!([{ "name": "init", "image": "i:1", "livenessProbe": http }])),
        (format!("{POD}/initContainers"), json!([{ "name": "init", "image": "i:1", "lifecycle": {} }])),
        (format!("{POD}/ephemeralContainers"), json!([{ "name": "debug", "image": "i:1", "startupProbe": http }])),
        (format!("{POD}/volumes"), json!([{ "name": "data", "persistentVolumeClaim": {} }])),
        ("/apiVersion".into(), json!("apps/v2")),
        ("/apiVersion".into(), Value::Null),
        ("/kind".into(), json!(5)),
        ("/kind".into(), Value::Null),
    ];
    let mut told = String::new();
    for (pointer, value) in rows {
        writeln!(told, "{}", refused(deployment(), &pointer, value)).unwrap();
    }
    expect![[r#"
        /spec/template/spec/terminationGracePeriodSeconds: must be a whole number, and is the string "60"; remove the quotes
        /spec/template/spec/terminationGracePeriodSeconds: must be at least 0, and is -1
        /spec/template/spec/terminationGracePeriodSeconds: must be a whole number, and is the number 2.5
        /spec/template/spec/restartPolicy: `Sometimes` is none of `Always`, `OnFailure`, `Never`
        /spec/template/spec/restartPolicy: `restartPolicy` of a Deployment must be `Always`, and is `Never`
        /spec/template/spec/hostNetwork: must be true or false, and is the string "true"
        /spec/template/spec/containers: a pod has at least one container
        /spec/template/spec/containers: must be a list, and is a mapping
        app: must be a mapping, and is the string "app"
        /metadata/name: `name` is missing
        /metadata/labels/on: must be a string, and is true; put it in quotes (YAML reads a plain yes, no, on, off, y or n as true or false)
        /metadata/annotations/a~1b: must be a string, and is the number 5; put it in quotes
        /spec: must be a mapping, and is a list
        /spec/selector: must be a mapping, and is the string "app"
        /spec/replicas: must be a whole number, and is the string "2"; remove the quotes
        /spec/replicas: must be at least 0, and is -1
        /spec/replicas: must be at most 2147483647, and is 4294967296
        /spec/strategy: must be a mapping, and is the string "Recreate"
        /spec/strategy/type: `Rolling` is none of `RollingUpdate`, `Recreate`
        /spec/strategy/rollingUpdate: `rollingUpdate` does not go with type `Recreate`: remove it
        /spec/strategy/rollingUpdate/maxUnavailable: must not be 0 when maxSurge is 0: nothing could ever move
        /spec/strategy/rollingUpdate/maxUnavailable: must not be over 100%
        /spec/strategy/rollingUpdate/maxSurge: must be a whole number or a percentage such as 25%, and is "25"
        /spec/strategy/rollingUpdate/maxSurge: must be a whole number or a percentage such as 25%, and is "-5%"
        /spec/progressDeadlineSeconds: must be greater than minReadySeconds (0)
        app/name: `name` is missing
        app/image: must be a string, and is a list
        app/imagePullPolicy: `Maybe` is none of `Always`, `IfNotPresent`, `Never`
        app/command: must be a list, and is the string "run me"
        app/args/1: must be a string, and is the number 80; put it in quotes
        app/env/0/value: must be a string, and is the number 80; put it in quotes
        app/env/0/name: `name` is missing
        app/env/0/valueFrom: `A` has both `value` and `valueFrom`: keep one of the two
        app/ports/0/containerPort: `containerPort` is missing
        app/ports/0/containerPort: must be at most 65535, and is 70000
        app/ports/0/name: "a-name-that-is-too-long" is not the name of a port: at most 15 of a-z, 0-9 and single hyphens, with a letter
        app/ports/0/protocol: `HTTP` is none of `TCP`, `UDP`, `SCTP`
        app/resources/limits/cpu: must be a quantity such as 500m or 0.5, and is "half"
        app/resources/limits/cpu: must not be negative
        app/resources/requests: the cpu request must not be greater than the cpu limit
        app/terminationMessagePolicy: `Log` is none of `File`, `FallbackToLogsOnError`
        app/livenessProbe: one of httpGet, tcpSocket, exec, grpc is missing
        app/livenessProbe/exec: it has `httpGet` already: keep one of the two
        app/livenessProbe/httpGet/port: `port` is missing
        app/livenessProbe/httpGet/port: must be a port from 1 to 65535 or the name of one, and is 0
        app/livenessProbe/httpGet/port: the string "80" is not the name of a port; remove the quotes
        app/livenessProbe/httpGet/scheme: `https` is none of `HTTP`, `HTTPS`
        app/livenessProbe/tcpSocket/port: "no_name" is not the name of a port: at most 15 of a-z, 0-9 and single hyphens, with a letter
        app/livenessProbe/grpc/port: must be a whole number, and is the string "grpc"
        app/livenessProbe/exec/command: `command` is missing
        app/livenessProbe/periodSeconds: must be at least 1, and is -1
        app/livenessProbe/periodSeconds: must be a whole number, and is the string "10s"
        app/livenessProbe/successThreshold: must be 1 for a livenessProbe, and is 2
        app/startupProbe/successThreshold: must be 1 for a startupProbe, and is 2
        app/readinessProbe/terminationGracePeriodSeconds: a readinessProbe stops nothing and must not have it
        app/livenessProbe/terminationGracePeriodSeconds: must be at least 1, and is 0
        app/lifecycle/preStop: one of httpGet, tcpSocket, exec, sleep is missing
        app/lifecycle/preStop/sleep/seconds: must not be longer than terminationGracePeriodSeconds (30), and is 31
        /spec/template/spec/initContainers/0/name: the pod has a container `app` already
        /spec/template/spec/initContainers/0/livenessProbe: an init container without restartPolicy Always must not have `livenessProbe`
        /spec/template/spec/initContainers/0/lifecycle: an init container without restartPolicy Always must not have `lifecycle`
        /spec/template/spec/ephemeralContainers/0/startupProbe: an ephemeral container must not have `startupProbe`
        /spec/template/spec/volumes/0/persistentVolumeClaim/claimName: `claimName` is missing
        /apiVersion: apps/v2 has no kind Deployment; did you mean `apps/v1`?
        /apiVersion: `apiVersion` is missing
        /kind: must be a string, and is the number 5; put it in quotes
        /kind: `kind` is missing
    "#]].assert_eq(&told);
}

#[test]
fn each_kind_takes_its_own_restart_policies_and_strategies() {
    let mut without_policy = job();
    without_policy["spec"]["template"]["spec"] = deployment()["spec"]["template"]["spec"].clone();
    let daemon_set = || of_kind("apps/v1", "DaemonSet");
    let stateful_set = || of_kind("apps/v1", "StatefulSet");
    let told = [
        refused(without_policy, "/metadata/labels", json!({})),
        refused(daemon_set(), "/spec/updateStrategy", json!({ "rollingUpdate": { "maxSurge": 1 } })),
        refused(daemon_set(), "/spec/updateStrategy", json!({ "rollingUpdate": { "maxUnavailable": 0 } })),
        refused(stateful_set(), "/spec/updateStrategy", json!({ "type": "Recreate" })),
        refused(stateful_set(), "/spec/updateStrategy", json!({ "type": "OnDelete", "rollingUpdate": {} })),
        refused(stateful_set(), "/spec/podManagementPolicy", json!("Ordered")),
        refused(job(), "/spec/backoffLimit", json!(-1)),
    ];
    expect![[r#"
        /spec/template/spec/restartPolicy: `restartPolicy` of a Job must be `Never` or `OnFailure`, and is `Always`, the default
        /spec/updateStrategy/rollingUpdate/maxSurge: a DaemonSet takes maxSurge only with maxUnavailable 0, which defaults to 1: write it
        /spec/updateStrategy/rollingUpdate/maxUnavailable: must not be 0 when maxSurge is 0: nothing could ever move
        /spec/updateStrategy/type: `Recreate` is none of `RollingUpdate`, `OnDelete`
        /spec/updateStrategy/rollingUpdate: `rollingUpdate` does not go with type `OnDelete`: remove it
        /spec/podManagementPolicy: `Ordered` is none of `OrderedReady`, `Parallel`
        /spec/backoffLimit: must be at least 0, and is -1"#]].assert_eq(&told.join("\n"));
}

#[test]
fn a_native_sidecar_may_have_probes_and_hooks() {
    let mut value = deployment();
    let sidecar = json!([{
        "name": "proxy", "image": "proxy:1", "restartPolicy": "Always",
        "readinessProbe": { "httpGet": { "port": 80 } }, "lifecycle": { "preStop": { "sleep": { "seconds": 30 } } },
    }, { "name": "init", "image": "init:1" }]);
    set(&mut value, &format!("{POD}/initContainers"), sidecar);
    let classes: Vec<_> = judged(value).workload.pod.containers.iter().map(|container| container.class).collect();
    assert_eq!(classes, [Class::Application, Class::Sidecar, Class::Init]);
}

#[test]
fn null_is_as_good_as_nothing() {
    let mut value = deployment();
    for pointer in ["/spec/replicas", "/metadata/labels", "/spec/strategy", "/spec/template/spec/containers/0/env"] {
        set(&mut value, pointer, Value::Null);
    }
    assert!(!judged(value).workload.pod.containers.is_empty());
}

#[test]
fn parts_of_objects_are_patches() {
    let without = |mut value: Value, parent: &str, field: &str| {
        value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field);
        value
    };
    let first = format!("{POD}/containers/0");
    let mut deleting = deployment();
    set(&mut deleting, "/$patch", json!("delete"));
    let marked = |mark| Some(Skip::KustomizePatch(mark));
    for value in [
        without(deployment(), "/spec", "template"),
        without(deployment(), "", "spec"),
        without(deployment(), POD, "containers"),
        without(deployment(), &first, "image"),
        without(job(), &first, "image"),
    ] {
        assert_eq!(skipped(value.clone()), marked(PatchMark::NoImages), "{value}");
    }
    assert_eq!(skipped(deleting), marked(PatchMark::Directive));
}

#[test]
fn a_forgotten_selector_is_an_error() {
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
        let told = refused(of_kind("apps/v1", kind), "/spec/selector", Value::Null);
        let expected = format!("/spec/selector: `selector` is missing: the API server refuses a {kind} without it");
        assert_eq!(told, expected);
    }
}

#[test]
fn a_forgotten_image_beside_a_selector_is_an_error() {
    let containers = json!([{ "name": "app", "image": "app:1" }, { "name": "second" }]);
    let told = refused(deployment(), &format!("{POD}/containers"), containers);
    assert_eq!(told, "/spec/template/spec/containers/1/image: `image` is missing");
}

#[test]
fn what_is_judged_elsewhere_or_going_is_left_aside() {
    let owner = |api_version: &str, kind: &str, controller: bool| json!([{ "apiVersion": api_version, "kind": kind, "name": "o", "controller": controller }]);
    let rows = [
        ("/metadata/ownerReferences", owner("apps/v1", "ReplicaSet", true), Some(Skip::Owned)),
        ("/metadata/ownerReferences", owner("ray.io/v1", "RayCluster", true), Some(Skip::Owned)),
        ("/metadata/ownerReferences", owner("apps/v1", "Deployment", true), None),
        ("/metadata/ownerReferences", owner("apps/v1", "ReplicaSet", false), None),
        ("/metadata/ownerReferences", owner("example.com/v1", "Operator", true), None),
        ("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"), Some(Skip::BeingDeleted)),
        ("/metadata/deletionTimestamp", Value::Null, None),
    ];
    for (pointer, new, expected) in rows {
        let mut value = pod();
        set(&mut value, pointer, new);
        assert_eq!(skipped(value.clone()), expected, "{value}");
    }
    let mut rollout = of_kind("argoproj.io/v1alpha1", "Rollout");
    rollout["spec"] = json!({ "workloadRef": { "kind": "Deployment", "name": "app" } });
    assert_eq!(skipped(rollout), Some(Skip::Owned));
    assert_eq!(skipped(of_kind("v1", "Service")), Some(Skip::OtherKind));
    assert_eq!(skipped(json!({ "services": {} })), Some(Skip::NoKind));
}

#[test]
fn an_object_has_not_endless_pod_templates() {
    let template = deployment()["spec"]["template"].clone();
    let job = |count: usize| {
        let mut value = of_kind("batch.volcano.sh/v1alpha1", "Job");
        value["spec"] = json!({ "tasks": vec![json!({ "template": template }); count] });
        judge(value)
    };
    assert!(job(1000).is_ok());
    assert_eq!(job(1001).unwrap_err()[0].to_string(), "/spec: more than 1000 pod templates (limit `templates`)");
}
