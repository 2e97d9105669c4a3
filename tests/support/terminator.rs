//! TLS in front of a server that speaks none, as a proxy terminates it.

use crate::webhook::Leaf;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::sync::Arc;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// One that runs until it is dropped.
pub struct Terminator {
    /// `https://127.0.0.1:PORT`.
    pub endpoint: String,
    task: JoinHandle<()>,
}

impl Terminator {
    /// In front of `http://ADDRESS`.
    pub async fn before(server: &str, leaf: &Leaf) -> Self {
        let server = server.trim_start_matches("http://").to_owned();
        let chain = CertificateDer::pem_slice_iter(leaf.chain.as_bytes()).map(|der| der.expect("PEM")).collect();
        let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).expect("PEM");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("they fit");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("https://{}", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (acceptor, server) = (acceptor.clone(), server.clone());
                tokio::spawn(async move {
                    // A client that trusts nobody here goes away.
                    let Ok(mut near) = acceptor.accept(near).await else { return };
                    let Ok(mut far) = TcpStream::connect(&server).await else { return };
                    let _over = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Terminator { endpoint, task }
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        self.task.abort();
    }
}
