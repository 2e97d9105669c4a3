//! A chain of certificates and its key, checked.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use std::sync::Arc;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// What a server shows and asks for.
#[derive(Debug)]
pub struct Identity {
    /// The leaf, then what it was signed with, up to the CA or one below.
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// Clients must show a certificate that one of these signed; none asks for nothing.
    client_cas: Vec<CertificateDer<'static>>,
    validity: Validity,
}

/// Why it cannot be shown: which part, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {why}")]
pub struct InvalidIdentity {
    part: &'static str,
    why: String,
}

/// From when to when it holds, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    /// When the leaf begins to hold.
    pub(super) begin: u64,
    /// When the leaf ends.
    pub(super) end: u64,
    /// When the CA ends, where it is known.
    pub(super) ca_end: Option<u64>,
}

/// Where a certificate is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    NotValidYet,
    Valid,
    Expired,
}

impl Validity {
    /// At a time, in seconds since 1970.
    pub(super) fn age(&self, now: u64) -> Age {
        match () {
            () if now < self.begin => Age::NotValidYet,
            () if now >= self.end => Age::Expired,
            () => Age::Valid,
        }
    }
}

pub(super) fn invalid(part: &'static str, why: impl Into<String>) -> InvalidIdentity {
    InvalidIdentity { part, why: why.into() }
}

impl Identity {
    /// Reads PEM, named as in a Secret of type `kubernetes.io/tls`.
    ///
    /// # Errors
    /// A part is no PEM, or has nothing in it.
    pub fn from_pem(
        chain: &[u8],
        key: &[u8],
        ca: Option<&[u8]>,
        client_ca: Option<&[u8]>,
    ) -> Result<Self, InvalidIdentity> {
        let of = |part, pem: Option<&[u8]>| pem.map_or(Ok(Vec::new()), |pem| certificates(part, pem));
        let chain = certificates("tls.crt", chain)?;
        // The issuer may have left it empty: it says nothing that is needed here.
        let ca = ca.and_then(|ca| certificates("ca.crt", ca).ok()?.into_iter().next());
        Ok(Identity {
            validity: validity(&chain, ca.as_ref())?,
            chain,
            key: PrivateKeyDer::from_pem_slice(key).map_err(|error| invalid("tls.key", error.to_string()))?,
            client_cas: of("client-ca.crt", client_ca)?,
        })
    }

    /// What everybody sees who connects.
    pub(super) fn chain_pem(&self) -> String {
        self.chain.iter().map(|certificate| pem(certificate)).collect()
    }

    pub(super) fn validity(&self) -> Validity {
        self.validity
    }

    /// Whether only clients with a certificate may call.
    pub(super) fn asks_clients(&self) -> bool {
        !self.client_cas.is_empty()
    }

    pub(super) fn into_config(self) -> Result<ServerConfig, InvalidIdentity> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("TLS", error.to_string()))?;
        let builder = if self.client_cas.is_empty() {
            builder.with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            for ca in self.client_cas {
                roots.add(ca).map_err(|error| invalid("client-ca.crt", error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| invalid("client-ca.crt", error.to_string()))?)
        };
        let mut config = builder
            .with_single_cert(self.chain, self.key)
            .map_err(|error| invalid("tls.crt and tls.key", error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The CA is the last of the chain where it is not given apart: cert-manager writes it to a file, others append it.
fn validity(chain: &[CertificateDer<'_>], ca: Option<&CertificateDer<'_>>) -> Result<Validity, InvalidIdentity> {
    let leaf = chain.first().ok_or_else(|| invalid("tls.crt", "there is no certificate in it"))?;
    let above = ca.or(chain.get(1..).and_then(<[_]>::last));
    let (begin, end) = life("tls.crt", leaf)?;
    let ca_end = above.map(|ca| life("ca.crt", ca)).transpose()?.map(|(_, end)| end);
    Ok(Validity { begin, end, ca_end })
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    const LINE: usize = 64;
    let text = BASE64_STANDARD.encode(certificate);
    let lines = text.as_bytes().chunks(LINE).map(String::from_utf8_lossy);
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}

fn certificates(part: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidIdentity> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates.map_err(|error| invalid(part, error.to_string()))? {
        none if none.is_empty() => Err(invalid(part, "there is no certificate in it; it must hold PEM")),
        certificates => Ok(certificates),
    }
}

/// When it begins and ends to hold.
fn life(part: &'static str, certificate: &CertificateDer<'_>) -> Result<(u64, u64), InvalidIdentity> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|error| invalid(part, error.to_string()))?;
    let validity = certificate.validity();
    let seconds = |time: i64| u64::try_from(time).unwrap_or(0);
    Ok((seconds(validity.not_before.timestamp()), seconds(validity.not_after.timestamp())))
}
