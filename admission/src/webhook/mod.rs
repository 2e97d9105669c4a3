//! The validating admission webhook: `plimsoll serve`.
//!
//! [`serve`] is the life of the process. Calls come in through [`server`] and [`routes`], are judged in [`evaluations`]
//! by [`policies`], and leave as [`crate::review`] says; [`admin`] answers for health and metrics on a thread of its own.

pub mod admin;
pub mod body;
pub mod certificates;
pub mod configuration;
pub mod connections;
pub mod drain;
pub mod evaluations;
pub mod metrics;
pub mod policies;
pub mod readiness;
mod release_memory;
pub mod reload;
pub mod routes;
pub mod server;
pub mod watch;

pub use readiness::Readiness;

use crate::{judge::config::OnFailure, telemetry::Telemetry};
use anyhow::{Context, Result};
use body::Bodies;
pub use certificates::Names;
use certificates::{FileCertificates, SelfManaged, Serving};
pub use drain::{Budget, Drained};
use drain::{Draining, Signals};
use evaluations::Evaluations;
pub use evaluations::Size;
use metrics::Metrics;
pub use policies::Origin;
use policies::Policies;
use reload::Reloads;
use routes::Routes;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{sync::Notify, task::JoinHandle};

const NO_CERTIFICATE: &str = "there is no certificate yet";

/// How to serve.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the policies come from.
    pub origin: Origin,
    /// Where the API server calls.
    pub listen: SocketAddr,
    /// Where health and metrics are.
    pub admin: SocketAddr,
    /// What the webhook shows to the API server.
    pub certificate: Certificate,
    /// How long ending may take.
    pub drain: Budget,
    /// The longest that an answer takes.
    pub timeout: Duration,
    /// What to answer where a policy gives no verdict and the configuration does not say.
    pub on_failure: OnFailure,
    /// How many reviews are judged, and wait, at one time.
    pub size: Size,
    /// What to log, as a filter of `tracing`.
    pub log: String,
}

/// Where the certificate comes from.
#[derive(Debug, Clone)]
pub enum Certificate {
    /// A folder with tls.crt and tls.key, and client-ca.crt if only its clients may call.
    Files(PathBuf),
    /// Made by the webhook itself, and kept in a Secret.
    SelfManaged(Names),
}

/// Runs until a signal ends it; none where it could not start, which was logged.
///
/// # Errors
/// It could not start, and the log could not say why.
pub fn serve(settings: &Settings) -> Result<Option<Drained>> {
    let telemetry = Telemetry::start(&settings.log)?;
    log_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let drained = runtime.block_on(run(settings, &telemetry)).inspect_err(|error| {
        tracing::error!(error = format!("{error:#}"), "cannot serve");
    });
    // Evaluations that nobody waits for any more end within their own deadline.
    runtime.shutdown_background();
    telemetry.flush();
    Ok(drained.ok())
}

/// As a line of the log, with its place. What it ended is told where it was started.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string);
        let text = panic.payload_as_str().unwrap_or("no text");
        tracing::error!(at, text, "a fault in plimsoll itself; please report it");
    }));
}

async fn run(settings: &Settings, telemetry: &Telemetry) -> Result<Drained> {
    let mut signals = Signals::new()?;
    let (readiness, draining) = (Readiness::default(), Draining::default());
    let meter = telemetry.meter();
    let metrics = Arc::new(Metrics::new(&meter));

    let reloads = Reloads::new()?;
    // A module may take long to compile, and the API server to tell of a certificate. A signal does not wait for them.
    let (origin, counts) = (settings.origin.clone(), Arc::clone(&metrics));
    let loading = tokio::task::spawn_blocking(move || Policies::load(origin, counts));
    let policies = tokio::select! {
        loaded = loading => Arc::new(loaded.context("a fault in plimsoll itself; please report it")??),
        () = signals.received() => return Ok(Drained::Clean),
    };
    tokio::spawn(reloads.follow_policies(Arc::clone(&policies)));
    readiness.hold(NO_CERTIFICATE);
    let shown = Arc::new(OnceLock::new());
    let admin = admin::start(settings.admin, readiness.clone(), telemetry.registry.clone(), Arc::clone(&shown))?;

    let (serving, following) = tokio::select! {
        certificates = certificates(settings, &readiness, &reloads, &metrics) => certificates?,
        () = signals.received() => return Ok(Drained::Clean),
    };
    shown.get_or_init(|| serving.clone());
    serving.check_validity(&readiness);
    tokio::spawn(serving.clone().watch_validity(readiness.clone()));
    let evaluations = Arc::new(Evaluations::new(policies, Arc::clone(&metrics), settings.on_failure, settings.size));
    metrics::observe(&meter, readiness.clone(), Arc::clone(&evaluations), serving.clone());
    let (bodies, timeout) = (Bodies::new(), settings.timeout);
    let routes = Routes { bodies, evaluations, metrics, timeout, draining: draining.clone() };
    let server = server::start(settings.listen, &serving, routes::routes(Arc::new(routes)))?;
    readiness.release(NO_CERTIFICATE);
    tracing::info!(webhook = %server.address, admin = %admin, "listening");

    signals.received().await;
    following.end.notify_one();
    let drained = drain::drain(signals, settings.drain, &readiness, &draining, server).await;
    if tokio::time::timeout(GIVE_BACK, following.task).await.is_err() {
        tracing::warn!("the API server did not take back the Lease in time");
    }
    Ok(drained)
}

/// Longest time, behind the drain, for what the end of following a certificate takes.
const GIVE_BACK: Duration = Duration::from_secs(1);

/// A task that follows a certificate.
struct Following {
    task: JoinHandle<()>,
    /// Ends it.
    end: Arc<Notify>,
}

/// The certificate to show, and a task that follows it.
async fn certificates(
    settings: &Settings,
    readiness: &Readiness,
    reloads: &Reloads,
    metrics: &Arc<Metrics>,
) -> Result<(Serving, Following)> {
    let (metrics, end) = (Arc::clone(metrics), Arc::new(Notify::new()));
    let ending = Arc::clone(&end);
    match &settings.certificate {
        Certificate::Files(folder) => {
            let (files, serving) = FileCertificates::load(folder)?;
            let (again, shown) = (reloads.again(), serving.clone());
            let task = tokio::spawn(async move {
                tokio::select! {
                    () = files.follow(shown, metrics, &again) => {}
                    () = ending.notified() => {}
                }
            });
            Ok((serving, Following { task, end }))
        }
        Certificate::SelfManaged(names) => {
            let mut certificates = SelfManaged::connect(names, readiness.clone()).await?;
            let serving = certificates.first().await;
            let task = tokio::spawn(certificates.follow(serving.clone(), metrics, ending));
            Ok((serving, Following { task, end }))
        }
    }
}
