//! Health and metrics: plain HTTP on a port of its own, answered by a thread of its own, whatever the others do.

use super::{Readiness, certificates::Serving, connections::Connections};
use anyhow::{Context, Result};
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use prometheus::{Registry, TextEncoder};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

/// Longest time that a request may take to arrive, and that a connection is kept without one.
const SILENCE: Duration = Duration::from_secs(10);

/// Most bytes of a request.
const REQUEST: usize = 16 << 10;

#[derive(Clone)]
struct Admin {
    readiness: Readiness,
    registry: Registry,
    /// As soon as there is a certificate.
    serving: Arc<OnceLock<Serving>>,
}

/// Answers until the process ends; returns the address. `serving` is what is shown, as soon as that is known.
///
/// # Errors
/// There is no such address to listen on.
pub fn start(
    address: SocketAddr,
    readiness: Readiness,
    registry: Registry,
    serving: Arc<OnceLock<Serving>>,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind(address).with_context(|| format!("--admin {address}"))?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let routes = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        // Nothing listens before the policies are loaded.
        .route("/startupz", get(async || "ok\n"))
        .route("/metrics", get(metrics))
        .route("/certificate", get(certificate))
        .with_state(Admin { readiness, registry, serving });
    thread::Builder::new().name("admin".to_owned()).spawn(move || {
        let outcome = runtime.block_on(serve(listener, routes));
        tracing::error!(?outcome, "the admin port is gone");
    })?;
    Ok(address)
}

async fn serve(listener: TcpListener, routes: Router) -> io::Result<()> {
    let mut server =
        axum_server::from_tcp(listener)?.acceptor(Connections::of_admin()).http1_only().first_request_timeout(SILENCE);
    server.http_builder().http1().header_read_timeout(SILENCE).max_buf_size(REQUEST);
    server.serve(routes.into_make_service()).await
}

async fn ready(State(admin): State<Admin>) -> (StatusCode, String) {
    match admin.readiness.reasons().as_slice() {
        [] => (StatusCode::OK, "ok\n".to_owned()),
        reasons => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", reasons.join(", "))),
    }
}

/// What everybody sees who connects to the webhook: for `plimsoll doctor`, which cannot.
async fn certificate(State(admin): State<Admin>) -> (StatusCode, String) {
    match admin.serving.get() {
        Some(serving) => (StatusCode::OK, serving.chain()),
        None => (StatusCode::SERVICE_UNAVAILABLE, "there is no certificate yet\n".to_owned()),
    }
}

async fn metrics(State(admin): State<Admin>) -> impl IntoResponse {
    match TextEncoder::new().encode_to_string(&admin.registry.gather()) {
        Ok(text) => (StatusCode::OK, [("content-type", prometheus::TEXT_FORMAT)], text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, [("content-type", "text/plain")], format!("{error}\n")),
    }
}
