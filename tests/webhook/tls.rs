//! What is agreed on before a request: versions, chains, who may call, and when a certificate has ended.

use plimsoll_tests::{
    deployment, folder, launched,
    webhook::{Authority, Connection, Setup, Webhook, create, eventually, object},
};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, crypto::ring, version};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn serve(files: &[(&str, &str)], authority: Authority) -> Webhook {
    let client = authority.client(None);
    Webhook::start_as(Setup::default(), authority, client, files).await
}

#[tokio::test]
async fn a_chain_with_intermediates_is_shown_whole() {
    let root = Authority::new();
    let leaf = root.intermediate().intermediate().leaf();
    let webhook = serve(&[("tls.crt", &leaf.chain), ("tls.key", &leaf.key)], root).await;
    // The client knows the root alone.
    assert_eq!(webhook.connect().await.leaf, leaf.certificate.to_vec());
}

#[tokio::test]
async fn versions_from_1_2_on_are_spoken() {
    let webhook = Webhook::with("").await;
    for (offered, version) in [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let mut roots = RootCertStore::empty();
        roots.add(webhook.authority.der()).expect("a root");
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[offered])
            .expect("a version")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connection = Connection::open(webhook.address, &Arc::new(client)).await.expect("a connection");
        assert_eq!(connection.version, version);
    }
}

/// Type, version, length and the first two bytes of what a server answers to a ClientHello of version 3.`minor`.
async fn answer_to_hello(address: SocketAddr, minor: u8) -> [u8; 7] {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    // No session; TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; no compression.
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    // Extensions: P-256, uncompressed points, ecdsa_secp256r1_sha256.
    hello.extend([0, 22, 0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3]);
    let length = u8::try_from(hello.len()).expect("it is short");
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    let mut tcp = TcpStream::connect(address).await.expect("a connection");
    tcp.write_all(&record).await.expect("it is sent");
    let mut answer = [0; 7];
    tcp.read_exact(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn version_1_1_is_refused() {
    let webhook = Webhook::with("").await;
    // A ServerHello, and a fatal alert: protocol_version.
    let hello = answer_to_hello(webhook.address, 3).await;
    assert_eq!((&hello[..3], hello[5]), ([22, 3, 3].as_slice(), 2));
    assert_eq!(answer_to_hello(webhook.address, 2).await, [21, 3, 3, 0, 2, 2, 70]);
}

#[tokio::test]
async fn where_there_is_a_client_ca_only_its_clients_call() {
    let (authority, callers) = (Authority::new(), Authority::new());
    let leaf = authority.leaf();
    let files = [("tls.crt", &*leaf.chain), ("tls.key", &leaf.key), ("client-ca.crt", &callers.pem())];
    let (known, stranger) = (authority.client(Some(&callers.leaf())), authority.client(Some(&authority.leaf())));
    let nobody = authority.client(None);
    let webhook = Webhook::start_as(Setup::default(), authority, known, &files).await;
    let review = create(&object(&deployment("app:1.2.3")));
    assert_eq!(webhook.review(&review).await["allowed"], true);
    for client in [stranger, nobody] {
        // In TLS 1.3 the client hears of it with its first answer.
        let answer = match Connection::open(webhook.address, &client).await {
            Ok(mut connection) => connection.post("/validate", review.to_string()).await.ok(),
            Err(_) => None,
        };
        assert!(answer.is_none(), "{answer:?}");
    }
}

#[tokio::test]
async fn the_ends_of_leaf_and_ca_are_metrics() {
    let authority = Authority::new();
    let (leaf, ca) = (authority.leaf_until(2040), authority.pem());
    let webhook = serve(&[("tls.crt", &leaf.chain), ("tls.key", &leaf.key), ("ca.crt", &ca)], authority).await;
    // 2040-01-01 and 2100-01-01.
    for (certificate, end) in [("leaf", 2_208_988_800.0), ("ca", 4_102_444_800.0)] {
        let series = format!(r#"plimsoll_certificate_expiry_timestamp_seconds{{certificate="{certificate}"}}"#);
        assert_eq!(webhook.metric(&series).await, Some(end), "{certificate}");
    }
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_shown_but_not_ready_until_it_is_renewed() {
    let authority = Authority::new();
    let old = authority.leaf_until(2020);
    let mut webhook = serve(&[("tls.crt", &old.chain), ("tls.key", &old.key)], authority).await;
    eventually("not ready", async || (webhook.admin("/readyz").await.0 == 503).then_some(())).await;
    let (_, text) = webhook.admin("/readyz").await;
    assert_eq!(text, "not ready: the certificate has expired\n");
    assert_eq!(webhook.admin("/livez").await.0, 200);
    let new = webhook.authority.leaf();
    webhook.certificate.swap(&[("tls.crt", &new.chain), ("tls.key", &new.key)]);
    eventually("ready", async || (webhook.admin("/readyz").await.0 == 200).then_some(())).await;
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_not_ready_until_it_is() {
    let authority = Authority::new();
    let now = SystemTime::now();
    let leaf = authority.leaf_between(now + Duration::from_secs(8), now + Duration::from_secs(3600));
    let webhook = serve(&[("tls.crt", &leaf.chain), ("tls.key", &leaf.key)], authority).await;
    assert_eq!(webhook.admin("/readyz").await, (503, "not ready: the certificate is not valid yet\n".to_owned()));
    eventually("ready", async || (webhook.admin("/readyz").await.0 == 200).then_some(())).await;
}

/// How that folder goes wrong.
fn start_with(folder: &Path) -> (i32, String) {
    let path = folder.to_str().expect("a path in UTF-8");
    let flags = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--tls-dir", path];
    // Whoever serves in spite of it is ended.
    let outcome = launched(&["timeout", "20"], folder, &flags, "");
    (outcome.code, outcome.stderr.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn a_client_ca_that_is_there_and_cannot_be_read_is_no_start() {
    let leaf = Authority::new().leaf();
    for (what, make) in [
        ("a folder", (|path| fs::create_dir(path)) as fn(&Path) -> std::io::Result<()>),
        ("a link that leads nowhere", |path| symlink("nowhere", path)),
        ("empty", |path| fs::write(path, "")),
        ("no PEM", |path| fs::write(path, "garbage")),
        ("cut", |path| fs::write(path, "-----BEGIN CERTIFICATE-----\nMIIB")),
        ("no certificate", |path| fs::write(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
    ] {
        let folder = folder([("tls.crt", &leaf.chain), ("tls.key", &leaf.key)]);
        make(&folder.path().join("client-ca.crt")).expect("it is made");
        let (code, line) = start_with(folder.path());
        assert!(code == 2 && line.contains("cannot serve") && line.contains("client-ca.crt"), "{what}: {code} {line}");
    }
}
