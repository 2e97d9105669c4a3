use super::*;
use expect_test::expect;
use proptest::{prelude::*, sample::Index};

const TABLE: &str = include_str!("../tests/references.tsv");

/// As the Go library names a repository: with `library/`.
fn canonical_path(repository: Repository<'_>) -> String {
    let is_official = repository.registry == DOCKER_HUB && !repository.path.contains('/');
    format!("{}{}", if is_official { OFFICIAL } else { "" }, repository.path)
}

#[test]
fn agrees_with_the_parser_of_the_kubelet() {
    let mut rows = 0;
    for row in TABLE.lines().filter(|row| !row.starts_with('#')) {
        let (image, expected) = row.split_once('\t').unwrap();
        let parsed = match Reference::parse(image) {
            Err(_) => "refused".to_owned(),
            Ok(Reference { repository, tag, digest }) => {
                let path = canonical_path(repository);
                format!("{}\t{path}\t{}\t{}", repository.registry, tag.unwrap_or(""), digest.unwrap_or(""))
            }
        };
        assert_eq!(parsed.trim_end_matches('\t'), expected, "{image}");
        rows += 1;
    }
    assert!(rows > 150, "only {rows} rows were read");
}

#[test]
fn spellings_of_one_repository_are_equal() {
    let hub =
        ["nginx", "library/nginx:1", "docker.io/nginx", "docker.io/library/nginx", "index.docker.io/library/nginx"];
    for image in hub {
        let repository = Reference::parse(image).unwrap().repository;
        assert_eq!(repository, Repository { registry: "docker.io", path: "nginx" }, "{image}");
    }
    assert_ne!(Reference::parse("quay.io/library/nginx").unwrap().repository.path, "nginx");
}

