//! Which rule speaks about which container. The page's examples say the same with whole manifests.

use crate::ImagePull;
use expect_test::expect;
use plimsoll_policy::{
    Edit, Finding, Findings, Input, Level, Pointer, Policy, Workload, testing,
    workload::{Class, Container, ImageVolume, PullPolicy},
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const DIGEST: &str = "sha256:7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa";

/// An application container.
fn container(name: &str, image: &str, policy: PullPolicy) -> Container {
    Container { image: image.to_owned(), pull_policy: policy, ..testing::container(name) }
}

fn pod(containers: Vec<Container>) -> Workload {
    testing::pod(containers)
}

fn check(containers: Vec<Container>, off: &[&str]) -> Vec<Finding> {
    let off: Vec<String> = off.iter().map(|rule| (*rule).to_owned()).collect();
    let mut findings = Findings::new(&off);
    ImagePull::default().check(&Input::from(&pod(containers)), &mut findings);
    findings.into_vec()
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.as_str()).collect()
}

/// The rules that speak about one container, with those off that are off by default.
fn judge(image: &str, policy: PullPolicy) -> Vec<String> {
    let findings = check(vec![container("app", image, policy)], &["missing-digest", "needless-always-pull"]);
    rules(&findings).into_iter().map(str::to_owned).collect()
}

use PullPolicy::{Always, IfNotPresent, Never};

#[test]
fn each_image_gets_the_first_rule_that_applies() {
    for (image, policy, expected) in [
        ("nginx:1.27.4", IfNotPresent, ""),
        ("nginx:1.27.4", Always, ""),
        ("nginx", Always, "latest-tag"),
        ("nginx", IfNotPresent, "latest-tag"),
        ("nginx:latest", Always, "latest-tag"),
        ("registry:5000/app", Always, "latest-tag"),
        ("host:5000/app:1.2.3", IfNotPresent, ""),
        ("registry:5000", IfNotPresent, "series-tag"),
        ("nginx:main", IfNotPresent, "moving-tag-cached"),
        ("nginx:main", Always, "moving-tag-always"),
        ("nginx:1.27", IfNotPresent, "series-tag"),
        ("nginx:1.27", Always, "series-tag"),
        ("Nginx:latest", Always, "invalid-image-reference"),
        ("nginx@sha256:1234", IfNotPresent, "invalid-image-reference"),
        ("$(IMAGE)", Always, "invalid-image-reference"),
        ("nginx:1.27.4", Never, "never-pull"),
        ("nginx:main", Never, "moving-tag-cached never-pull"),
        ("${IMAGE}", Never, "invalid-image-reference never-pull"),
    ] {
        assert_eq!(judge(image, policy).join(" "), expected, "{image} {policy:?}");
    }
}

#[test]
fn a_digest_settles_it_whatever_the_tag_and_the_pull_policy() {
    for image in ["nginx", "nginx:latest", "nginx:main", "nginx:1.27", "nginx:1.27.4", "host:5000/nginx"] {
        let pinned = format!("{image}@{DIGEST}");
        for (policy, expected) in
            [(IfNotPresent, &[][..]), (Always, &["needless-always-pull"]), (Never, &["never-pull"])]
        {
            let findings = check(vec![container("app", &pinned, policy)], &[]);
            assert_eq!(rules(&findings), expected, "{pinned} {policy:?}");
        }
    }
}

#[test]
fn a_rule_that_is_off_does_not_silence_the_next() {
    let order = ["latest-tag", "moving-tag-always", "missing-digest"];
    for off in 0..order.len() {
        let findings = check(vec![container("app", "nginx:latest", Always)], &order[..off]);
        assert_eq!(rules(&findings), [order[off]]);
    }
    let findings = check(vec![container("app", "nginx:1.27", IfNotPresent)], &["series-tag"]);
    assert_eq!(rules(&findings), ["missing-digest"]);
}

