use super::*;
use serde_json::json;

/// The fields that a version does not have, and those that are off in it.
fn found(value: &Value, version: Version) -> (Few, Few) {
    fields(value["kind"].as_str().expect("a kind"), value.as_object().expect("a mapping"), version)
}

/// Each unknown field: pointer, what it is in, and what is known of it.
fn unknown(value: &Value) -> Vec<String> {
    let line = |field: StrangeField| {
        let known = match field.strange {
            Strange::Unknown { belongs: Some(place), .. } => format!("belongs to {place}"),
            Strange::Unknown { meant: Some(meant), .. } => format!("meant {meant}"),
            Strange::Unknown { .. } => "unknown".to_owned(),
            other => panic!("{other:?}"),
        };
        format!("{} in {}: {known}", field.pointer, field.parent)
    };
    found(value, Version::NEWEST).0.fields.into_iter().map(line).collect()
}

fn deployment(pod: &Value) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "app" }, "spec": {
        "selector": {}, "template": { "metadata": {}, "spec": pod } } })
}

#[test]
fn names_the_place_where_a_field_belongs() {
    let pod = json!({
        "replicas": 2, "image": "a", "limits": {}, "livenessProbe": {}, "runAsUser": 1, "labels": {},
        "containers": [{
            "name": "app", "terminationGracePeriodSeconds": 60, "replicas": 1, "volumes": [], "runAsUser": 1, "limits": {},
            "livenessProbe": { "path": "/", "port": 1, "command": [] },
            "lifecycle": { "exec": {}, "preStop": { "seconds": 1, "command": [] } },
        }],
    });
    let place = "/spec/template/spec";
    assert_eq!(
        unknown(&deployment(&pod)),
        [
            format!("{place}/containers/0/lifecycle/exec in `lifecycle`: unknown"),
            format!("{place}/containers/0/lifecycle/preStop/command in `lifecycle.preStop`: belongs to `exec`"),
            format!("{place}/containers/0/lifecycle/preStop/seconds in `lifecycle.preStop`: belongs to `sleep`"),
            format!("{place}/containers/0/limits in a container: belongs to `resources`"),
            format!("{place}/containers/0/livenessProbe/command in `livenessProbe`: belongs to `exec`"),
            format!("{place}/containers/0/livenessProbe/path in `livenessProbe`: belongs to `httpGet`"),
            format!("{place}/containers/0/livenessProbe/port in `livenessProbe`: unknown"),
            format!("{place}/containers/0/replicas in a container: belongs to the Deployment's spec"),
            format!("{place}/containers/0/runAsUser in a container: belongs to `securityContext`"),
            format!("{place}/containers/0/terminationGracePeriodSeconds in a container: belongs to the pod's spec"),
            format!("{place}/containers/0/volumes in a container: belongs to the pod's spec"),
            format!("{place}/image in the pod's spec: belongs to a container"),
            format!("{place}/labels in the pod's spec: unknown"),
            format!("{place}/limits in the pod's spec: belongs to `resources`"),
            format!("{place}/livenessProbe in the pod's spec: belongs to a container"),
            format!("{place}/replicas in the pod's spec: belongs to the Deployment's spec"),
            format!("{place}/runAsUser in the pod's spec: belongs to `securityContext`"),
        ]
    );
}

#[test]
fn tells_the_security_context_of_a_pod_from_that_of_a_container() {
    let container = json!({ "name": "app", "securityContext": { "fsGroup": 1, "runAsUser": 1 } });
    let pod = json!({ "securityContext": { "privileged": true, "runAsUser": 1 }, "containers": [container] });
    let place = "/spec/template/spec";
    assert_eq!(
        unknown(&deployment(&pod)),
        [
            format!(
                "{place}/containers/0/securityContext/fsGroup in `securityContext`: belongs to the pod's `securityContext`"
            ),
            format!(
                "{place}/securityContext/privileged in `securityContext`: belongs to a container's `securityContext`"
            ),
        ]
    );
}

#[test]
fn says_nothing_of_a_place_that_would_only_be_a_guess() {
    let env = json!([{ "name": "A", "valueFrom": { "name": "secret", "key": "a" } }]);
    let object = json!({
        "kind": "Deployment", "annotations": {},
        "spec": { "labels": {}, "template": { "spec": { "containers": [{ "name": "app", "env": env }] } } },
    });
    assert_eq!(
        unknown(&object),
        [
            "/annotations in a Deployment: belongs to `metadata`",
            "/spec/labels in the Deployment's spec: belongs to `template.metadata`",
            "/spec/template/spec/containers/0/env/0/valueFrom/key in `env.valueFrom`: unknown",
            "/spec/template/spec/containers/0/env/0/valueFrom/name in `env.valueFrom`: unknown",
        ]
    );
}

