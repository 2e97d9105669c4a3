//! How a NATS server knows a worker: passwords, tokens, keys, credentials, certificates; and that no secret is shown.

use crate::{
    nats::{Server, installed},
    place::Place,
    process::until,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair as TlsKey};
use serde_json::{Value, json};
use std::{fs, net::TcpListener, path::Path, process::Output, time::Duration};

const SECRET: &str = "s3cret";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// That the whole way from a job to its end works, with these flags.
fn works(place: &Place, flags: &[&str]) {
    place.succeed(&[&["migrate"], flags].concat());
    place.succeed(&[&["enqueue", "noop", "--count", "3"], flags].concat());
    let worker = place.start(flags);
    until("three jobs done", Duration::from_secs(30), || {
        place.succeed(&[&["status"], flags].concat()).contains("done 3").then_some(())
    });
    assert_eq!(worker.stop().code, Some(0));
}

/// That it is refused, and in one line that says how without a secret.
fn refused(place: &Place, flags: &[&str], told: &str) {
    let output = place.run(&[&["status"], flags].concat());
    let said = said(&output);
    assert!(!output.status.success() && said.contains(told), "{flags:?}: {said}");
    assert!(!said.contains(SECRET), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("error:")).count(), 1, "{said}");
}

fn at(server: &Server, login: &str) -> Place {
    Place::at(&format!("nats://{login}@{}", server.address()))
}

#[test]
fn a_password_may_have_any_character() {
    let Some(program) = installed() else { return };
    let configuration = format!(r#"authorization {{ user: "a@b", password: "{SECRET}:/?#@%41é" }}"#);
    let server = Server::configured(&program, &configuration);
    works(&at(&server, &format!("a%40b:{SECRET}%3A%2F%3F%23%40%2541%C3%A9")), &[]);
    refused(&at(&server, &format!("a%40b:{SECRET}")), &[], "authorization violation");
    refused(&Place::at(&server.url()), &[], "authorization violation");
}

#[test]
fn a_token_is_enough_for_a_server_that_asks_for_one() {
    let Some(program) = installed() else { return };
    let server = Server::configured(&program, &format!(r#"authorization {{ token: "{SECRET}/1" }}"#));
    works(&at(&server, &format!("{SECRET}%2F1")), &[]);
    refused(&at(&server, &format!("{SECRET}2")), &[], "authorization violation");
}

#[test]
fn an_nkey_is_taken_from_a_file() {
    let Some(program) = installed() else { return };
    let key = KeyPair::new_user();
    let server =
        Server::configured(&program, &format!("authorization {{ users: [{{ nkey: {} }}] }}", key.public_key()));
    let place = Place::at(&server.url());
    let seed = key.seed().unwrap();
    fs::write(place.folder().join("seed"), format!("{seed}\n")).unwrap();
    fs::write(place.folder().join("wrong"), SECRET).unwrap();
    fs::write(place.folder().join("other"), KeyPair::new_user().seed().unwrap()).unwrap();
    works(&place, &["--nats-nkey", "seed"]);
    refused(&place, &["--nats-nkey", "wrong"], "--nats-nkey wrong: it is not the seed");
    refused(&place, &["--nats-nkey", "none"], "--nats-nkey none: No such file");
    refused(&place, &["--nats-nkey", "other"], "authorization violation");
}

/// A token that a server of an operator believes.
fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: &Value) -> String {
    let claims = json!({
        "jti": "test", "iat": 1_700_000_000, "iss": issuer.public_key(), "sub": subject.public_key(), "name": "test",
        "nats": nats,
    });
    let encode = |text: String| BASE64_URL_SAFE_NO_PAD.encode(text);
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

#[test]
fn credentials_are_taken_from_a_file() {
    let Some(program) = installed() else { return };
    let (operator, system, account, user) =
        (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account(), KeyPair::new_user());
    // The account of the system may have no JetStream.
    let account_of = |account, storage: i64| {
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
            "mem_storage": storage, "disk_storage": storage, "streams": storage, "consumer": storage,
        });
        jwt(&operator, account, &json!({ "type": "account", "version": 2, "limits": limits }))
    };
    let server = Server::configured(
        &program,
        &format!(
            "operator: \"{}\"\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: \"{}\", {}: \"{}\" }}",
            jwt(&operator, &operator, &json!({ "type": "operator", "version": 2 })),
            system.public_key(),
            system.public_key(),
            account_of(&system, 0),
            account.public_key(),
            account_of(&account, -1),
        ),
    );
    let place = Place::at(&server.url());
    let token = jwt(&account, &user, &json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 }));
    let credentials = format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.seed().unwrap()
    );
    fs::write(place.folder().join("user.creds"), credentials).unwrap();
    fs::write(place.folder().join("wrong"), SECRET).unwrap();
    works(&place, &["--nats-creds", "user.creds"]);
    refused(&place, &["--nats-creds", "wrong"], "--nats-creds wrong: it is not a file of credentials");
    refused(
        &place,
        &["--nats-creds", "user.creds", "--nats-nkey", "wrong"],
        "--nats-creds and --nats-nkey: one of them",
    );
    refused(&at(&server, SECRET), &["--nats-creds", "user.creds"], "a login in --queue-url and --nats-creds");
    refused(&place, &[], "authorization violation");
}

