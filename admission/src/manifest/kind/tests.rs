//! Which kinds are judged, which are slips, and who makes what.

use super::*;
use crate::manifest::api::Unfit;

fn is_judged(version: &str, kind: &str) -> bool {
    matches!(Kinds::default().look_up(version, kind), Lookup::Judged(_))
}

fn mistake(version: &str, kind: &str) -> String {
    match Kinds::default().look_up(version, kind) {
        Lookup::Mistaken { field, message } => format!("{field}: {message}"),
        other => format!("{version} {kind} is {other:?}"),
    }
}

fn configured(group: &str, kind: &str, pointer: &str) -> Kinds {
    let pointers = vec![pointer.parse().unwrap()];
    Kinds::default().with([CustomKind::new(group.into(), kind.into(), pointers, None)])
}

#[test]
fn group_and_kind_decide_together() {
    for (version, kind) in [
        ("apps/v1", "Deployment"),
        ("extensions/v1beta1", "Deployment"),
        ("batch/v2alpha1", "CronJob"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("serving.knative.dev/v1", "Service"),
        ("serving.knative.dev/v1", "Configuration"),
        ("batch.volcano.sh/v1alpha1", "Job"),
        ("apps.openshift.io/v1", "DeploymentConfig"),
        ("v1", "DeploymentConfig"),
    ] {
        assert!(is_judged(version, kind), "{version} {kind}");
    }
    for (version, kind, expected) in [
        ("v1", "Service", Lookup::Other),
        ("networking.k8s.io/v1", "Ingress", Lookup::Other),
        ("example.com/v1", "Rollout", Lookup::Unknown),
        ("example.com/v1", "Deployment", Lookup::Unknown),
        ("keda.sh/v1alpha1", "ScaledJob", Lookup::Unknown),
    ] {
        assert_eq!(Kinds::default().look_up(version, kind), expected, "{version} {kind}");
    }
}

#[test]
fn a_slip_is_told_with_what_was_meant() {
    for (version, kind, expected) in [
        ("app/v1", "Pod", "apiVersion: app/v1 has no kind Pod; did you mean `v1`?"),
        ("apps/v1beta3", "Deployment", "apiVersion: apps/v1beta3 has no kind Deployment; did you mean `apps/v1`?"),
        ("apps.k8s.io/v1", "Deployment", "apiVersion: apps.k8s.io/v1 has no kind Deployment; did you mean `apps/v1`?"),
        ("apps/v1", "deployment", "kind: apps/v1 has no kind `deployment`; did you mean `Deployment`?"),
        ("apps/v1", "Statefulset", "kind: apps/v1 has no kind `Statefulset`; did you mean `StatefulSet`?"),
        ("apps/v1", "Deploymnet", "kind: apps/v1 has no kind `Deploymnet`; did you mean `Deployment`?"),
        ("batch/v1", "Cronjob", "kind: batch/v1 has no kind `Cronjob`; did you mean `CronJob`?"),
        ("v1", "pod", "kind: v1 has no kind `pod`; did you mean `Pod`?"),
        (
            "argoproj.io/v1alpha1",
            "rollout",
            "kind: argoproj.io/v1alpha1 has no kind `rollout`; did you mean `Rollout`?",
        ),
        (
            "argoprj.io/v1alpha1",
            "Rollout",
            "apiVersion: argoprj.io/v1alpha1 has no kind Rollout; did you mean `argoproj.io`?",
        ),
    ] {
        assert_eq!(mistake(version, kind), expected);
    }
}

#[test]
fn other_kinds_are_not_slips() {
    for (version, kind) in [
        ("v1", "Node"),
        ("v1", "Event"),
        ("v1", "Endpoints"),
        ("apps/v1", "ControllerRevision"),
        ("policy/v1", "PodDisruptionBudget"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("argoproj.io/v1alpha1", "Workflow"),
        ("argoproj.io/v1alpha1", "Application"),
        ("ray.io/v1", "RayLog"),
        ("serving.knative.dev/v1", "Route"),
        ("serving.knative.dev/v1", "Revision"),
        ("apps.kruise.io/v1alpha1", "SidecarSet"),
        ("apps.kruise.io/v1alpha1", "BroadcastJob"),
        ("kubeflow.org/v1", "Notebook"),
        ("skaffold/v4beta11", "Config"),
    ] {
        let kinds = Kinds::default();
        let found = kinds.look_up(version, kind);
        assert!(matches!(found, Lookup::Other | Lookup::Unknown), "{version} {kind}: {found:?}");
    }
}

#[test]
fn a_list_is_opened_where_it_can_hold_a_workload() {
    let kinds = Kinds::default();
    for (version, kind, field) in [
        ("v1", "List", "items"),
        ("apps/v1", "DeploymentList", "items"),
        ("v1", "PodList", "items"),
        ("ray.io/v1", "RayClusterList", "items"),
        ("template.openshift.io/v1", "Template", "objects"),
        ("v1", "Template", "objects"),
    ] {
        assert_eq!(kinds.look_up(version, kind), Lookup::List(field), "{version} {kind}");
    }
    assert_eq!(kinds.look_up("v1", "ConfigMapList"), Lookup::Other);
    assert_eq!(kinds.look_up("example.com/v1", "List"), Lookup::Unknown);
}

#[test]
fn only_what_a_kind_really_makes_is_its_own() {
    let kinds = configured("example.com", "Canary", "/spec/template");
    for (owner, owned, expected) in [
        (("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), true),
        (("extensions/v1beta1", "Deployment"), ("extensions/v1beta1", "ReplicaSet"), true),
        (("apps/v1", "ReplicaSet"), ("v1", "Pod"), true),
        (("batch/v1", "CronJob"), ("batch/v1", "Job"), true),
        (("argoproj.io/v1alpha1", "Rollout"), ("apps/v1", "ReplicaSet"), true),
        (("ray.io/v1", "RayService"), ("ray.io/v1", "RayCluster"), true),
        (("ray.io/v1", "RayCluster"), ("v1", "Pod"), true),
        (("serving.knative.dev/v1", "Revision"), ("apps/v1", "Deployment"), true),
        (("jobset.x-k8s.io/v1alpha2", "JobSet"), ("batch/v1", "Job"), true),
        (("example.com/v1", "Canary"), ("apps/v1", "Deployment"), true),
        (("apps/v1", "Deployment"), ("apps/v1", "Deployment"), false),
        (("apps/v1", "Deployment"), ("v1", "Pod"), false),
        (("batch/v1", "CronJob"), ("v1", "Pod"), false),
        (("v1", "Pod"), ("v1", "Pod"), false),
        (("argoproj.io/v1alpha1", "Rollout"), ("v1", "Pod"), false),
        (("example.com/v1", "Deployment"), ("apps/v1", "ReplicaSet"), false),
        (("example.com/v1", "Other"), ("v1", "Pod"), false),
    ] {
        assert_eq!(kinds.makes(owner, owned), expected, "{owner:?} → {owned:?}");
    }
}

#[test]
fn every_row_is_whole_and_once() {
    let kinds = Kinds::default();
    for row in rows::ROWS {
        let Lookup::Judged(Kind::Custom(known)) = kinds.look_up(&format!("{}/v1", row.group), row.kind) else {
            panic!("{} is not judged", row.kind)
        };
        assert_eq!(known.pod_templates.len(), row.templates.len(), "{}: a pointer does not parse", row.kind);
        assert_eq!(kinds.iter().filter(|known| *known == (row.group, row.kind)).count(), 1, "{}", row.kind);
        assert!(row.source.contains('/'), "{} names no source", row.kind);
    }
}

#[test]
fn a_configured_kind_is_told_from_a_known_one() {
    let kinds = configured("example.com", "Canary", "/spec/template");
    assert!(kinds.is_configured("example.com", "Canary"));
    assert!(!kinds.is_configured("argoproj.io", "Rollout"));
    for (group, kind) in [("apps", "Deployment"), ("argoproj.io", "Rollout"), ("extensions", "DaemonSet")] {
        assert!(Kinds::knows(group, kind), "{group} {kind}");
    }
    assert!(!Kinds::knows("example.com", "Canary"));
}

#[test]
fn the_page_has_every_row() {
    let row = |(group, kind, pointers, source): (&str, &str, &[&str], &str)| {
        let pointers: Vec<String> = pointers.iter().map(|pointer| format!("`{pointer}`")).collect();
        format!("| `{group}` | {kind} | {} | {source} |", pointers.join(", "))
    };
    let rows: Vec<String> = Kinds::well_known().map(row).collect();
    let page = include_str!("../../../../docs/kinds.md");
    let written: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(written, rows, "docs/kinds.md: replace its rows by these:\n{}", rows.join("\n"));
}

#[test]
fn every_old_version_is_known_as_removed() {
    for known in &BUILT_IN {
        for (index, version) in known.versions.iter().enumerate() {
            let root = serde_json::json!({ "apiVersion": version, "kind": known.name });
            let unfit = Unfit::of(root.as_object().expect("a mapping"), Version::NEWEST);
            assert_eq!(unfit.removed.is_some(), index > 0, "{version} {}", known.name);
        }
    }
}
