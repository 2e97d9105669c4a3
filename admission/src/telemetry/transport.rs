//! The way to the collector: the client of each exporter, over HTTP or HTTPS.

use anyhow::{Context, Result, anyhow, ensure};
use reqwest::{Certificate, blocking::Client};
use rustls::crypto::ring;
use std::{env, fs, thread, time::Duration};

/// What the specification says.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The variable of a signal, or that of all of them: its name and its value.
pub(super) fn of_signal(signal: &str, what: &str) -> Option<(String, String)> {
    let names = [format!("OTEL_EXPORTER_OTLP_{signal}_{what}"), format!("OTEL_EXPORTER_OTLP_{what}")];
    let set = |name: String| env::var(&name).ok().filter(|value| !value.is_empty()).map(|value| (name, value));
    names.into_iter().find_map(set)
}

/// The client of one signal.
///
/// # Errors
/// Its collector cannot be trusted by anything that is here.
pub(super) fn client(signal: &str) -> Result<Client> {
    // reqwest takes the one of the process.
    let _already = ring::default_provider().install_default();
    let (_, url) = of_signal(signal, "ENDPOINT").unwrap_or_default();
    let only = authorities(&url, signal)?;
    let timeout = of_signal(signal, "TIMEOUT").and_then(|(_, value)| value.parse().ok()).map(Duration::from_millis);
    let build = move || {
        let builder = Client::builder().timeout(timeout.unwrap_or(TIMEOUT));
        match only {
            Some(only) => builder.tls_certs_only(only).build(),
            None => builder.build(),
        }
    };
    // On a thread of its own, because it blocks and may not be made inside of a runtime.
    let built = thread::spawn(build).join().map_err(|_| anyhow!("the client of the exporter cannot be built"))?;
    built.with_context(|| {
        format!("{url}: no authority of this system can be read; name a file of them in OTEL_EXPORTER_OTLP_CERTIFICATE")
    })
}

/// Those that may have signed the certificate of the collector; none means the system's.
fn authorities(url: &str, signal: &str) -> Result<Option<Vec<Certificate>>> {
    // Those of the system are not read for plain HTTP: an image may have none.
    if !url.trim_start().to_ascii_lowercase().starts_with("https:") {
        return Ok(Some(vec![]));
    }
    let Some((name, file)) = of_signal(signal, "CERTIFICATE") else { return Ok(None) };
    let text = fs::read(&file).with_context(|| format!("{name}: {file}"))?;
    let found = Certificate::from_pem_bundle(&text).with_context(|| format!("{name}: {file}"))?;
    ensure!(!found.is_empty(), "{name}: {file}: no certificate in it");
    Ok(Some(found))
}