#[test]
fn names_the_field_that_was_meant() {
    let pod = json!({
        "terminationGracePeriodSecond": 60, "Containers": [], "nodeselector": {}, "wholly-else": 1,
        "containers": [{ "name": "app", "livenesProbe": {}, "imagepullpolicy": "Always", "port": [], "envs": [] }],
        "volumes": [{ "name": "v", "configmap": {} }],
    });
    let place = "/spec/template/spec";
    assert_eq!(
        unknown(&deployment(&pod)),
        [
            format!("{place}/Containers in the pod's spec: meant containers"),
            format!("{place}/containers/0/envs in a container: meant env"),
            format!("{place}/containers/0/imagepullpolicy in a container: meant imagePullPolicy"),
            format!("{place}/containers/0/livenesProbe in a container: meant livenessProbe"),
            format!("{place}/containers/0/port in a container: meant ports"),
            format!("{place}/nodeselector in the pod's spec: meant nodeSelector"),
            format!("{place}/terminationGracePeriodSecond in the pod's spec: meant terminationGracePeriodSeconds"),
            format!("{place}/volumes/0/configmap in `volumes`: meant configMap"),
            format!("{place}/wholly-else in the pod's spec: unknown"),
        ]
    );
}

#[test]
fn looks_at_every_kind_from_its_root() {
    for kind in ["Deployment", "Pod", "CronJob", "PodTemplate"] {
        let mut object = json!({ "kind": kind, "metadata": { "lables": {} }, "containers": [] });
        // Of the four, only a PodTemplate has no status.
        if kind != "PodTemplate" {
            object["status"] = json!({ "anything": {} });
        }
        let containers = format!("/containers in a {kind}: belongs to the pod's spec");
        assert_eq!(unknown(&object), [&containers, "/metadata/lables in `metadata`: meant labels"]);
    }
    let job =
        json!({ "kind": "CronJob", "spec": { "backoffLimit": 1, "jobTemplate": { "spec": { "schedule": "" } } } });
    assert_eq!(
        unknown(&job),
        [
            "/spec/backoffLimit in the CronJob's spec: belongs to the Job's spec",
            "/spec/jobTemplate/spec/schedule in the Job's spec: belongs to the CronJob's spec",
        ]
    );
}

#[test]
fn leaves_alone_what_has_free_keys_or_another_type() {
    let pod = json!({
        "nodeSelector": { "any": "thing" }, "overhead": { "any": "1" }, "tolerations": "text", "securityContext": null,
        "containers": [{ "resources": { "limits": { "example.com/gpu": 1 } } }, "text", 3],
        "volumes": [{ "name": "v", "csi": { "driver": "d", "volumeAttributes": { "any": "thing" } } }],
    });
    assert_eq!(unknown(&deployment(&pod)), [] as [&str; 0]);
    let of_custom_kind = json!({ "kind": "Rollout", "spec": pod });
    assert_eq!(found(&of_custom_kind, Version::NEWEST), Default::default());
}

#[test]
fn a_version_does_not_have_what_came_later_or_is_gone_or_off() {
    let pod =
        json!({ "hostUsers": false, "workloadRef": {}, "containers": [{ "lifecycle": { "stopSignal": "SIGQUIT" } }] });
    let object =
        json!({ "kind": "Deployment", "metadata": { "clusterName": "x" }, "spec": { "template": { "spec": pod } } });
    let names = |few: Few| few.fields.into_iter().map(|field| (field.name, field.strange)).collect::<Vec<_>>();
    let in_version = |version: &str| {
        let (unknown, gated) = found(&object, version.parse().expect("a version"));
        let gated = names(gated).into_iter().map(|(name, strange)| match strange {
            Strange::Gated(gate) => format!("{name}: {}", gate.name),
            other => panic!("{other:?}"),
        });
        (names(unknown), gated.collect::<Vec<_>>())
    };
    let unknown = |fields: &[(&str, Strange)]| -> Vec<(String, Strange)> {
        fields.iter().map(|(name, strange)| ((*name).to_owned(), strange.clone())).collect()
    };
    let (later, removed) = (Strange::Later, Strange::Removed);
    for (version, expected, off) in [
        ("1.24", unknown(&[("stopSignal", later(33)), ("hostUsers", later(25)), ("workloadRef", later(35))]), vec![]),
        (
            "1.32",
            unknown(&[("clusterName", removed(25)), ("stopSignal", later(33)), ("workloadRef", later(35))]),
            vec!["hostUsers: UserNamespacesSupport"],
        ),
        (
            "1.35",
            unknown(&[("clusterName", removed(25))]),
            vec!["stopSignal: ContainerStopSignals", "workloadRef: GenericWorkload"],
        ),
        (
            "1.36",
            unknown(&[("clusterName", removed(25)), ("workloadRef", removed(36))]),
            vec!["stopSignal: ContainerStopSignals"],
        ),
    ] {
        assert_eq!(in_version(version), (expected, off.into_iter().map(str::to_owned).collect()), "{version}");
    }
}

#[test]
fn keeps_a_bounded_number_of_each_and_counts_the_rest() {
    let containers = vec![json!({ "lifecycle": { "stopSignal": "SIGQUIT" }, "x": 1 }); MOST + 7];
    let (unknown, gated) = found(&json!({ "kind": "Pod", "spec": { "containers": containers } }), Version::NEWEST);
    assert_eq!((unknown.fields.len(), unknown.more), (MOST, 7));
    assert_eq!((gated.fields.len(), gated.more), (MOST, 7));
    let long = "a".repeat(100_000) + "\u{1b}";
    let (unknown, _) = found(&json!({ "kind": "Pod", long: 1 }), Version::NEWEST);
    assert_eq!(unknown.fields[0].name, "a".repeat(LONGEST) + "…");
}
