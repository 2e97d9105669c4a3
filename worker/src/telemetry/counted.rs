//! Exporters that count what becomes of what they are given, and the queues before them, which count what they are given.

use super::{tally::Tally, transport};
use anyhow::{Context, Result};
use opentelemetry::InstrumentationScope;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{self, BatchLogProcessor, LogBatch, LogProcessor, SdkLogRecord},
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
    trace::{self, BatchSpanProcessor, Span, SpanData, SpanProcessor},
};
use std::{sync::Arc, time::Duration};

/// Takes the spans that end.
pub(super) fn spans(tally: &Arc<Tally>) -> Result<impl SpanProcessor + use<>> {
    let exporter = SpanExporter::builder();
    let exporter = match transport::client("TRACES")? {
        Some(client) => exporter.with_http().with_http_client(client).build(),
        None => exporter.build(),
    };
    let exporter = exporter.context("traces over OTLP")?;
    let queue = trace::BatchConfigBuilder::default().with_max_queue_size(tally.room).build();
    let batches = BatchSpanProcessor::builder(Counted::new(exporter, tally)).with_batch_config(queue).build();
    Ok(Counted::new(batches, tally))
}

/// Takes log records.
pub(super) fn records(tally: &Arc<Tally>) -> Result<impl LogProcessor + use<>> {
    let exporter = LogExporter::builder();
    let exporter = match transport::client("LOGS")? {
        Some(client) => exporter.with_http().with_http_client(client).build(),
        None => exporter.build(),
    };
    let exporter = exporter.context("logs over OTLP")?;
    let queue = logs::BatchConfigBuilder::default().with_max_queue_size(tally.room).build();
    let batches = BatchLogProcessor::builder(Counted::new(exporter, tally)).with_batch_config(queue).build();
    Ok(Counted::new(batches, tally))
}

/// Takes all metrics, now and then.
pub(super) fn metrics(tally: &Arc<Tally>) -> Result<impl PushMetricExporter + use<>> {
    let exporter = MetricExporter::builder();
    let exporter = match transport::client("METRICS")? {
        Some(client) => exporter.with_http().with_http_client(client).build(),
        None => exporter.build(),
    };
    let exporter = exporter.context("metrics over OTLP")?;
    Ok(Counted::new(exporter, tally))
}

#[derive(Debug)]
struct Counted<T> {
    inner: T,
    tally: Arc<Tally>,
}

impl<T> Counted<T> {
    fn new(inner: T, tally: &Arc<Tally>) -> Self {
        Counted { inner, tally: Arc::clone(tally) }
    }
}

impl<T: SpanProcessor> SpanProcessor for Counted<T> {
    fn on_start(&self, span: &mut Span, context: &opentelemetry::Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.tally.admit() {
            self.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.tally.close();
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<T: trace::SpanExporter> trace::SpanExporter for Counted<T> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        self.tally.settle(count, self.inner.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<T: LogProcessor> LogProcessor for Counted<T> {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.tally.admit() {
            self.inner.emit(record, scope);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.tally.close();
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<T: logs::LogExporter> logs::LogExporter for Counted<T> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let count = batch.iter().count();
        self.tally.settle(count, self.inner.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<T: PushMetricExporter> PushMetricExporter for Counted<T> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.tally.admit();
        self.tally.settle(1, self.inner.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
