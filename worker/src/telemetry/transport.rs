//! The way to the collector: the client of each exporter, over HTTP or HTTPS.

use super::environment::{is_http, of_signal};
use crate::{exit::Fault, tls::Trust};
use anyhow::{Context, Result, anyhow};
use reqwest::blocking::Client;
use std::{path::PathBuf, thread, time::Duration};

/// What the specification says.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The client of one signal; none where that goes over gRPC.
///
/// # Errors
/// Its collector cannot be trusted by anything that is here.
pub(super) fn client(signal: &str) -> Result<Option<Client>> {
    if !is_http(signal) {
        return Ok(None);
    }
    let (_, url) = of_signal(signal, "ENDPOINT").unwrap_or_default();
    let file = of_signal(signal, "CERTIFICATE");
    let path = file.as_ref().map(|(_, file)| PathBuf::from(file));
    let named = file.map_or_else(|| format!("OTEL_EXPORTER_OTLP_{signal}_CERTIFICATE"), |(name, _)| name);
    let certificates = Trust::of(&url, path.as_deref()).certificates().map_err(|error| anyhow!("{named}: {error}"))?;
    let timeout = of_signal(signal, "TIMEOUT").and_then(|(_, value)| value.parse().ok()).map(Duration::from_millis);
    let build = move || {
        let builder = Client::builder().timeout(timeout.unwrap_or(TIMEOUT));
        match certificates {
            Some(only) => builder.tls_certs_only(only).build(),
            None => builder.build(),
        }
    };
    // On a thread of its own, because it blocks and may not be made inside of a runtime.
    let built = thread::Builder::new().spawn(build).context(Fault("no thread for telemetry"))?.join();
    let built = built.map_err(|_| anyhow!("the client of the exporter of {signal} cannot be built"))?;
    let missing = || format!("{url}: no authority of this system can be read; name a file of them in {named}");
    built.map(Some).with_context(missing)
}
