//! Listens: TLS, HTTP/1.1, bounds on clients that are slow.

use super::{certificates::Serving, connections::Connections};
use anyhow::{Context, Result};
use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsAcceptor};
use std::{io, net::SocketAddr, time::Duration};
use tokio::task::JoinHandle;

/// Longest time that the head of a request may take to arrive, and a connection may be kept without one. The API server
/// itself closes what it did not use for 90 s, so that the two never meet.
const HEAD: Duration = Duration::from_secs(120);

/// Longest time from an accepted connection to the end of its first request.
const FIRST_REQUEST: Duration = Duration::from_secs(30);

/// Most bytes that a connection has read and nobody has taken; also of the head of a request.
const BUFFER: usize = 64 << 10;

/// A server that runs.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Ends it.
    pub handle: Handle<SocketAddr>,
    /// Ends when its last connection has ended.
    pub task: JoinHandle<io::Result<()>>,
}

/// Begins to listen.
///
/// # Errors
/// There is no such address to listen on.
pub fn start(address: SocketAddr, serving: &Serving, routes: Router) -> Result<Server> {
    let listener = std::net::TcpListener::bind(address).with_context(|| format!("--listen {address}"))?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(RustlsAcceptor::new(serving.config()).acceptor(Connections::of_webhook()))
        .http1_only()
        .first_request_timeout(FIRST_REQUEST)
        .handle(handle.clone());
    server.http_builder().http1().header_read_timeout(HEAD).max_buf_size(BUFFER);
    let task = tokio::spawn(server.serve(routes.into_make_service()));
    Ok(Server { address, handle, task })
}