#[test]
fn says_what_is_wrong_and_what_to_write() {
    let images = [
        "$(IMAGE)",
        "registry.example.com/{{ .Values.name }}:1.0",
        "",
        " nginx:1.27.4",
        "{IMAGE}",
        "[YOUR ID]/app:1.0",
        "ko://example.com/cmd/app",
        "https://quay.io/team/app:1.0",
        "us-docker.pkg.dev/PROJECT_ID/app:1.0",
        "REGION_NAME-docker.pkg.dev/team/app:1.0",
        "quay.io/My_Team/app:1.0",
        "7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa",
        "registry.example.com/Team/App:1.0",
        "registry.example.com//app:1.0",
        "registry.example.com/app_:1.0",
        "my_registry:5000/app:1.0",
        "app:",
        "app:1.0:2",
        "app:-1",
        "app:1.0+build.5",
        "app@sha256:1234",
        "app@sha1:7cc4b5ae",
        "app@sha256:xyz",
    ];
    let said: String = images
        .into_iter()
        .map(|image| {
            let invalid = Reference::parse(image).unwrap_err();
            format!("{}\n  {}\n", invalid.message(image), invalid.help(image))
        })
        .collect();
    expect![[r#"
        `$(IMAGE)` is an unrendered placeholder: Kubernetes does not replace it, and the kubelet refuses it as it stands
          fill it in, or render first and scan what comes out: `helm template … | plimsoll scan -`, `kustomize build … | plimsoll scan -`, `envsubst < FILE | plimsoll scan -`
        `registry.example.com/{{ .Values.name }}:1.0` is an unrendered placeholder: Kubernetes does not replace it, and the kubelet refuses it as it stands
          fill it in, or render first and scan what comes out: `helm template … | plimsoll scan -`, `kustomize build … | plimsoll scan -`, `envsubst < FILE | plimsoll scan -`
        the image is empty
          write `[registry[:port]/]repository[:tag][@sha256:digest]`
        ` nginx:1.27.4` is not an image reference: it has white space in it
          write `nginx:1.27.4`
        `{IMAGE}` is an unrendered placeholder: Kubernetes does not replace it, and the kubelet refuses it as it stands
          fill it in, or render first and scan what comes out: `helm template … | plimsoll scan -`, `kustomize build … | plimsoll scan -`, `envsubst < FILE | plimsoll scan -`
        `[YOUR ID]/app:1.0` is not an image reference: it has white space in it
          write `[registry[:port]/]repository[:tag][@sha256:digest]`
        `ko://example.com/cmd/app` is not an image reference: it is a URL; a reference has no scheme
          ko builds it first: `ko resolve -f FILE | plimsoll scan -`
        `https://quay.io/team/app:1.0` is not an image reference: it is a URL; a reference has no scheme
          write `quay.io/team/app:1.0`
        `us-docker.pkg.dev/PROJECT_ID/app:1.0` is an unrendered placeholder: Kubernetes does not replace it, and the kubelet refuses it as it stands
          fill it in, or render first and scan what comes out: `helm template … | plimsoll scan -`, `kustomize build … | plimsoll scan -`, `envsubst < FILE | plimsoll scan -`
        `REGION_NAME-docker.pkg.dev/team/app:1.0` is an unrendered placeholder: Kubernetes does not replace it, and the kubelet refuses it as it stands
          fill it in, or render first and scan what comes out: `helm template … | plimsoll scan -`, `kustomize build … | plimsoll scan -`, `envsubst < FILE | plimsoll scan -`
        `quay.io/My_Team/app:1.0` is not an image reference: `My_Team` in the repository has upper-case letters
          registries know lower case only: write `my_team`
        `7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa` is not an image reference: 64 hexadecimal digits alone are an image ID
          write the repository that the image is pulled from, then its tag or digest
        `registry.example.com/Team/App:1.0` is not an image reference: `Team` in the repository has upper-case letters
          registries know lower case only: write `team`
        `registry.example.com//app:1.0` is not an image reference: a part of the repository is empty: nothing stands before or after a `/`
          write `[registry[:port]/]repository[:tag][@sha256:digest]`
        `registry.example.com/app_:1.0` is not an image reference: `app_` in the repository is not lower-case letters and digits with a `.`, `_`, `__` or dashes between them
          write `[registry[:port]/]repository[:tag][@sha256:digest]`
        `my_registry:5000/app:1.0` is not an image reference: `my_registry:5000` is not a registry's host and port
          write `[registry[:port]/]repository[:tag][@sha256:digest]`
        `app:` is not an image reference: the tag after the `:` is empty
          write `[registry[:port]/]repository[:tag][@sha256:digest]`
        `app:1.0:2` is not an image reference: the tag has a `:`; letters, digits, `_`, `.` and `-` are allowed
          write `[registry[:port]/]repository[:tag][@sha256:digest]`
        `app:-1` is not an image reference: the tag begins with `-`, and must with a letter, a digit or `_`
          write `[registry[:port]/]repository[:tag][@sha256:digest]`
        `app:1.0+build.5` is not an image reference: the tag has a `+`; letters, digits, `_`, `.` and `-` are allowed
          a `+` of semantic versioning has no place in a tag: most builds write `_` or `-` for it
        `app@sha256:1234` is not an image reference: the digest has 4 hexadecimal digits, sha256 has 64
          copy the digest whole, as `crane digest IMAGE` prints it: `sha256:` and 64 of `0-9a-f`
        `app@sha1:7cc4b5ae` is not an image reference: the digest begins with `sha1`, and must with `sha256:`, `sha384:` or `sha512:`
          copy the digest whole, as `crane digest IMAGE` prints it: `sha256:` and 64 of `0-9a-f`
        `app@sha256:xyz` is not an image reference: the digest has a `x`; lower-case hexadecimal digits are allowed
          copy the digest whole, as `crane digest IMAGE` prints it: `sha256:` and 64 of `0-9a-f`
    "#]].assert_eq(&said);
}

#[test]
fn cuts_what_would_drown_the_message() {
    let image = format!("a:{}", "b".repeat(1 << 20));
    let message = Reference::parse(&image).unwrap_err().message(&image);
    assert!(message.len() < 1000, "{} bytes", message.len());
    assert!(message.ends_with("the tag has 1048576 characters, 128 are the limit"), "{message}");
}

prop_compose! {
    fn component()(first in "[a-z0-9]{1,4}", rest in prop::collection::vec(("[._]|__|-{1,3}", "[a-z0-9]{1,4}"), 0..3)) -> String {
        rest.into_iter().fold(first, |all, (separator, alnum)| all + &separator + &alnum)
    }
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(component(), 1..4).prop_map(|components| components.join("/"))
}

fn registry() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        Just("localhost".to_owned()),
        "[a-zA-Z0-9]([a-zA-Z0-9-]{0,5}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]{1,5}){1,2}",
        "\\[[0-9a-f:]{2,8}\\]:[0-9]{1,5}",
        "[a-z]{1,6}:[0-9]{1,5}",
    ];
    host.prop_filter("Docker Hub has two names", |host| host != DOCKER_HUB_LEGACY)
}

