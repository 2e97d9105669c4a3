//! The standard variables that the SDK ignores: `OTEL_SDK_DISABLED`, `OTEL_PROPAGATORS`, `OTEL_{TRACES,METRICS,LOGS}_EXPORTER`.
//!
//! What it heeds by itself is not here, and works: `OTEL_EXPORTER_OTLP_*` for protocol and headers, `OTEL_TRACES_SAMPLER`,
//! `OTEL_BSP_*`, `OTEL_BLRP_*`, `OTEL_METRIC_EXPORT_INTERVAL`. `OTEL_EXPORTER_OTLP_*` for timeout and certificate: `transport.rs`.

use anyhow::{Result, bail, ensure};
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use std::env;

/// Spans, and log records, that wait to be exported; more are dropped. The default of the specification.
const QUEUE: usize = 2048;

/// Ways to a collector. What is not named goes by the first.
const PROTOCOLS: &[&str] = if cfg!(feature = "grpc") { &["http/protobuf", "grpc"] } else { &["http/protobuf"] };

/// What the environment asks for.
pub(super) struct Environment {
    /// Nothing is recorded: `OTEL_SDK_DISABLED`.
    pub(super) disabled: bool,
    /// Traces go to a collector.
    pub(super) traces: bool,
    /// Metrics do; they can be scraped in any case.
    pub(super) metrics: bool,
    /// Log records do; log lines are written in any case.
    pub(super) logs: bool,
    /// Spans that wait for export at most.
    pub(super) span_queue: usize,
    /// Log records that wait for export at most.
    pub(super) log_queue: usize,
    propagators: Vec<Propagator>,
}

#[derive(Clone, Copy)]
enum Propagator {
    TraceContext,
    Baggage,
}

impl Environment {
    /// Reads it.
    ///
    /// # Errors
    /// A variable asks for what this version does not have.
    pub(super) fn read() -> Result<Self> {
        let disabled = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(Environment {
            disabled,
            traces: !disabled && exports("TRACES")?,
            metrics: !disabled && exports("METRICS")?,
            logs: !disabled && exports("LOGS")?,
            span_queue: size("OTEL_BSP_MAX_QUEUE_SIZE")?,
            log_queue: size("OTEL_BLRP_MAX_QUEUE_SIZE")?,
            propagators: propagators()?,
        })
    }

    /// Writes the context of a span into what is sent, and reads it from what is received.
    pub(super) fn propagator(&self) -> TextMapCompositePropagator {
        let propagators = self.propagators.iter().map(|propagator| -> Box<dyn TextMapPropagator + Send + Sync> {
            match propagator {
                Propagator::TraceContext => Box::new(TraceContextPropagator::new()),
                Propagator::Baggage => Box::new(BaggagePropagator::new()),
            }
        });
        TextMapCompositePropagator::new(propagators.collect())
    }
}

/// The value of a variable; none if it is empty, as the specification has it.
pub(super) fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a signal goes to a collector: if one is named, unless told otherwise.
fn exports(signal: &str) -> Result<bool> {
    let name = format!("OTEL_{signal}_EXPORTER");
    let endpoint = endpoint(signal)?;
    let Some(exporters) = set(&name) else { return Ok(endpoint) };
    let mut otlp = false;
    for exporter in exporters.split(',').map(str::trim) {
        match exporter {
            "otlp" => otlp = true,
            "none" => {}
            // Is always there.
            "prometheus" if signal == "METRICS" => {}
            _ => bail!("{name}: `{exporter}` is not supported; write otlp or none"),
        }
    }
    Ok(otlp)
}

/// The variable of a signal, or that of all of them: its name and its value.
pub(super) fn of_signal(signal: &str, what: &str) -> Option<(String, String)> {
    let names = [format!("OTEL_EXPORTER_OTLP_{signal}_{what}"), format!("OTEL_EXPORTER_OTLP_{what}")];
    names.into_iter().find_map(|name| set(&name).map(|value| (name, value)))
}

/// Whether a signal goes over HTTP, and not gRPC.
pub(super) fn is_http(signal: &str) -> bool {
    of_signal(signal, "PROTOCOL").is_none_or(|(_, protocol)| protocol != "grpc")
}

/// Whether a collector is named for a signal.
fn endpoint(signal: &str) -> Result<bool> {
    if let Some((name, protocol)) = of_signal(signal, "PROTOCOL") {
        ensure!(
            PROTOCOLS.contains(&&*protocol),
            "{name}: `{protocol}` is not supported; write {}",
            PROTOCOLS.join(" or ")
        );
    }
    let Some((name, url)) = of_signal(signal, "ENDPOINT") else { return Ok(false) };
    let over_tls = url.starts_with("https:");
    ensure!(is_http(signal) || !over_tls, "{name}: `{url}`: https is for http/protobuf; gRPC goes without TLS");
    Ok(true)
}

fn size(name: &str) -> Result<usize> {
    let Some(value) = set(name) else { return Ok(QUEUE) };
    match value.parse() {
        Ok(size) if size > 0 => Ok(size),
        _ => bail!("{name}: `{value}` is no size of a queue; write a number above 0, like {QUEUE}"),
    }
}

fn propagators() -> Result<Vec<Propagator>> {
    let names = set("OTEL_PROPAGATORS").unwrap_or_else(|| "tracecontext,baggage".to_owned());
    let mut propagators = Vec::new();
    for name in names.split(',').map(str::trim) {
        match name {
            "tracecontext" => propagators.push(Propagator::TraceContext),
            "baggage" => propagators.push(Propagator::Baggage),
            "none" => {}
            _ => bail!("OTEL_PROPAGATORS: `{name}` is not supported; write tracecontext, baggage or none"),
        }
    }
    Ok(propagators)
}
