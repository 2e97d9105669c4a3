//! Who is let off: by an annotation where the configuration permits that, and by the configuration.

use crate::support::{Namespace, shared};
use plimsoll_tests::deployment;

fn annotated(value: &str) -> String {
    let annotation = format!("  name: app\n  annotations: {{ allow.plimsoll.dev/latest-tag: \"{value}\" }}\n");
    deployment("app:latest").replacen("  name: app\n", &annotation, 1)
}

#[test]
fn an_annotation_lets_one_rule_pass_until_its_date() {
    let _shared = shared();
    let here = Namespace::new("annotated");
    let expired = here.create(&annotated("2026-01-31 moves next week")).refused();
    assert!(expired.contains("latest-tag"), "{expired}");
    here.create(&annotated("2099-12-31 moves next week")).ok();
}

#[test]
fn the_configuration_lets_one_rule_pass_for_what_it_names() {
    let _shared = shared();
    let [named, other] = ["excepted", "ordinary"].map(Namespace::new);
    named.create(&deployment("app:latest")).ok();
    assert!(other.create(&deployment("app:latest")).refused().contains("latest-tag"));
    let without_probe = deployment("app:latest").replace("readinessProbe:", "livenessProbe:");
    let seen = named.create(&without_probe.replace("name: app\n", "name: other\n")).refused();
    assert!(seen.contains("missing-readiness-probe"), "{seen}");
}

#[test]
fn the_pods_of_an_excepted_deployment_pass_too() {
    let _shared = shared();
    let here = Namespace::new("excepted");
    here.create(&deployment("app:latest")).ok();
    here.kubectl("wait --for create pod -l app=app --timeout 60s").ok();
}
