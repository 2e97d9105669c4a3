//! OTLP over HTTPS: whom the worker trusts, and what becomes of telemetry where it trusts nobody.

use crate::collectors::{Account, got_all, run};
use plimsoll_tests::{
    collector::Collector,
    folder,
    terminator::Terminator,
    webhook::Authority,
    worker::{Queue, outcome},
};
use tempfile::TempDir;

const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";

/// Where `rustls` and others look for the authorities of the system.
const SYSTEM: &str = "SSL_CERT_FILE";

/// The certificate of an authority in a file, and its path.
fn file_of(authority: &Authority) -> (TempDir, String) {
    let folder = folder([("ca.pem", &*authority.pem())]);
    let path = folder.path().join("ca.pem").display().to_string();
    (folder, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_goes_over_https_to_whom_a_file_or_the_system_trusts() {
    let authority = Authority::new();
    let (_folder, ours) = file_of(&authority);
    let (_other_folder, other) = file_of(&Authority::new());
    for variables in [&[(CERTIFICATE, &*ours)][..], &[(SYSTEM, &*ours)], &[(CERTIFICATE, &*ours), (SYSTEM, &*other)]] {
        let Some(collector) = Collector::start().await else { return };
        // With an intermediate, as real chains have.
        let leaf = authority.intermediate().leaf();
        let tls = Terminator::before(&collector.endpoint(), &leaf).await;
        let exited = run(&tls.endpoint, 20, variables).await;
        got_all(&collector, &exited, 20).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_somebody_else_has_failed_and_work_goes_on() {
    let Some(collector) = Collector::start().await else { return };
    let authority = Authority::new();
    let tls = Terminator::before(&collector.endpoint(), &authority.leaf()).await;
    let (_folder, ours) = file_of(&authority);
    let (_other_folder, other) = file_of(&Authority::new());
    // A file replaces the authorities of the system.
    for variables in [&[(SYSTEM, &*other)][..], &[(CERTIFICATE, &*other), (SYSTEM, &*ours)]] {
        let exited = run(&tls.endpoint, 5, variables).await;
        let account = Account::of(&exited);
        assert!(account.failed >= 10 && account.sent == 0, "{exited:#?}");
    }
    assert_eq!(collector.text().matches("Span #").count(), 0);
}

#[test]
fn a_file_without_a_certificate_is_an_error_of_configuration() {
    let queue = Queue::sqlite();
    let folder = folder([("empty.pem", ""), ("text.pem", "nothing in here")]);
    for name in ["missing.pem", "empty.pem", "text.pem"] {
        let path = folder.path().join(name);
        for variable in [CERTIFICATE, "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE"] {
            let mut command = queue.command(&["run", "--admin", "127.0.0.1:0"]);
            command.env("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://collector:4318").env(variable, &path);
            let outcome = outcome(&mut command);
            assert_eq!(outcome.code, 78, "{name}: {outcome:?}");
            let named = outcome.stderr.contains(&format!("{variable}: {}", path.display()));
            assert!(named && outcome.stderr.lines().count() == 1, "{name}: {outcome:?}");
        }
    }
}
