//! Certificates for tests, as cert-manager would issue them.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{sync::Arc, time::SystemTime};

/// Signs certificates.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What stands between it and the root, in the order of a chain.
    chain: String,
}

/// A certificate of a server or a client, and its key.
pub struct Leaf {
    /// PEM: itself, then the intermediates.
    pub chain: String,
    /// PEM.
    pub key: String,
    /// Itself.
    pub certificate: CertificateDer<'static>,
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = rcgen::date_time_ymd(2100, 1, 1);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

impl Authority {
    /// A root.
    pub fn new() -> Self {
        let issuer = CertifiedIssuer::self_signed(authority("a root"), key()).expect("a root");
        Authority { issuer, chain: String::new() }
    }

    /// One below it.
    pub fn intermediate(&self) -> Self {
        let issuer =
            CertifiedIssuer::signed_by(authority("an intermediate"), key(), &self.issuer).expect("a signature");
        let chain = format!("{}{}", issuer.pem(), self.chain);
        Authority { issuer, chain }
    }

    /// PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// DER.
    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// For a server or a client on this machine; valid to the end of 2050.
    pub fn leaf(&self) -> Leaf {
        self.leaf_until(2051)
    }

    /// Valid until that year begins.
    pub fn leaf_until(&self, year: i32) -> Leaf {
        self.leaf_between(SystemTime::UNIX_EPOCH, rcgen::date_time_ymd(year, 1, 1).into())
    }

    /// Valid from then to then.
    pub fn leaf_between(&self, begin: SystemTime, end: SystemTime) -> Leaf {
        let key = key();
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (begin.into(), end.into());
        let certificate = params.signed_by(&key, &self.issuer).expect("a signature");
        Leaf {
            chain: format!("{}{}", certificate.pem(), self.chain),
            key: key.serialize_pem(),
            certificate: certificate.der().clone(),
        }
    }

    /// A client that trusts it, and shows `leaf` where there is one.
    pub fn client(&self, leaf: Option<&Leaf>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_root_certificates(roots);
        Arc::new(match leaf {
            None => builder.with_no_client_auth(),
            Some(leaf) => {
                let chain = CertificateDer::pem_slice_iter(leaf.chain.as_bytes()).map(|der| der.expect("PEM"));
                let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).expect("PEM");
                builder.with_client_auth_cert(chain.collect(), key).expect("they fit")
            }
        })
    }
}

impl Default for Authority {
    fn default() -> Self {
        Authority::new()
    }
}
