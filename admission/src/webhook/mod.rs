//! The validating admission webhook: `plimsoll serve`.
//!
//! [`serve`] is the life of the process. Calls come in through [`server`] and [`routes`], are judged in [`evaluations`]
//! by [`policies`], and leave as [`crate::review`] says; [`admin`] answers for health and metrics on a thread of its own.

pub mod admin;
pub mod certificates;
pub mod configuration;
pub mod drain;
pub mod evaluations;
pub mod metrics;
pub mod policies;
pub mod readiness;
pub mod reload;
pub mod routes;
pub mod server;
pub mod watch;

pub use readiness::Readiness;

use crate::{cli, commands::Exit, telemetry::Telemetry};
use anyhow::{Result, bail};
use certificates::{FileCertificates, Names, SelfManaged, Serving};
use drain::{Budget, Drained, Draining, Signals};
use evaluations::{Evaluations, Size};
use metrics::Metrics;
use policies::{Origin, Policies};
use reload::Reloads;
use routes::Routes;
use std::{num::NonZeroUsize, sync::Arc, thread::available_parallelism};

/// How many reviews wait for each thread, unless the user says otherwise.
const QUEUE: usize = 32;

const NO_CERTIFICATE: &str = "there is no certificate yet";

/// Runs until a signal ends it.
///
/// # Errors
/// It could not begin; why was not logged yet.
pub fn serve(flags: &cli::Serve) -> Result<Exit> {
    let telemetry = Telemetry::start(&flags.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(run(flags, &telemetry)).unwrap_or_else(|error| {
        tracing::error!(error = format!("{error:#}"), "cannot serve");
        Exit::Failed
    });
    // Evaluations that nobody waits for any more end within their own deadline.
    runtime.shutdown_background();
    telemetry.flush();
    Ok(exit)
}

async fn run(flags: &cli::Serve, telemetry: &Telemetry) -> Result<Exit> {
    let mut signals = Signals::new()?;
    let (readiness, draining) = (Readiness::default(), Draining::default());
    let meter = telemetry.meter();
    let metrics = Arc::new(Metrics::new(&meter));

    let size = size(flags);
    let policies = Arc::new(Policies::load(origin(flags, size), Arc::clone(&metrics))?);
    let reloads = Reloads::new()?;
    tokio::spawn(reloads.follow_policies(Arc::clone(&policies)));
    readiness.hold(NO_CERTIFICATE);
    let admin = admin::start(flags.admin, readiness.clone(), telemetry.registry.clone())?;

    // The API server may be slow to tell of a certificate, and a signal must not have to wait for that.
    let serving = tokio::select! {
        serving = certificates(flags, &readiness, &reloads, &metrics) => serving?,
        () = signals.received() => return Ok(Exit::Clean),
    };
    serving.check_expiry(&readiness);
    tokio::spawn(serving.clone().watch_expiry(readiness.clone()));
    let evaluations = Arc::new(Evaluations::new(policies, Arc::clone(&metrics), flags.on_failure, size));
    metrics::observe(&meter, readiness.clone(), Arc::clone(&evaluations), serving.clone());
    let routes = Routes { evaluations, metrics, timeout: flags.timeout, draining: draining.clone() };
    let server = server::start(flags.listen, &serving, routes::routes(Arc::new(routes)))?;
    readiness.release(NO_CERTIFICATE);
    tracing::info!(webhook = %server.address, admin = %admin, "listening");

    signals.received().await;
    let budget = Budget { delay: flags.drain_delay, shutdown: flags.shutdown_timeout };
    Ok(match drain::drain(signals, budget, &readiness, &draining, server).await {
        Drained::Clean => Exit::Clean,
        Drained::Forced => Exit::Forced,
    })
}

fn size(flags: &cli::Serve) -> Size {
    let threads = flags.concurrency.or(available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    Size { threads, queue: flags.queue.unwrap_or(QUEUE.saturating_mul(threads.get())) }
}

fn origin(flags: &cli::Serve, size: Size) -> Origin {
    Origin { config: flags.config.clone(), profile: flags.profile, threads: size.threads }
}

/// The certificate to show, and a task that follows it.
async fn certificates(
    flags: &cli::Serve,
    readiness: &Readiness,
    reloads: &Reloads,
    metrics: &Arc<Metrics>,
) -> Result<Serving> {
    let metrics = Arc::clone(metrics);
    match (&flags.certificate.tls_dir, &flags.certificate.tls_self_managed) {
        (Some(folder), _) => {
            let (files, serving) = FileCertificates::load(folder)?;
            let (again, shown) = (reloads.again(), serving.clone());
            tokio::spawn(async move { files.follow(shown, metrics, &again).await });
            Ok(serving)
        }
        (None, Some(secret)) => {
            let names = Names {
                secret: secret.clone(),
                service: flags.service.clone(),
                configuration: flags.webhook_configuration.clone(),
            };
            let mut certificates = SelfManaged::connect(&names, readiness.clone()).await?;
            let serving = certificates.first().await;
            tokio::spawn(certificates.follow(serving.clone(), metrics));
            Ok(serving)
        }
        (None, None) => bail!("no certificate: name one with --tls-dir or --tls-self-managed"),
    }
}
