//! The certificates that the webhook makes for itself, and renews.

use crate::support::{Namespace, RELEASE, Seen, Traffic, alone, eventually, kubectl, number, run, shared};
use std::{path::Path, time::Instant};

/// The CA in the Secret, in base64.
fn ca() -> Result<String, Seen> {
    let seen = kubectl(&format!("-n {RELEASE} get secret plimsoll-tls -o jsonpath={{.data.ca\\.crt}}"));
    if seen.succeeded { Ok(seen.text) } else { Err(seen) }
}

/// The CAs that the API server trusts.
fn bundle() -> String {
    let path = "jsonpath={.webhooks[0].clientConfig.caBundle}";
    let encoded = kubectl(&format!("get validatingwebhookconfiguration plimsoll -o {path}")).ok();
    decoded(&encoded)
}

fn decoded(base64: &str) -> String {
    run(Path::new("base64"), &["--decode"], base64).ok()
}

/// The leaf that each replica shows, if the CA in the Secret signed it.
fn shown() -> Vec<Result<String, String>> {
    let pods = kubectl(&format!(
        "-n {RELEASE} get pods -l app.kubernetes.io/name=plimsoll -o jsonpath={{.items[*].status.podIP}}"
    ));
    let authority = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(authority.path(), decoded(&ca().unwrap_or_default())).expect("a temporary file");
    let file = authority.path().to_str().expect("a path in UTF-8");
    let name = format!("plimsoll.{RELEASE}.svc");
    let show = |pod: &str| {
        let address = format!("{pod}:8443");
        let args =
            ["s_client", "-connect", &address, "-CAfile", file, "-verify_hostname", &name, "-verify_return_error"];
        let seen = run(Path::new("openssl"), &args, "");
        let leaf = seen.text.split_once("-----BEGIN").and_then(|(_, rest)| rest.split_once("-----END"));
        match (seen.succeeded, leaf) {
            (true, Some((leaf, _))) => Ok(leaf.to_owned()),
            _ => Err(seen.to_string()),
        }
    };
    pods.text.split(' ').map(show).collect()
}

/// Waits until both replicas show one and the same leaf, signed by the CA in the Secret.
fn settled() -> String {
    eventually("both replicas show a leaf of the CA in the Secret", || match shown().as_slice() {
        [Ok(one), Ok(other)] if one == other => Ok(one.clone()),
        others => Err(format!("{others:?}")),
    })
}

#[test]
fn a_new_installation_makes_a_certificate_that_the_api_server_trusts() {
    let _shared = shared();
    settled();
    trusts(&ca().unwrap_or_default());
}

#[track_caller]
fn trusts(ca: &str) {
    let (bundle, ca) = (bundle(), decoded(ca));
    assert!(!ca.is_empty() && bundle.contains(ca.trim()), "{ca}\nis not in\n{bundle}");
}

#[test]
fn a_rotation_of_ca_and_leaf_fails_no_call() {
    let _alone = alone(&[]);
    let here = Namespace::new("rotation");
    let traffic = Traffic::start(here.name(), 2);
    for turn in 1..=2 {
        let start = Instant::now();
        let (before, leaf) = (ca().unwrap_or_default(), settled());
        kubectl(&format!("-n {RELEASE} annotate secret plimsoll-tls plimsoll.dev/rotate=now")).ok();
        eventually("there is another CA", || match ca() {
            Ok(now) if now != before => Ok(()),
            Ok(now) => Err(now),
            Err(seen) => Err(seen.to_string()),
        });
        assert_ne!(settled(), leaf);
        number(&format!("rotation {turn}: both replicas show the new leaf after {:.1?}", start.elapsed()));
        // Somebody may still show a leaf of it.
        trusts(&before);
    }
    let tally = traffic.stop();
    number(&format!("two rotations of CA and leaf, Fail: {tally}"));
    assert!(tally.lost.is_empty() && tally.slipped.is_empty(), "{tally}\n{:#?}", tally.lost);
}

#[test]
fn a_secret_that_somebody_deletes_is_put_back_as_it_was() {
    let _alone = alone(&[]);
    let (before, leaf) = (ca().unwrap_or_default(), settled());
    kubectl(&format!("-n {RELEASE} delete secret plimsoll-tls")).ok();
    assert_eq!(eventually("the Secret is back", ca), before);
    assert_eq!(settled(), leaf);
}

#[test]
fn the_lease_is_given_back_at_the_end() {
    let _alone = alone(&[]);
    let holder = || kubectl(&format!("-n {RELEASE} get lease plimsoll-tls -o jsonpath={{.spec.holderIdentity}}")).ok();
    assert!(!holder().is_empty());
    kubectl(&format!("-n {RELEASE} scale deployment plimsoll --replicas 0")).ok();
    kubectl(&format!("-n {RELEASE} wait --for delete pod -l app.kubernetes.io/name=plimsoll --timeout 60s")).ok();
    assert_eq!(holder(), "");
}
