use super::{Class::*, *};
use crate::ImagePull;
use plimsoll_policy::Policy;

fn class(tag: &str, immutable: &[&str]) -> Class {
    let immutable: Vec<Pattern> = immutable.iter().map(|entry| Pattern::from((*entry).to_owned())).collect();
    Class::of(tag, &immutable)
}

fn default_class(tag: &str) -> Class {
    Class::of(tag, &ImagePull::default().immutable_tags)
}

#[test]
fn tags_are_judged_by_their_tokens() {
    let tags: [(Class, &[&str]); 3] = [
        (
            Immutable,
            &[
                "1.27.4",
                "v0.31.2-debug",
                "3.10.1-alpine",
                "sha-1a2b3c4",
                "RELEASE.2024-01-01T16-36-33Z",
                // Seen in charts and manifests.
                "v0.22.1",
                "8.10.1-alpine",
                "13.1.3",
                "7.4.2-bookworm-slim",
                "1.2.3.4",
                "v1.28.0-gke.100",
                "2.361.1-lts-jdk11",
                "21.0.1_12-jdk",
                "3.13.0rc1",
                "4.8.3.Final",
                "1.0.0-dev.3",
                "release-1.2.3",
                "v1.2-14-g1a2b3c4",
                "main-1a2b3c4d",
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
                "1A2B3C4",
                "20240131",
                "jammy-20240111",
                "v20240131-1a2b3c4",
                "20240131.2",
                "20240131T163633Z",
                "1706718993",
                "20240131163633",
                "2024-01-31",
                "build-2024-12-31-7",
                "2024.01.31",
            ],
        ),
        (
            Series,
            &[
                "1.27",
                "v1",
                "17.6",
                "8",
                "22.04",
                "8.0-jammy-chiseled",
                "3.20-alpine",
                "1.27-alpine",
                "v1.27",
                "3.x",
                "1.2.x",
                "8u392",
                "release-1.30",
                "build-1234",
                "1.2_debug",
            ],
        ),
        (
            Moving,
            &[
                "main",
                "stable",
                "prod",
                "alpine",
                "latest",
                "Latest",
                "1.2.3-SNAPSHOT",
                "1.2.3.SNAPSHOT",
                "2.0.0.BUILD-SNAPSHOT",
                "nightly",
                "nightly-20240131",
                "dev-1a2b3c4",
                "dev",
                "edge",
                "v1.2.3-canary",
                "1.27.4-latest",
                "bookworm-slim",
                "alpine3.20",
                "lts",
                "master",
                "deadbeef",
                "a1b2c3",
                "_",
                "v",
            ],
        ),
    ];
    for (expected, tags) in tags {
        for tag in tags {
            assert_eq!(default_class(tag), expected, "{tag}");
        }
    }
}

#[test]
fn lengths_count_exactly() {
    let hash = |digits| format!("{:a<digits$}", "1");
    for (tag, expected) in [
        (hash(6), Moving),
        (hash(7), Immutable),
        (hash(40), Immutable),
        (hash(41), Moving),
        (hash(63), Moving),
        (hash(64), Immutable),
        (hash(65), Moving),
        ("1".repeat(7), Series),
        ("1".repeat(8), Immutable),
        ("1".repeat(14), Immutable),
        ("1".repeat(15), Series),
    ] {
        assert_eq!(default_class(&tag), expected, "{tag}");
    }
}

#[test]
fn only_a_date_is_a_date() {
    for (tag, is_date) in [
        ("2024-01-31", true),
        ("x2024-12-31x", true),
        ("2024-13-31", false),
        ("2024-00-31", false),
        ("12024-01-31", false),
        ("2024-01-311", false),
        ("2024_01_31", false),
        ("2024-1-31", false),
    ] {
        assert_eq!(has_iso_date(tag), is_date, "{tag}");
    }
}

#[test]
fn a_setting_replaces_what_counts_as_immutable() {
    for (tag, immutable, expected) in [
        ("1.2.3", &["hash"][..], Moving),
        ("1a2b3c4", &["hash"], Immutable),
        ("20240131", &["semver", "hash"], Series),
        ("1.2.3", &[], Moving),
        ("1.2", &[], Series),
        ("ltsc2022", &["ltsc*"], Immutable),
        ("ltsc2022", &["ltsc202?"], Immutable),
        ("LTSC2022", &["ltsc*"], Moving),
        ("prod", &["prod"], Immutable),
        // A glob is explicit: it goes before the words that move.
        ("nightly-20240131", &["nightly-????????"], Immutable),
        ("nightly", &["nightly-????????"], Moving),
    ] {
        assert_eq!(class(tag, immutable), expected, "{tag} with {immutable:?}");
    }
}

#[test]
fn refuses_settings_that_can_mean_nothing() {
    let validate = |json: &str| serde_json::from_str::<ImagePull>(json).map_err(|error| error.to_string())?.validate();
    for json in ["{}", r#"{"immutable-tags": []}"#, r#"{"immutable-tags": ["semver", "build-*", "r?", "prod"]}"#] {
        assert_eq!(validate(json), Ok(()), "{json}");
    }
    for (json, part) in [
        (r#"{"immutable-tags": ["SemVer"]}"#, "did you mean `semver`?"),
        (r#"{"immutable-tags": [""]}"#, "matches no tag"),
        (r#"{"immutable-tags": ["v1 "]}"#, "`v1 ` matches no tag"),
        (r#"{"immutable-tags": [1]}"#, "expected a string"),
        (r#"{"immutable_tags": []}"#, "unknown field"),
    ] {
        let error = validate(json).unwrap_err();
        assert!(error.contains(part), "{json}: {error}");
    }
}

#[test]
fn settings_come_back_as_they_were_written() {
    let json = r#"{"immutable-tags":["semver","hash","stamp","ltsc*"]"#;
    let settings: ImagePull = serde_json::from_str(&format!("{json}}}")).unwrap();
    assert!(serde_json::to_string(&settings).unwrap().starts_with(json));
}
