//! TLS towards whom this program calls over HTTP: rustls with ring, and the authorities that are to be trusted.

use rustls::crypto::ring;
use std::{fs, path::Path};

/// Whom a client trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust<'a> {
    /// Nobody: it speaks plain HTTP. The system's authorities are not read for that; an image may have none.
    Nobody,
    /// The authorities of the system: what `SSL_CERT_FILE` names, or the usual places.
    System,
    /// Those of a file in PEM, and no others.
    File(&'a Path),
}

impl<'a> Trust<'a> {
    /// What a URL asks for; `file` replaces the authorities of the system.
    pub(crate) fn of(url: &str, file: Option<&'a Path>) -> Self {
        match file {
            _ if !url.trim_start().to_ascii_lowercase().starts_with("https:") => Trust::Nobody,
            Some(file) => Trust::File(file),
            None => Trust::System,
        }
    }

    /// The certificates that replace those of the system.
    ///
    /// # Errors
    /// The file cannot be read, or there is none in it.
    pub(crate) fn certificates(self) -> Result<Option<Vec<reqwest::Certificate>>, String> {
        // Whoever builds a client asks here first.
        let _already = ring::default_provider().install_default();
        match self {
            Trust::Nobody => Ok(Some(vec![])),
            Trust::System => Ok(None),
            Trust::File(file) => {
                let named = |error: String| format!("{}: {error}", file.display());
                let text = fs::read(file).map_err(|error| named(error.to_string()))?;
                let found = reqwest::Certificate::from_pem_bundle(&text).map_err(|error| named(error.to_string()))?;
                if found.is_empty() { Err(named("no certificate in it".to_owned())) } else { Ok(Some(found)) }
            }
        }
    }
}
