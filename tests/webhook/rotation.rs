//! Certificates change while calls come in, as cert-manager and the kubelet change them.

use plimsoll_tests::{
    deployment,
    webhook::{Authority, Connection, Setup, Webhook, create, eventually, object},
};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// How many rotations: a certificate that lives for 90 days and is renewed at two thirds of it takes 16 years for them.
const ROTATIONS: usize = 100;

/// Posts over one connection until told to stop; every call must be answered.
async fn call(mut connection: Connection, body: String, stop: Arc<AtomicBool>, calls: Arc<AtomicUsize>) {
    while !stop.load(Ordering::Relaxed) {
        let answer = connection.post("/validate", body.clone()).await.expect("the connection is not dropped");
        assert_eq!((answer.status, answer.closes()), (200, false));
        calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_rotations_are_all_shown_and_drop_nothing() {
    let mut webhook = Webhook::with("").await;
    let body = create(&object(&deployment("app:1.2.3"))).to_string();
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut callers = Vec::new();
    for _ in 0..2 {
        callers.push(tokio::spawn(call(webhook.connect().await, body.clone(), Arc::clone(&stop), Arc::clone(&calls))));
    }
    let mut slowest = Duration::ZERO;
    for rotation in 1..=ROTATIONS {
        let leaf = webhook.authority.leaf();
        webhook.certificate.swap(&[("tls.crt", &leaf.chain), ("tls.key", &leaf.key)]);
        let start = Instant::now();
        eventually("the new certificate", async || {
            let mut connection = webhook.connect().await;
            let answer = connection.post("/validate", body.clone()).await.expect("an answer");
            (answer.status == 200 && connection.leaf == leaf.certificate.to_vec()).then_some(())
        })
        .await;
        slowest = slowest.max(start.elapsed());
        let answered = calls.load(Ordering::Relaxed);
        eventually("load", async || (calls.load(Ordering::Relaxed) > answered).then_some(())).await;
        let taken = webhook.metric(r#"plimsoll_reloads_total{outcome="ok",what="certificate"}"#).await;
        assert!(taken >= Some(rotation as f64), "{taken:?} of {rotation}");
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("no call was lost");
    }
    // Told of by the system, not found by the look every five seconds.
    assert!(slowest < Duration::from_secs(4), "{slowest:?}");
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_refused_and_counted_and_the_old_certificate_goes_on() {
    let mut webhook = Webhook::with("").await;
    let old = webhook.connect().await.leaf;
    let (leaf, other) = (webhook.authority.leaf(), webhook.authority.leaf());
    webhook.certificate.swap(&[("tls.crt", &leaf.chain), ("tls.key", &other.key)]);
    let line = webhook.logged("new certificate refused; the old one is kept").await;
    assert!(line["error"].as_str().is_some_and(|text| text.contains("tls.crt and tls.key: ")), "{line}");
    let refused = webhook.metric(r#"plimsoll_reloads_total{outcome="refused",what="certificate"}"#).await;
    assert_eq!(refused, Some(1.0));
    assert_eq!(webhook.connect().await.leaf, old);
    assert_eq!(webhook.admin("/readyz").await.0, 200);

    webhook.certificate.swap(&[("tls.crt", &leaf.chain), ("tls.key", &leaf.key)]);
    eventually("the mended one", async || (webhook.connect().await.leaf == leaf.certificate.to_vec()).then_some(()))
        .await;
}

#[tokio::test]
async fn a_certificate_of_another_ca_is_taken_too() {
    let mut webhook = Webhook::with("").await;
    let other = Authority::new();
    let leaf = other.leaf();
    webhook.certificate.swap(&[("tls.crt", &leaf.chain), ("tls.key", &leaf.key)]);
    let client = other.client(None);
    eventually("the other CA", async || Connection::open(webhook.address, &client).await.ok().map(drop)).await;
}

async fn refused(webhook: &Webhook) -> Option<f64> {
    webhook.metric(r#"plimsoll_reloads_total{outcome="refused",what="certificate"}"#).await
}

#[tokio::test]
async fn one_that_does_not_hold_now_replaces_none_that_does_and_is_shown_when_it_begins() {
    let mut webhook = Webhook::with("").await;
    let old = webhook.connect().await.leaf;
    let now = SystemTime::now();
    let (expired, later) = (
        webhook.authority.leaf_until(2020),
        webhook.authority.leaf_between(now + Duration::from_secs(6), now + Duration::from_secs(3600)),
    );
    for (leaf, count) in [(&expired, 1.0), (&later, 2.0)] {
        webhook.certificate.swap(&[("tls.crt", &leaf.chain), ("tls.key", &leaf.key)]);
        eventually("a refusal", async || (refused(&webhook).await == Some(count)).then_some(())).await;
        assert_eq!(webhook.connect().await.leaf, old);
        assert_eq!(webhook.admin("/readyz").await.0, 200);
    }
    let why: Vec<_> = webhook.log().iter().filter_map(|line| line["error"].as_str().map(str::to_owned)).collect();
    assert!(why[0].contains("it has expired") && why[1].contains("it is not valid yet"), "{why:?}");
    eventually("the later one", async || (webhook.connect().await.leaf == later.certificate.to_vec()).then_some(()))
        .await;
}

#[tokio::test]
async fn no_reload_lets_everybody_call() {
    let (authority, callers) = (Authority::new(), Authority::new());
    let (leaf, ca) = (authority.leaf(), callers.pem());
    let pair = [("tls.crt", leaf.chain.as_str()), ("tls.key", &leaf.key)];
    let (known, nobody) = (authority.client(Some(&callers.leaf())), authority.client(None));
    let files = [&pair[..], &[("client-ca.crt", &ca)]].concat();
    let mut webhook = Webhook::start_as(Setup::default(), authority, known, &files).await;
    let body = create(&object(&deployment("app:1.2.3"))).to_string();
    // The link leads nowhere; it is garbage; it is gone.
    for count in 1..=3 {
        match count {
            1 => webhook.certificate.swap(&pair),
            2 => webhook.certificate.swap(&[&pair[..], &[("client-ca.crt", "garbage")]].concat()),
            _ => fs::remove_file(webhook.certificate.file("client-ca.crt")).expect("it is there"),
        }
        eventually("a refusal", async || (refused(&webhook).await == Some(f64::from(count))).then_some(())).await;
        let answer = match Connection::open(webhook.address, &nobody).await {
            Ok(mut connection) => connection.post("/validate", body.clone()).await.ok(),
            Err(_) => None,
        };
        assert!(answer.is_none(), "{count}: {answer:?}");
        assert_eq!(webhook.connect().await.post("/validate", body.clone()).await.expect("an answer").status, 200);
    }
}
