//! The health endpoints, on a thread of their own with a runtime of their own: whatever the jobs do, they answer.
//!
//! No middleware, no redirect, and every body but that of `/metrics` is under 1 KiB.

mod vitals;

pub use vitals::Vitals;

use crate::{contract::Contract, life::Event, life::State};
use axum::{
    Json, Router,
    extract::{ConnectInfo, State as Shared},
    http::StatusCode,
    routing::{get, post},
};
use prometheus::{Registry, TextEncoder};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    sync::{Arc, mpsc::Sender},
    thread,
    time::Duration,
};
use tokio::runtime;

/// What the endpoints show, and whom they tell.
pub struct Health {
    /// How the worker is.
    pub vitals: Arc<Vitals>,
    /// Its metrics.
    pub registry: Registry,
    /// What it promises.
    pub contract: Contract,
    /// A loop that has not turned for longer is stalled.
    pub stall: Duration,
    /// Who is told to pause and to resume.
    pub events: Sender<Event>,
}

type Answer = (StatusCode, String);

impl Health {
    /// Answers, on a thread of its own.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(self, listener: TcpListener) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let serve = move || runtime.block_on(serve(listener, Arc::new(self)));
        thread::Builder::new().name("health".to_owned()).spawn(serve).map(drop)
    }

    /// Loops that have not turned for too long.
    fn stalled(&self) -> Option<String> {
        let (stalled, age) = self.vitals.heartbeats.ages().find(|(_, age)| *age > self.stall)?;
        Some(format!("{} has not turned for {} s", stalled.name(), age.as_secs()))
    }
}

async fn serve(listener: TcpListener, health: Arc<Health>) -> io::Result<()> {
    tokio::spawn(vitals::watch(health.vitals.clone()));
    let routes = Router::new()
        .route("/startupz", get(startupz))
        .route("/readyz", get(readyz))
        .route("/livez", get(livez))
        .route("/metrics", get(metrics))
        .route("/contract", get(contract))
        .route("/status", get(status))
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .with_state(health);
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await
}

/// Smart, once: settings, engine, schema.
async fn startupz(Shared(health): Shared<Arc<Health>>) -> Answer {
    if health.vitals.started() {
        return (StatusCode::OK, "started\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, health.vitals.waiting_for())
}

/// Cheap: whether jobs are taken.
async fn readyz(Shared(health): Shared<Arc<Health>>) -> Answer {
    let state = health.vitals.state();
    let code = if state == State::Running { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, format!("{}\n", state.name()))
}

/// Dumb: whether the main loops turn. Never a dependency, and 200 while draining.
async fn livez(Shared(health): Shared<Arc<Health>>) -> Answer {
    match health.stalled() {
        None => (StatusCode::OK, "alive\n".to_owned()),
        Some(stalled) => (StatusCode::SERVICE_UNAVAILABLE, format!("{stalled}\n")),
    }
}

async fn metrics(Shared(health): Shared<Arc<Health>>) -> Answer {
    match TextEncoder::new().encode_to_string(&health.registry.gather()) {
        Ok(text) => (StatusCode::OK, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

async fn contract(Shared(health): Shared<Arc<Health>>) -> String {
    health.contract.json()
}

async fn status(Shared(health): Shared<Arc<Health>>) -> Json<serde_json::Value> {
    Json(health.vitals.status())
}

async fn pause(health: Shared<Arc<Health>>, from: ConnectInfo<SocketAddr>) -> Answer {
    tell(&health, from, Event::Pause)
}

async fn resume(health: Shared<Arc<Health>>, from: ConnectInfo<SocketAddr>) -> Answer {
    tell(&health, from, Event::Resume)
}

/// The port is open to the whole cluster, so that the kubelet may ask; orders are taken from inside the pod only. That is
/// one address and not the whole network 127.0.0.0/8: Istio's proxy hands on what comes from outside as 127.0.0.6.
fn tell(health: &Health, ConnectInfo(from): ConnectInfo<SocketAddr>, event: Event) -> Answer {
    if ![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].contains(&from.ip().to_canonical()) {
        return (StatusCode::FORBIDDEN, "only from inside: kubectl exec or port-forward\n".to_owned());
    }
    match health.events.send(event) {
        Ok(()) => (StatusCode::ACCEPTED, "told\n".to_owned()),
        Err(_) => (StatusCode::GONE, "it has ended\n".to_owned()),
    }
}