/// An authority, and what it has signed for `127.0.0.1`, as files in a folder.
fn certificates(folder: &Path) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, TlsKey::generate().unwrap()).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    for name in ["server", "client"] {
        let key = TlsKey::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        fs::write(folder.join(format!("{name}.pem")), params.signed_by(&key, &authority).unwrap().pem()).unwrap();
        fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn tls(folder: &Path, more: &str) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", {more} }}",
        file("server.pem"),
        file("server.key"),
        file("ca.pem")
    )
}

#[test]
fn a_server_with_tls_is_known_by_its_authority() {
    let Some(program) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let other = tempfile::tempdir().unwrap();
    certificates(other.path());
    let server = Server::configured(&program, &tls(folder.path(), ""));
    let ca = folder.path().join("ca.pem").display().to_string();
    let other = other.path().join("ca.pem").display().to_string();
    for url in [server.url(), server.url().replace("nats:", "tls:")] {
        works(&Place::at(&url), &["--nats-ca", &ca, "--queue", &url[..3]]);
        refused(&Place::at(&url), &["--nats-ca", &other], "invalid peer certificate");
    }
    let place = Place::at(&server.url());
    refused(&place, &["--nats-ca", "none.pem"], "--nats-ca none.pem: No such file");
    fs::write(place.folder().join("empty.pem"), "").unwrap();
    refused(&place, &["--nats-ca", "empty.pem"], "--nats-ca empty.pem: there is no PEM with a certificate");
    // Whoever names an authority, or says tls, wants it, whatever the server says.
    let plain = Server::start(&program);
    let tls = plain.url().replace("nats:", "tls:");
    let second = format!("tls://127.0.0.1:1,{}", plain.address());
    for (url, flags) in [(plain.url(), &["--nats-ca", &ca][..]), (tls, &[]), (second, &[])] {
        let output = Place::at(&url).run(&[&["migrate"], flags].concat());
        assert!(!output.status.success(), "{url}: {}", said(&output));
    }
}

#[test]
fn a_server_may_ask_for_a_certificate() {
    let Some(program) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let server = Server::configured(&program, &tls(folder.path(), "verify: true"));
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (ca, certificate, key) = (file("ca.pem"), file("client.pem"), file("client.key"));
    let place = Place::at(&server.url());
    works(&place, &["--nats-ca", &ca, "--nats-cert", &certificate, "--nats-key", &key]);
    refused(&place, &["--nats-ca", &ca], "nats://127.0.0.1");
    refused(&place, &["--nats-cert", &certificate], "--nats-cert and --nats-key");
    refused(&place, &["--nats-ca", &ca, "--nats-cert", &certificate, "--nats-key", &ca], "no PEM with a private key");
}

#[test]
fn one_server_of_several_is_enough() {
    let Some(program) = installed() else { return };
    let configuration = format!(r#"authorization {{ user: "a", password: "{SECRET}" }}"#);
    let server = Server::configured(&program, &configuration);
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = server.address();
    for servers in [format!("{closed},{address}"), format!("{address},nats://{closed}")] {
        works(&Place::at(&format!("nats://a:{SECRET}@{servers}")), &["--queue", &format!("q{}", servers.len())]);
    }
    let gone = Place::at(&format!("nats://a:{SECRET}@{closed},a:{SECRET}@{closed}"));
    refused(&gone, &[], &format!("nats://{closed},nats://{closed}"));
    let two = Place::at(&format!("nats://a:{SECRET}@{address},nats://b:{SECRET}@{address}"));
    refused(&two, &[], "server 2: another login than before");
}

#[test]
fn no_secret_is_in_the_help_or_in_an_error() {
    for url in [
        format!("nats://a:{SECRET}@127.0.0.1:1"),
        format!("nats://a:{SECRET}@127.0.0.1:999999"),
        format!("nats://a:{SECRET}@"),
        format!("ntas://a:{SECRET}@127.0.0.1:1"),
        format!("a:{SECRET}@127.0.0.1"),
        format!("nats://a:{SECRET}%FF@127.0.0.1"),
        format!("nats://a:{SECRET}@127.0.0.1,http://b:{SECRET}@127.0.0.1"),
    ] {
        let place = Place::at(&url);
        for args in
            [&["status"][..], &["run", "--help"], &["--help"], &["status", "--nonsense"], &["run", "--lease", "x"]]
        {
            let said = said(&place.run(args));
            assert!(!said.contains(SECRET) && !said.is_empty(), "{url} {args:?}: {said}");
        }
        // As a flag too, where the parser of the command line reads it.
        let said = said(&Place::bare().run(&["status", "--queue-url", &url]));
        assert!(!said.contains(SECRET) && !said.is_empty(), "{url}: {said}");
        let worker = place.spawn(&["--startup-timeout", "100ms", "--log", "trace"]).ended();
        assert!(!format!("{worker:?}").contains(SECRET), "{worker:#?}");
    }
}

#[test]
fn files_for_nats_are_refused_with_sqlite() {
    let output = Place::sqlite().run(&["status", "--nats-ca", "ca.pem"]);
    assert!(said(&output).contains("are for a --queue-url with nats://"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(78));
}
