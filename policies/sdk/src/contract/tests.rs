use super::*;
use crate::{
    testing::{container, custom},
    workload::ContainerPort,
};
use proptest::prelude::*;

/// Application containers `web` and `app`, and a native sidecar `proxy`.
fn workload(annotations: &[(&str, &str)]) -> Workload {
    let proxy = Container { class: Class::Sidecar, ..container("proxy") };
    let mut workload = custom([container("web"), container("app"), proxy]);
    let annotations = annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    workload.pod.annotations.extend(annotations);
    workload
}

fn shutdown_timeouts(annotations: &[(&str, &str)]) -> Vec<Option<String>> {
    let workload = workload(annotations);
    let contract = Contract::of(&workload);
    let timeout = |container| contract.duration(Key::ShutdownTimeout, container).map(|it| it.value.to_string());
    workload.pod.containers.iter().map(timeout).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn times_speak_for_all_application_containers_and_the_longer_key_for_one() {
    let pod = ("plimsoll.dev/shutdown-timeout", "30s");
    assert_eq!(shutdown_timeouts(&[pod]), [some("30s"), some("30s"), None]);
    let own = ("shutdown-timeout.plimsoll.dev/app", "1m");
    assert_eq!(shutdown_timeouts(&[pod, own]), [some("30s"), some("60s"), None]);
    let sidecar = ("shutdown-timeout.plimsoll.dev/proxy", "5s");
    assert_eq!(shutdown_timeouts(&[sidecar]), [None, None, some("5s")]);
}

#[test]
fn says_which_annotation_speaks_and_where_it_stands() {
    let workload = workload(&[("shutdown-timeout.plimsoll.dev/app", "1m")]);
    let declared = Contract::of(&workload).duration(Key::ShutdownTimeout, &workload.pod.containers[1]);
    let expected = Declared {
        value: Duration::seconds(60),
        annotation: "shutdown-timeout.plimsoll.dev/app".to_owned(),
        pointer: "/spec/template/metadata/annotations/shutdown-timeout.plimsoll.dev~1app".into(),
    };
    assert_eq!(declared, Some(expected));
}

#[test]
fn endpoints_speak_for_one_container() {
    let livez = ("plimsoll.dev/livez", "/livez");
    let speaker = |annotations: &[(&str, &str)], port: Option<(&str, i64)>| {
        let mut workload = workload(annotations);
        if let Some((name, number)) = port {
            workload.pod.containers[1].ports.push(ContainerPort {
                name: some(name),
                container_port: number,
                host_port: None,
            });
        }
        let contract = Contract::of(&workload);
        let speaks = |container: &&Container| contract.endpoint(Key::Livez, container).is_some();
        let names: Vec<String> = workload.pod.containers.iter().filter(speaks).map(|it| it.name.clone()).collect();
        names.join(" ")
    };
    let by_default = ("kubectl.kubernetes.io/default-container", "app");
    assert_eq!(speaker(&[livez], None), "web");
    assert_eq!(speaker(&[livez, by_default], None), "app");
    assert_eq!(speaker(&[livez, ("plimsoll.dev/admin-port", "9090")], Some(("admin", 9090))), "app");
    assert_eq!(speaker(&[livez, ("plimsoll.dev/admin-port", "admin")], Some(("admin", 9090))), "app");
    assert_eq!(speaker(&[livez, ("plimsoll.dev/admin-port", "9091")], Some(("admin", 9090))), "web");
    assert_eq!(speaker(&[("livez.plimsoll.dev/proxy", "/livez")], None), "proxy");
}

#[test]
fn what_is_about_the_whole_pod_may_be_said_of_one_container() {
    for prefix in ["scale.plimsoll.dev/app", "plimsoll.dev/scale"] {
        let workload = workload(&[(prefix, "singleton")]);
        assert_eq!(Contract::of(&workload).scale().map(|scale| scale.value.to_owned()), some("singleton"), "{prefix}");
    }
    let workload = workload(&[("plimsoll.dev/after", "migrate, seed"), ("plimsoll.dev/migration-budget", "10m")]);
    let contract = Contract::of(&workload);
    assert_eq!(contract.after().collect::<Vec<_>>(), ["migrate", "seed"]);
    assert_eq!(contract.migration_budget().map(|budget| budget.value), Some(Duration::seconds(600)));
}

#[test]
fn no_mistake_passes_in_silence() {
    for (annotation, text, expected) in [
        ("plimsoll.dev/shutdown-timout", "30s", "no such key; did you mean `shutdown-timeout`?"),
        ("plimsoll.dev/shutdownTimeout", "30s", "no such key; did you mean `shutdown-timeout`?"),
        ("plimsoll.dev/", "30s", "no such key"),
        ("plimsoll.dev/colour", "red", "no such key"),
        ("rle.plimsoll.dev/app", "web", "no such key; did you mean `role`?"),
        ("plimsoll.dev/shutdown-timeout", "90", "`90` has no unit; write `90s`"),
        ("plimsoll.dev/drain-delay", "soon", "`soon` is not a duration; write it like `30s`, `1m30s` or `500ms`"),
        ("plimsoll.dev/role", "Worker", "`Worker` is none of `worker`, `web`, `migration`"),
        ("plimsoll.dev/livez", "livez", "`livez` is not a path; a path begins with `/`"),
        ("plimsoll.dev/admin-port", "0", "`0` is not a port"),
        ("plimsoll.dev/admin-port", "70000", "`70000` is not a port"),
        ("plimsoll.dev/after", " , ", "no name in it"),
        ("role.plimsoll.dev/ap", "web", "the pod has no container `ap`"),
    ] {
        let contract = Contract::of(&workload(&[(annotation, text)]));
        let [invalid] = contract.invalid() else { panic!("{annotation}: {:?}", contract.invalid()) };
        assert_eq!(invalid.reason.to_string(), expected, "{annotation}");
        assert_eq!(invalid.annotation, annotation);
        assert!(invalid.pointer.starts_with("/spec/template/metadata/annotations/"));
    }
}

#[test]
fn leaves_the_annotations_of_others_alone() {
    for annotation in [
        "allow.plimsoll.dev/latest-tag",
        "prometheus.io/scrape",
        "notplimsoll.dev/role",
        "plimsoll.dev.acme.com/role",
        "plimsoll.dev",
    ] {
        assert_eq!(Contract::of(&workload(&[(annotation, "x")])).invalid(), [], "{annotation}");
    }
}

#[test]
fn a_contract_belongs_to_the_pod_template() {
    let mut outside = workload(&[]);
    outside.annotations.insert("plimsoll.dev/role".to_owned(), "web".to_owned());
    outside.annotations.insert("allow.plimsoll.dev/latest-tag".to_owned(), "2027-01-31 reason".to_owned());
    let contract = Contract::of(&outside);
    let [invalid] = contract.invalid() else { panic!("one annotation is out of place") };
    assert_eq!(invalid.reason, Reason::OutsidePodTemplate);
    assert_eq!(invalid.pointer, "/metadata/annotations/plimsoll.dev~1role");

    let mut pod = workload(&[("plimsoll.dev/role", "web")]);
    pod.annotations = pod.pod.annotations.clone();
    pod.pod.pointer = Pointer::ROOT;
    assert_eq!(Contract::of(&pod).invalid(), []);
}

proptest! {
    #[test]
    fn a_letter_off_is_understood(key in 0usize..14, at in 0usize..20, letter in "[a-z]") {
        let (name, ..) = KEYS[key];
        let mut typo = name.to_owned();
        typo.insert_str(at % (name.len() + 1), &letter);
        prop_assert_eq!(nearest(&typo), Some(name));
    }

    #[test]
    fn any_annotation_is_read_without_a_panic(annotation in "\\PC{0,40}", prefix in "(|x\\.)plimsoll\\.dev/", text in "\\PC{0,20}") {
        Contract::of(&workload(&[(&annotation, &text), (&format!("{prefix}{annotation}"), &text)]));
    }
}
