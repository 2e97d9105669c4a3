//! `plimsoll webhook manifest`: what is printed can be applied, or is refused.

use expect_test::expect;
use plimsoll_tests::{folder, plimsoll};
use serde_json::Value;

fn manifest(flags: &[&str]) -> (i32, String, String) {
    let outcome = plimsoll(folder([]).path(), &[&["webhook", "manifest"], flags].concat(), "");
    (outcome.code, outcome.stdout, outcome.stderr)
}

#[test]
fn a_name_that_kubernetes_does_not_take_is_refused() {
    for flag in ["--name", "--namespace", "--service"] {
        for name in ["a: b", "a\nb", "Shop", "", "-a"] {
            let (code, stdout, stderr) = manifest(&[&format!("{flag}={name}")]);
            assert!(code == 2 && stdout.is_empty() && stderr.contains(flag), "{flag} {name:?}: {code} {stderr}");
        }
    }
    let (code, stdout, _) = manifest(&["--name", "plimsoll.example.com", "--namespace", "yes"]);
    let printed: Value = serde_yaml::from_str(&stdout).expect("YAML");
    let service = &printed["webhooks"][0]["clientConfig"]["service"];
    // `yes` is a boolean for readers of YAML 1.1.
    assert_eq!(
        (code, &service["namespace"], &printed["metadata"]["name"]),
        (0, &"yes".into(), &"plimsoll.example.com".into())
    );
}

#[test]
fn is_a_file_of_the_api_server_with_static() {
    let (code, stdout, _) = manifest(&["--static", "--url", "https://10.0.0.1:8443/validate"]);
    assert_eq!(code, 0);
    let beginning = stdout.split("  matchConditions:").next().expect("a part");
    expect![[r#"
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata:
          name: plimsoll.static.k8s.io
        webhooks:
        - admissionReviewVersions:
          - v1
          clientConfig:
            url: https://10.0.0.1:8443/validate
          failurePolicy: Ignore
    "#]]
    .assert_eq(beginning);
}

#[test]
fn static_needs_a_url_with_https_and_a_url_needs_static() {
    for flags in [
        &["--static"][..],
        &["--url", "https://10.0.0.1/validate"],
        &["--static", "--url", "http://10.0.0.1/validate"],
        &["--static", "--url", "https://"],
        &["--static", "--url", "https://jane@10.0.0.1/validate"],
        &["--static", "--url", "https://10.0.0.1/validate?a=b"],
        &["--static", "--url", "https://10.0.0.1/ \nx: y"],
        &["--static", "--url", "https://10.0.0.1/", "--service", "other"],
    ] {
        let (code, stdout, _) = manifest(flags);
        assert_eq!((code, stdout.as_str()), (2, ""), "{flags:?}");
    }
}
