//! What is already in the cluster when the webhook arrives, and is changed, scaled and deleted afterwards.

use crate::support::{Namespace, shared};
use expect_test::expect;
use plimsoll_tests::deployment;

/// With a Deployment `app` that would be refused today.
fn grandfathered(name: &str) -> Namespace {
    let here = Namespace::new(name);
    here.create_before_the_webhook(&deployment("app:latest"));
    here
}

#[test]
fn an_update_that_adds_no_violation_passes_with_a_warning() {
    let _shared = shared();
    let here = grandfathered("no-new-violation");
    let seen = here.patch("deployment app", r#"[{"op": "add", "path": "/spec/minReadySeconds", "value": 5}]"#);
    expect![[r#"
        deployment.apps/app patched
        Warning: latest-tag: spec.template.spec.containers[0].image (not refused, because it was so before): `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
    "#]].assert_eq(&seen.ok());
}

#[test]
fn an_update_that_adds_a_violation_is_denied_for_that_alone() {
    let _shared = shared();
    let here = grandfathered("new-violation");
    let probe = "/spec/template/spec/containers/0/readinessProbe";
    let seen = here.patch("deployment app", &format!(r#"[{{"op": "remove", "path": "{probe}"}}]"#));
    expect![[r#"
        Warning: latest-tag: spec.template.spec.containers[0].image (not refused, because it was so before): `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
        Error from server (Forbidden): admission webhook "validate.plimsoll.dev" denied the request: Deployment NAMESPACE/app is not fit to run:
        - missing-readiness-probe: no container of the pod has a readiness probe: it counts as ready as soon as it runs, so a broken version replaces a good one
            at spec.template.spec.containers[0].readinessProbe (container app)
            help: add `readinessProbe: { httpGet: { path: /readyz, port: 8080 } }`
            more: plimsoll explain missing-readiness-probe
    "#]].assert_eq(&seen.refused());
}

#[test]
fn a_change_of_labels_alone_passes_without_a_word() {
    let _shared = shared();
    let here = grandfathered("label");
    assert_eq!(here.kubectl("label deployment app team=shop").ok(), "deployment.apps/app labeled\n");
}

#[test]
fn scaling_passes_without_a_word() {
    let _shared = shared();
    let here = grandfathered("scale");
    assert_eq!(here.kubectl("scale deployment app --replicas 3").ok(), "deployment.apps/app scaled\n");
    assert_eq!(here.kubectl("get deployment app -o jsonpath={.spec.replicas}").ok(), "3");
}

#[test]
fn a_deletion_passes_without_a_word() {
    let _shared = shared();
    let here = grandfathered("deletion");
    let seen = here.kubectl("delete deployment app --timeout 60s").ok();
    assert_eq!(seen, "deployment.apps \"app\" deleted from NAMESPACE namespace\n");
}

#[test]
fn the_finalizer_of_an_unfit_object_can_be_removed() {
    let _shared = shared();
    let here = grandfathered("finalizer");
    here.patch(
        "deployment app",
        r#"[{"op": "add", "path": "/metadata/finalizers", "value": ["e2e.plimsoll.dev/held"]}]"#,
    )
    .ok();
    here.kubectl("delete deployment app --wait=false").ok();
    here.kubectl("get deployment app").ok();
    // Together with a change that would be refused on an object that stays.
    let probe = "/spec/template/spec/containers/0/readinessProbe";
    let both =
        format!(r#"[{{"op": "remove", "path": "{probe}"}}, {{"op": "remove", "path": "/metadata/finalizers"}}]"#);
    here.patch("deployment app", &both).ok();
    here.kubectl("wait --for delete deployment/app --timeout 60s").ok();
}
