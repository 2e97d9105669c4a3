//! Logs, traces and metrics of the webhook; traces of other commands.
//!
//! Logs are JSON lines on standard error. Where the standard variable `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector,
//! traces and metrics go there too, as OTLP over HTTP or HTTPS. Both are exported by threads of their own.

mod transport;

use anyhow::{Context, Result};
use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider as _},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};
use prometheus::Registry;
use std::{
    env,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

const NAME: &str = "plimsoll";

/// Longest time that the last spans and metrics together may take to leave.
const FLUSH: Duration = Duration::from_secs(3);

/// What observes this process. Keep it until the end, then [`flush`](Self::flush).
pub struct Telemetry {
    /// What `/metrics` shows.
    pub registry: Registry,
    meters: SdkMeterProvider,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts it for the whole process; once.
    ///
    /// # Errors
    /// `log` is no filter, or the exporters cannot be made.
    pub fn start(log: &str) -> Result<Self> {
        let filter: Targets =
            log.parse().with_context(|| format!("--log: `{log}` is not a filter; write it like info"))?;
        let collector = collector();
        let registry = Registry::new();
        let meters = meters(&registry, collector)?;
        let traces = collector.then(tracer).transpose()?;
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());

        let spans = traces.as_ref().map(|traces| {
            let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer(NAME)).with_threads(false);
            layer.with_filter(Targets::new().with_target(NAME, tracing::Level::INFO))
        });
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(std::io::stderr)
            .with_filter(filter);
        tracing_subscriber::registry().with(spans).with(lines).try_init().context("there are logs already")?;
        Ok(Telemetry { registry, meters, traces })
    }

    /// Makes instruments.
    pub fn meter(&self) -> Meter {
        self.meters.meter(NAME)
    }

    /// Sends what is left, within three seconds. Blocks: not for a thread that serves.
    pub fn flush(self) {
        let deadline = Instant::now() + FLUSH;
        let Telemetry { meters, traces, .. } = self;
        let (sent, outcomes) = mpsc::channel();
        let also_sent = sent.clone();
        // On threads that the end of the process ends: the export of metrics takes its own five seconds, whatever it is
        // told.
        thread::spawn(move || sent.send(meters.shutdown_with_timeout(FLUSH)));
        thread::spawn(move || also_sent.send(traces.map_or(Ok(()), |traces| traces.shutdown_with_timeout(FLUSH))));
        for _ in 0..2 {
            let error = match outcomes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("not within {} s", FLUSH.as_secs()),
            };
            tracing::warn!(error, "the last spans or metrics may not have arrived");
        }
    }
}

/// Traces of a command that ends by itself.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// None where the standard variables name no collector.
    ///
    /// # Errors
    /// The exporter cannot be made.
    pub fn start() -> Result<Option<Self>> {
        Ok(collector().then(tracer).transpose()?.map(Traces))
    }

    /// Makes spans.
    pub fn tracer(&self) -> SdkTracer {
        self.0.tracer(NAME)
    }

    /// Sends them, within three seconds.
    ///
    /// # Errors
    /// The collector did not take them.
    pub fn flush(self) -> Result<()> {
        self.0.shutdown_with_timeout(FLUSH).context("the collector did not take the trace")
    }
}

/// Whether the standard variables name a collector.
fn collector() -> bool {
    ["TRACES", "METRICS"].iter().any(|signal| transport::of_signal(signal, "ENDPOINT").is_some())
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    match env::var("OTEL_SERVICE_NAME") {
        // The library reads the variable itself; a name that is set in code would win over it.
        Ok(_) => Resource::builder().with_attribute(version).build(),
        Err(_) => Resource::builder().with_service_name(NAME).with_attribute(version).build(),
    }
}

fn meters(registry: &Registry, collector: bool) -> Result<SdkMeterProvider> {
    let scraped =
        opentelemetry_prometheus::exporter().with_registry(registry.clone()).scope_info_enabled(false).build()?;
    let mut meters = SdkMeterProvider::builder().with_resource(resource()).with_reader(scraped);
    if collector {
        let exporter = MetricExporter::builder().with_http().with_http_client(transport::client("METRICS")?);
        let exporter = exporter.build().context("metrics over OTLP")?;
        meters = meters.with_reader(PeriodicReader::builder(exporter).build());
    }
    Ok(meters.build())
}

fn tracer() -> Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder().with_http().with_http_client(transport::client("TRACES")?);
    let exporter = exporter.build().context("traces over OTLP")?;
    Ok(SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build())
}