fn tag() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
}

fn digest() -> impl Strategy<Value = String> {
    "sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}"
}

fn written(registry: &str, path: &str, tag: Option<&String>, digest: Option<&String>) -> String {
    let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
    let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
    format!("{registry}/{path}{tag}{digest}")
}

proptest! {
    #[test]
    fn what_the_grammar_makes_comes_back_in_parts(
        registry in registry(),
        path in path(),
        tag in prop::option::of(tag()),
        digest in prop::option::of(digest()),
    ) {
        let image = written(&registry, &path, tag.as_ref(), digest.as_ref());
        let expected = Reference {
            repository: Repository { registry: &registry, path: &path },
            tag: tag.as_deref(),
            digest: digest.as_deref(),
        };
        prop_assert_eq!(Reference::parse(&image), Ok(expected));
    }

    #[test]
    fn a_character_that_no_part_may_have_is_refused(
        registry in registry(),
        path in path(),
        tag in tag(),
        bad in "[ +%~!$(){}é\\\\\u{0}]",
        at in any::<Index>(),
    ) {
        let mut image = written(&registry, &path, Some(&tag), None);
        let places: Vec<usize> = image.char_indices().map(|(at, _)| at).collect();
        image.insert_str(*at.get(&places), &bad);
        prop_assert!(Reference::parse(&image).is_err(), "{image}");
    }

    #[test]
    fn a_damaged_part_is_refused(registry in registry(), path in path(), tag in tag(), digest in digest(), at in any::<Index>()) {
        let longer = format!("{digest}0");
        let shorter = digest[..digest.len() - 1].to_owned();
        let mut not_hex = digest.clone().into_bytes();
        let hex: Vec<usize> = ("sha256:".len()..digest.len()).collect();
        not_hex[*at.get(&hex)] = b'g';
        let not_hex = String::from_utf8(not_hex).unwrap();
        let damaged = [
            written(&registry, &path, None, Some(&longer)),
            written(&registry, &path, None, Some(&shorter)),
            written(&registry, &path, None, Some(&not_hex)),
            written(&registry, &path, Some(&format!("{tag:a<129}")), None),
            written(&registry, &path, Some(&format!("-{tag}")), None),
            written(&registry, &path, Some(&format!("{tag}:")), None),
            written(&registry, &format!("{path}/"), Some(&tag), None),
            written(&registry, &format!("{path}/App"), Some(&tag), None),
            written(&registry, &format!("{path}-"), Some(&tag), None),
            written(&registry, &format!("{path}/{}", "a".repeat(255)), Some(&tag), None),
            written(&format!("{registry}."), &path, Some(&tag), None),
        ];
        for image in damaged {
            prop_assert!(Reference::parse(&image).is_err(), "{image}");
        }
    }

    #[test]
    fn no_text_is_too_strange(image in any::<String>()) {
        if let Err(invalid) = Reference::parse(&image) {
            prop_assert!(!invalid.message(&image).is_empty() && !invalid.help(&image).is_empty());
        }
    }
}