#[test]
fn nothing_is_said_of_the_tag_of_what_is_no_reference() {
    assert!(check(vec![container("app", "$(IMAGE)", Always)], &["invalid-image-reference"]).is_empty());
}

#[test]
fn denies_latest_in_containers_of_every_class() {
    for class in [Class::Application, Class::Sidecar, Class::Init, Class::Ephemeral] {
        let containers = vec![Container { class, ..container("app", "nginx", Always) }];
        assert_eq!(rules(&check(containers, &[])), ["latest-tag"], "{class:?}");
    }
}

#[test]
fn always_for_an_immutable_tag_is_fixed_at_the_policy() {
    let image = format!("nginx:latest@{DIGEST}");
    let findings = check(vec![container("app", &image, Always)], &[]);
    assert_eq!(rules(&findings), ["needless-always-pull"]);
    let pointer = Pointer::from("/spec/containers/0/imagePullPolicy");
    assert_eq!(findings[0].pointer, pointer);
    assert_eq!(findings[0].fix, [Edit::Add { pointer, value: r#""IfNotPresent""#.to_owned() }]);
}

#[test]
fn never_is_fixed_by_if_not_present() {
    let before = vec![container("app", "nginx:1.27.4", Never)];
    let [finding] = &check(before, &["missing-digest"])[..] else { panic!("one finding") };
    let Edit::Add { pointer, value } = &finding.fix[0] else { panic!("an edit that sets") };
    assert_eq!((pointer.as_str(), value.as_str()), ("/spec/containers/0/imagePullPolicy", r#""IfNotPresent""#));
    assert!(judge("nginx:1.27.4", IfNotPresent).is_empty());
}

/// A pod with one container and one image volume.
fn with_volume(reference: &str, pull_policy: PullPolicy) -> Workload {
    let mut workload = pod(vec![container("app", "app:1.0.0", IfNotPresent)]);
    let (pointer, name) = ("/spec/volumes/0/image".into(), "models".to_owned());
    workload.pod.image_volumes = vec![ImageVolume { pointer, name, reference: reference.to_owned(), pull_policy }];
    workload
}

fn knative(image: &str, policy: PullPolicy) -> Workload {
    Workload { api_version: "serving.knative.dev/v1".to_owned(), ..pod(vec![container("app", image, policy)]) }
}

fn check_all(workload: &Workload, settings: &ImagePull) -> Vec<Finding> {
    let off = ["missing-digest".to_owned()];
    let mut findings = Findings::new(&off);
    settings.check(&Input::from(workload), &mut findings);
    findings.into_vec()
}

#[test]
fn image_volumes_are_images_like_any_other() {
    for (reference, policy, expected) in [
        ("models:1.2.3", IfNotPresent, ""),
        ("models", Always, "latest-tag /spec/volumes/0/image/reference"),
        ("models:main", IfNotPresent, "moving-tag-cached /spec/volumes/0/image/reference"),
        ("models:1.2", IfNotPresent, "series-tag /spec/volumes/0/image/reference"),
        ("models:1.2.3", Never, "never-pull /spec/volumes/0/image/pullPolicy"),
        ("models:1.2.3", Always, "needless-always-pull /spec/volumes/0/image/pullPolicy"),
        ("", Always, "invalid-image-reference /spec/volumes/0/image/reference"),
        ("app:1.0.1", IfNotPresent, "mixed-image-versions /spec/volumes/0/image/reference"),
    ] {
        let found = check_all(&with_volume(reference, policy), &ImagePull::default());
        let found: Vec<String> = found.iter().map(|finding| format!("{} {}", finding.rule, finding.pointer)).collect();
        assert_eq!(found.join(", "), expected, "{reference} {policy:?}");
    }
}

#[test]
fn what_knative_resolves_is_a_warning_at_most() {
    for (image, rule, is_resolved) in [
        ("app", "latest-tag", true),
        ("docker.io/app:latest", "latest-tag", true),
        ("app:main", "moving-tag-cached", true),
        ("app:1.2", "series-tag", true),
        ("ko.local/app", "latest-tag", false),
        ("dev.local/app:main", "moving-tag-cached", false),
    ] {
        let [finding] = &check_all(&knative(image, IfNotPresent), &ImagePull::default())[..] else { panic!("{image}") };
        assert_eq!((finding.rule.as_str(), finding.escalated), (rule, !is_resolved), "{image}");
        assert_eq!(finding.message.contains("Knative resolves the tag"), is_resolved, "{}", finding.message);
    }
    let never = check_all(&knative("app:1.0.0", Never), &ImagePull::default());
    assert_eq!(rules(&never), ["never-pull"]);
    let settings = ImagePull { knative_unresolved_registries: vec!["*.internal".to_owned()], ..ImagePull::default() };
    assert!(check_all(&knative("registry.internal/app", Always), &settings)[0].escalated);
    assert!(!check_all(&knative("ko.local/app", Always), &settings)[0].escalated);
    for rule in ImagePull::RULES {
        let most = [rule.levels.default, rule.levels.strict].into_iter().max();
        assert!(rule.escalated.is_none() || most <= Some(Level::Warn), "{}", rule.name);
    }
}

#[test]
fn registries_that_never_move_a_tag_are_trusted() {
    let trusting = |hosts: &[&str]| ImagePull {
        immutable_registries: hosts.iter().map(|host| (*host).to_owned()).collect(),
        ..ImagePull::default()
    };
    let found = |image: &str, settings: &ImagePull| {
        let found = check_all(&pod(vec![container("app", image, IfNotPresent)]), settings);
        rules(&found).join(" ")
    };
    let default = ImagePull::default();
    for (image, expected) in [
        ("registry.k8s.io/sig-storage/csi-provisioner:v5", ""),
        ("registry.k8s.io/e2e-test-images/agnhost:2.53", ""),
        ("registry.k8s.io/app:main", ""),
        ("registry.k8s.io/app", "latest-tag"),
        ("registry.k8s.io/app:latest", "latest-tag"),
        ("k8s.gcr.io/app:1.2", "series-tag"),
        ("registry.k8s.io.example.com/app:1.2", "series-tag"),
        // Whatever the registry, a pause image counts in two numbers.
        ("mcr.microsoft.com/oss/kubernetes/pause:3.6", ""),
        ("rancher/mirrored-pause:3.6", ""),
        ("acme/pause:main", "moving-tag-cached"),
    ] {
        assert_eq!(found(image, &default), expected, "{image}");
    }
    assert_eq!(found("registry:5000/app:1.2", &trusting(&["registry:5000"])), "");
    assert_eq!(found("eu.pkg.dev/app:1.2", &trusting(&["*.pkg.dev"])), "");
    assert_eq!(found("registry.k8s.io/app:1.2", &trusting(&[])), "series-tag");
    assert_eq!(found("app:1.2", &trusting(&["docker.io"])), "");
}

#[test]
fn refuses_registries_that_are_none() {
    let validate = |json: &str| serde_json::from_str::<ImagePull>(json).unwrap().validate();
    assert_eq!(validate(r#"{"immutable-registries": ["registry:5000", "*.pkg.dev", "[::1]:5000"]}"#), Ok(()));
    assert_eq!(
        validate(r#"{"immutable-registries": ["https://registry.k8s.io"]}"#).unwrap_err(),
        "immutable-registries: `https://registry.k8s.io` is not a registry's host; write it as images do, \
         `registry.example.com:5000`, without a scheme and a path"
    );
    for host in ["", "host/path"] {
        let error = validate(&format!(r#"{{"knative-unresolved-registries": ["{host}"]}}"#)).unwrap_err();
        assert!(error.starts_with("knative-unresolved-registries: "), "{error}");
    }
}

/// Whether the images of an application container and of another container are two versions.
fn is_mixed(first: &str, other: &str, class: Class) -> bool {
    let other = Container { class, ..container("other", other, IfNotPresent) };
    let findings = check(vec![container("app", first, IfNotPresent), other], &[]);
    rules(&findings).contains(&"mixed-image-versions")
}

#[test]
fn versions_of_one_repository_are_compared_inside_a_pod() {
    let other_digest = DIGEST.replace('7', "8");
    for (first, other, expected) in [
        ("app:1.2.3", "app:1.2.4", true),
        ("app:1.2.3", "app:1.2.3", false),
        ("app:1.2.3", "other:1.2.4", false),
        ("nginx:1.27.4", "docker.io/library/nginx:1.27.5", true),
        ("nginx:1.27.4", "docker.io/library/nginx:1.27.4", false),
        ("nginx:1.27.4", "quay.io/library/nginx:1.27.5", false),
        ("host:5000/app:1.2.3", "host:5001/app:1.2.4", false),
        ("app", "app:latest", false),
        ("app", "app:1.2.3", true),
        (&format!("app@{DIGEST}"), &format!("app@{other_digest}"), true),
        (&format!("app:1.2.3@{DIGEST}"), &format!("app:1.2.4@{DIGEST}"), false),
        (&format!("app:1.2.3@{DIGEST}"), "app:1.2.3", true),
    ] {
        assert_eq!(is_mixed(first, other, Class::Application), expected, "{first} {other}");
    }
}

#[test]
fn init_containers_and_sidecars_take_part_and_ephemeral_containers_do_not() {
    for (class, expected) in [(Class::Init, true), (Class::Sidecar, true), (Class::Ephemeral, false)] {
        assert_eq!(is_mixed("app:1.2.3", "app:1.2.4", class), expected, "{class:?}");
    }
}

#[test]
fn a_repository_in_many_versions_is_reported_once() {
    let images = ["a:1.0.0", "b:1.0.0", "a:1.0.1", "b:1.0.1", "a:1.0.2", "c:1.0.0"];
    let names = ["0", "1", "2", "3", "4", "5"];
    let containers = names.into_iter().zip(images).map(|(name, image)| container(name, image, IfNotPresent)).collect();
    let findings = check(containers, &["missing-digest"]);
    assert_eq!(rules(&findings), ["mixed-image-versions", "mixed-image-versions"]);
    let at: Vec<_> = findings.iter().filter_map(|finding| finding.container.as_deref()).collect();
    assert_eq!(at, ["2", "3"]);
}

#[test]
fn messages_say_what_will_happen_and_what_to_write() {
    let cases: [(&str, PullPolicy, &[&str]); 10] = [
        ("nginx", Always, &[]),
        ("registry:5000/app", Always, &[]),
        ("quay.io/argoproj/argocd:latest", Always, &[]),
        ("redis:alpine", IfNotPresent, &[]),
        ("app:main", Never, &["never-pull"]),
        ("app:main", Always, &[]),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", IfNotPresent, &[]),
        ("nginx:1.27.4", IfNotPresent, &[]),
        ("nginx:1.27.4", Never, &["missing-digest"]),
        ("nginx:1.27.4", Always, &["missing-digest"]),
    ];
    let mut said = String::new();
    for (image, policy, off) in cases {
        said += &shown(&check(vec![container("app", image, policy)], off));
    }
    let migrate = Container { class: Class::Init, ..container("migrate", "app:1.4.0", IfNotPresent) };
    said += &shown(&check(vec![container("app", "app:1.4.1", IfNotPresent), migrate], &["missing-digest"]));
    expect![[r#"
        latest-tag: `nginx` has no tag, which means `latest`: the image that was pushed last
          name the release in the tag, or pin it: `nginx@sha256:…` (`crane digest nginx` prints it)
        latest-tag: `registry:5000/app` has no tag (`:5000` is the registry's port), which means `latest`: the image that was pushed last
          name the release in the tag, or pin it: `registry:5000/app@sha256:…` (`crane digest registry:5000/app` prints it)
        latest-tag: `quay.io/argoproj/argocd:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          name the release in the tag, or pin it: `quay.io/argoproj/argocd@sha256:…` (`crane digest quay.io/argoproj/argocd:latest` prints it)
        moving-tag-cached: the tag `alpine` moves, and imagePullPolicy is IfNotPresent: a node that has an older image under this tag keeps it, while other nodes pull the new one
          give each build a tag of its own, or pin it: `redis:alpine@sha256:…` (`crane digest redis:alpine` prints it)
        moving-tag-cached: the tag `main` moves, and imagePullPolicy is Never, so no node picks up what is pushed again
          give each build a tag of its own, or pin it: `app:main@sha256:…` (`crane digest app:main` prints it)
        moving-tag-always: the tag `main` moves, and imagePullPolicy is Always: a pod that starts later runs other code than the pods beside it
          give each build a tag of its own, or pin it: `app:main@sha256:…` (`crane digest app:main` prints it)
        series-tag: the tag `8.0` names a series: the next patch release moves it, and nodes then differ
          name the patch release too, or pin it: `mcr.microsoft.com/dotnet/aspnet:8.0@sha256:…` (`crane digest mcr.microsoft.com/dotnet/aspnet:8.0` prints it)
        missing-digest: `nginx:1.27.4` is not pinned by digest: its tag can be pushed again
          pin it: `nginx:1.27.4@sha256:…` (`crane digest nginx:1.27.4` prints it)
        never-pull: imagePullPolicy is Never: the pod starts only on nodes that have `nginx:1.27.4` already, because it was loaded there by hand
          write `imagePullPolicy: IfNotPresent`: a node that has the image does not pull it either
        needless-always-pull: the tag `1.27.4` names one build, so imagePullPolicy Always gains nothing, and no pod starts while the registry cannot be reached
          write `imagePullPolicy: IfNotPresent`
        mixed-image-versions: the pod has two versions of one repository: `app:1.4.1` in container `app`, `app:1.4.0` in container `migrate`
          write the same image in both, and change them together
    "#]].assert_eq(&said);
}

fn shown(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let help = finding.help.as_deref().unwrap_or("");
        format!("{}: {}\n  {help}\n", finding.rule, finding.message)
    };
    findings.iter().map(line).collect()
}

fn any_image() -> impl Strategy<Value = String> {
    let tag = prop_oneof![Just(""), Just(":latest"), Just(":main"), Just(":1"), Just(":1.2.3"), Just(":-")];
    let digest = prop_oneof![Just(String::new()), Just(format!("@{DIGEST}")), Just("@sha256:12".to_owned())];
    ("[a-cA]", tag, digest).prop_map(|(name, tag, digest)| format!("{name}{tag}{digest}"))
}

proptest! {
    #[test]
    fn at_most_one_of_the_first_six_whatever_is_off(
        image in any_image(),
        policy in prop_oneof![Just(Always), Just(IfNotPresent), Just(Never)],
        off in prop::collection::btree_set(0..6usize, 0..6),
    ) {
        let first_six: Vec<&str> = ImagePull::RULES[..6].iter().map(|rule| &*rule.name).collect();
        let off: BTreeSet<&str> = off.into_iter().map(|index| first_six[index]).collect();
        let off: Vec<&str> = off.into_iter().collect();
        let findings = check(vec![container("app", &image, policy)], &off);
        let spoken: Vec<&str> = rules(&findings).into_iter().filter(|rule| first_six.contains(rule)).collect();
        prop_assert!(spoken.len() <= 1, "{spoken:?}");
        let pinned = image.contains(DIGEST);
        if pinned {
            prop_assert!(spoken.iter().all(|rule| *rule == "invalid-image-reference"), "{image}: {spoken:?}");
        }
    }
}
