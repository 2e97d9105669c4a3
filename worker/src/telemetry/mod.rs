//! What is seen of a worker from outside: log lines, traces, metrics.
//!
//! Log lines are JSON on standard error, always; if nobody reads them, they are dropped. Where the standard variables of OpenTelemetry name a collector, traces,
//! metrics and logs go there too, as OTLP over HTTP or, by feature, gRPC; metrics can be scraped in any case. Exports are
//! made by threads of their own, out of queues that are bounded: a collector that is slow or gone costs telemetry, never
//! work.

mod counted;
mod environment;
mod flush;
#[cfg(feature = "grpc")]
mod grpc;
mod instruments;
mod lines;
mod messaging;
mod resource;
mod tally;
mod transport;

pub use flush::{Account, Exports, LINES};
pub use instruments::{Instruments, Outcome};
pub use lines::Lines;
pub use messaging::{Messaging, error_type};

use crate::exit::Fault;
use anyhow::{Context, Result};
use environment::Environment;
use opentelemetry::{InstrumentationScope, global, metrics::MeterProvider as _, trace::TracerProvider as _};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::{
    Resource,
    logs::SdkLoggerProvider,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::SdkTracerProvider,
};
use prometheus::Registry;
use tally::Tallies;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer,
    filter::{Targets, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Who says it, in spans, metrics and log records.
const NAME: &str = env!("CARGO_PKG_NAME");

/// What observes this process. Keep it until the end, then [`flush`](Self::flush).
pub struct Telemetry {
    registry: Registry,
    traces: SdkTracerProvider,
    meters: SdkMeterProvider,
    logs: SdkLoggerProvider,
    tallies: Tallies,
    exports_metrics: bool,
    instruments: Instruments,
    lines: Lines,
}

impl Telemetry {
    /// Starts it for the whole process; once. `instance` tells this process from others where no pod does.
    ///
    /// # Errors
    /// A setting is wrong: `filter` is no filter, or a variable asks for what there is not.
    pub fn start(instance: &str, filter: &str) -> Result<Self> {
        let filter: Targets =
            filter.parse().with_context(|| format!("--log: `{filter}` is not a filter; write it like info"))?;
        let environment = Environment::read()?;
        let resource = resource::resource(instance);
        let tallies = Tallies::new(&environment);
        let lines = Lines::start().context(Fault("no thread for log lines"))?;
        let registry = Registry::new();
        #[cfg(feature = "grpc")]
        let _inside = grpc::runtime()?;
        let meters = meters(&environment, resource.clone(), &registry, &tallies)?;
        let traces = traces(&environment, resource.clone(), &tallies)?;
        let logs = logs(&environment, resource, &tallies)?;
        global::set_text_map_propagator(environment.propagator());

        let spans = (!environment.disabled).then(|| {
            // Attributes are those of the conventions and no others; log lines are exported as such, not as events.
            tracing_opentelemetry::layer()
                .with_tracer(traces.tracer_with_scope(scope()))
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                .with_filter(filter_fn(|meta| meta.is_span() && meta.target().starts_with(env!("CARGO_CRATE_NAME"))))
        });
        let records = environment.logs.then(|| {
            // An export must not make the records of the next one.
            let transport = ["h2", "hyper", "hyper_util", "reqwest"].map(|target| (target, LevelFilter::OFF));
            OpenTelemetryTracingBridge::new(&logs).with_filter(filter.clone().with_targets(transport))
        });
        tracing_subscriber::registry()
            .with(spans)
            .with(records)
            .with(lines.layer().with_filter(filter))
            .try_init()
            .context("there are logs already")?;
        let instruments = Instruments::new(&meters.meter_with_scope(scope()), &tallies, &lines);
        let exports_metrics = environment.metrics;
        Ok(Telemetry { registry, traces, meters, logs, tallies, exports_metrics, instruments, lines })
    }

    /// What `/metrics` shows.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Spans and metrics of what is done with a queue or feed of this name, in the conventions of messaging.
    pub fn messaging(&self, system: &'static str, destination: &str) -> Messaging {
        let (tracer, meter) = (self.traces.tracer_with_scope(scope()), self.meters.meter_with_scope(scope()));
        Messaging::new(system, destination, tracer, &meter)
    }

    /// What becomes of it.
    pub fn account(&self) -> Account {
        Account(self.tallies.clone())
    }

    /// The log lines.
    pub fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// The worker's own metrics.
    pub fn instruments(&self) -> Instruments {
        self.instruments.clone()
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(NAME)
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url("https://opentelemetry.io/schemas/1.44.0")
        .build()
}

fn meters(
    environment: &Environment,
    resource: Resource,
    registry: &Registry,
    tallies: &Tallies,
) -> Result<SdkMeterProvider> {
    let mut meters = SdkMeterProvider::builder().with_resource(resource);
    if !environment.disabled {
        let scraped =
            opentelemetry_prometheus::exporter().with_registry(registry.clone()).scope_info_enabled(false).build()?;
        meters = meters.with_reader(scraped);
    }
    if environment.metrics {
        meters = meters.with_reader(PeriodicReader::builder(counted::metrics(&tallies.metrics)?).build());
    }
    Ok(meters.build())
}

/// Spans are made also where they go nowhere: log lines bear their ids, and jobs carry them on.
fn traces(environment: &Environment, resource: Resource, tallies: &Tallies) -> Result<SdkTracerProvider> {
    // One link for each job that a claim may bring.
    let mut traces = SdkTracerProvider::builder().with_resource(resource).with_max_links_per_span(1024);
    if environment.traces {
        traces = traces.with_span_processor(counted::spans(&tallies.traces)?);
    }
    Ok(traces.build())
}

fn logs(environment: &Environment, resource: Resource, tallies: &Tallies) -> Result<SdkLoggerProvider> {
    let mut logs = SdkLoggerProvider::builder().with_resource(resource);
    if environment.logs {
        logs = logs.with_log_processor(counted::records(&tallies.logs)?);
    }
    Ok(logs.build())
}
