//! Which objects are judged: every kind that has pods and that somebody made, and what the configuration adds; never
//! what a controller makes from something that was judged, and nothing in kube-system.

use crate::support::{Namespace, eventually, kubectl, shared};
use plimsoll_tests::deployment;

const CONTAINERS: &str = "containers: [{ name: app, image: app:latest }]";

#[test]
fn every_kind_that_makes_pods_is_judged() {
    let _shared = shared();
    let here = Namespace::new("kinds");
    let pod = format!("metadata: {{ labels: {{ app: app }} }}, spec: {{ {CONTAINERS}, restartPolicy: POLICY }}");
    let template = format!("template: {{ {pod} }}");
    let job = template.replace("POLICY", "Never");
    let always = format!("selector: {{ matchLabels: {{ app: app }} }}, {template}").replace("POLICY", "Always");
    for (version, kind, spec) in [
        ("v1", "Pod", CONTAINERS),
        ("v1", "ReplicationController", &template.replace("POLICY", "Always")),
        ("apps/v1", "DaemonSet", &always),
        ("apps/v1", "Deployment", &always),
        ("apps/v1", "ReplicaSet", &always),
        ("apps/v1", "StatefulSet", &always),
        ("batch/v1", "Job", &job),
        ("batch/v1", "CronJob", &format!("schedule: '* * * * *', jobTemplate: {{ spec: {{ {job} }} }}")),
    ] {
        let manifest =
            format!("{{ apiVersion: {version}, kind: {kind}, metadata: {{ name: app }}, spec: {{ {spec} }} }}");
        let seen = here.create(&manifest).refused();
        assert!(seen.contains("is not fit to run") && seen.contains("latest-tag"), "{kind}: {seen}");
    }
}

#[test]
fn a_custom_kind_is_judged_where_the_configuration_names_its_pod_template() {
    let _shared = shared();
    let here = Namespace::new("custom-kind");
    here.kubectl_with("apply -f -", DEFINITION).ok();
    kubectl("wait --for condition=Established crd/conveyors.e2e.plimsoll.dev --timeout 60s").ok();
    let conveyor = |image: &str| {
        deployment(image).replace("apps/v1", "e2e.plimsoll.dev/v1").replace("kind: Deployment", "kind: Conveyor")
    };
    // Until kubectl's view of the API has it.
    let seen = eventually("the API server serves the kind", || {
        let seen = here.create(&conveyor("app:latest"));
        if seen.text.contains("no matches for kind") { Err(seen) } else { Ok(seen) }
    });
    let text = seen.refused();
    assert!(text.contains("latest-tag") && text.contains("at spec.template.spec.containers[0].image"), "{text}");
    assert_eq!(here.create(&conveyor("app:1.2.3")).ok(), "conveyor.e2e.plimsoll.dev/app created\n");
}

#[test]
fn what_a_controller_makes_of_a_judged_object_is_not_judged_again() {
    let _shared = shared();
    let here = Namespace::new("controllers");
    here.create_before_the_webhook(&deployment("app:latest"));
    eventually("a pod of the Deployment", || {
        let pods = here.kubectl("get pods -o name");
        if pods.text.starts_with("pod/app-") { Ok(()) } else { Err(here.kubectl("get events").to_string()) }
    });
    let events = here.kubectl("get events --field-selector type=Warning").text;
    assert!(!events.contains("plimsoll"), "{events}");
}

#[test]
fn kube_system_is_left_alone() {
    let _shared = shared();
    let system = Namespace::existing("kube-system");
    let seen = system.kubectl_with("create --dry-run=server -f -", &deployment("app:latest")).ok();
    assert!(!seen.contains("Warning"), "{seen}");
}

const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: conveyors.e2e.plimsoll.dev }
spec:
  group: e2e.plimsoll.dev
  names: { kind: Conveyor, plural: conveyors, singular: conveyor }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
";
