//! Spans and metrics of what is done with a queue or feed, by the semantic conventions for messaging 1.44.
//!
//! The context in which a message was created travels with it. It is the parent of each `process` span, so that one trace
//! leads from where a job was put in to what it brought about, through all its deliveries. The conventions leave that
//! choice; the link that they ask for is there too.

use crate::{
    change::Change,
    engine::Error,
    job::{Delivery, TraceContext},
};
use opentelemetry::{
    Context, KeyValue, global,
    metrics::{Counter, Histogram, Meter},
    propagation::Extractor,
    trace::{Link, Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt},
};
use opentelemetry_sdk::trace::SdkTracer;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Bounds that the conventions ask for.
const CALLS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The same and on to an hour, because jobs take longer than calls.
pub(super) const JOBS: [f64; 19] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

/// Longest value of a trace context that travels on, in bytes: what a caller sends is stored with each job.
const LONGEST: usize = 8192;

/// Tells of one queue or feed. An `error` is a class of errors, of which there are few; details are for the log.
#[derive(Clone)]
pub struct Messaging {
    system: &'static str,
    destination: Arc<str>,
    tracer: SdkTracer,
    operation_duration: Histogram<f64>,
    process_duration: Histogram<f64>,
    sent: Counter<u64>,
    consumed: Counter<u64>,
}

/// A span with the attributes that all of them have. It is known by the name of its operation.
macro_rules! span {
    ($messaging:expr, $operation:literal, $type:literal, $kind:literal) => {
        tracing::info_span!(
            $operation,
            otel.name = format!("{} {}", $operation, $messaging.destination),
            otel.kind = $kind,
            messaging.operation.name = $operation,
            "messaging.operation.type" = $type,
            messaging.system = $messaging.system,
            messaging.destination.name = &*$messaging.destination,
        )
    };
}

impl Messaging {
    pub(super) fn new(system: &'static str, destination: &str, tracer: SdkTracer, meter: &Meter) -> Self {
        let histogram = |name, text, bounds: &[f64]| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(text);
            histogram.with_boundaries(bounds.to_vec()).build()
        };
        let counter = |name, text| meter.u64_counter(name).with_unit("{message}").with_description(text).build();
        Messaging {
            system,
            destination: destination.into(),
            tracer,
            operation_duration: histogram(
                "messaging.client.operation.duration",
                "Duration of calls of the engine",
                &CALLS,
            ),
            process_duration: histogram(
                "messaging.process.duration",
                "Duration of the work on one job or change",
                &JOBS,
            ),
            sent: counter("messaging.client.sent.messages", "Jobs or changes that were put in, or were to be"),
            consumed: counter(
                "messaging.client.consumed.messages",
                "Jobs or changes that were brought, each time that they were",
            ),
        }
    }

    /// Begins to put in so many messages. They are created in its [context](Self::trace_context).
    pub fn send(&self, count: usize) -> Span {
        let span = span!(self, "send", "send", "producer");
        if count != 1 {
            span.set_attribute("messaging.batch.message_count", count as i64);
        }
        span
    }

    /// Begins to put in one message for a caller, in the trace that came along with the call.
    pub fn send_for(&self, caller: &TraceContext) -> Span {
        let span = self.send(1);
        // It fails where there are no spans.
        let _ = span.set_parent(extract(caller));
        span
    }

    /// What is to travel with a message.
    pub fn trace_context(&self, span: &Span) -> TraceContext {
        let mut carrier = std::collections::HashMap::new();
        global::get_text_map_propagator(|propagator| propagator.inject_context(&span.context(), &mut carrier));
        carrier.into_iter().filter(|(_, value): &(String, String)| value.len() <= LONGEST).collect()
    }

    /// So many messages were put in, or could not be.
    pub fn sent(&self, span: &Span, count: usize, elapsed: Duration, error: Option<&'static str>) {
        self.called(span, "send", elapsed, error);
        self.sent.add(count as u64, &self.attributes("send", "send", error));
    }

    /// Deliveries were brought, or there was an error. Nothing is said of a call that brought nothing.
    pub fn received(&self, deliveries: &[Delivery], began: SystemTime, elapsed: Duration, error: Option<&'static str>) {
        let messages: Vec<_> =
            deliveries.iter().map(|delivery| (delivery.job.id.clone(), &delivery.job.trace)).collect();
        self.brought(&messages, None, Interval { began, elapsed }, error);
    }

    /// Changes of one partition were brought, or there was an error. Nothing is said of a call that brought nothing.
    pub fn received_changes(
        &self,
        changes: &[Change],
        began: SystemTime,
        elapsed: Duration,
        error: Option<&'static str>,
    ) {
        let messages: Vec<_> = changes.iter().map(|change| (message_id(change), &change.change.trace)).collect();
        self.brought(&messages, changes.first().map(partition), Interval { began, elapsed }, error);
    }

    /// Begins to work on a delivery.
    pub fn process(&self, delivery: &Delivery) -> Span {
        let span = self.process_in(&delivery.job.trace);
        span.set_attribute("messaging.message.id", delivery.job.id.clone());
        span.set_attribute("worker.job.handler", delivery.job.handler.clone());
        span.set_attribute("worker.job.delivery", i64::from(delivery.deliveries));
        span
    }

    /// Begins to work on a change.
    pub fn process_change(&self, change: &Change) -> Span {
        let span = self.process_in(&change.change.trace);
        span.set_attribute("messaging.message.id", message_id(change));
        let KeyValue { key, value, .. } = partition(change);
        span.set_attribute(key, value);
        span
    }

    /// The work is over.
    pub fn processed(&self, span: &Span, elapsed: Duration, error: Option<&'static str>) {
        fail(span, error);
        self.process_duration.record(elapsed.as_secs_f64(), &self.attributes("process", "process", error));
    }

    /// Begins to settle a delivery, inside of the span of the work on it: it is accepted, or goes back.
    pub fn settle(&self, delivery_id: &str, accepted: bool) -> Span {
        let span =
            if accepted { span!(self, "ack", "settle", "client") } else { span!(self, "nack", "settle", "client") };
        span.set_attribute("messaging.message.id", delivery_id.to_owned());
        span
    }

    /// It is settled, or could not be.
    pub fn settled(&self, span: &Span, elapsed: Duration, error: Option<&'static str>) {
        self.called(span, "settle", elapsed, error);
    }

    fn process_in(&self, created: &TraceContext) -> Span {
        let span = span!(self, "process", "process", "consumer");
        let created = extract(created);
        span.add_link(created.span().span_context().clone());
        // It fails where there are no spans.
        let _ = span.set_parent(created);
        span
    }

    fn called(&self, span: &Span, r#type: &'static str, elapsed: Duration, error: Option<&'static str>) {
        fail(span, error);
        let operation = span.metadata().map_or("_OTHER", |metadata| metadata.name());
        self.operation_duration.record(elapsed.as_secs_f64(), &self.attributes(operation, r#type, error));
    }

    /// A span that is over already: whether a call brings something is known at its end.
    fn brought(
        &self,
        messages: &[(String, &TraceContext)],
        partition: Option<KeyValue>,
        Interval { began, elapsed }: Interval,
        error: Option<&'static str>,
    ) {
        if messages.is_empty() && error.is_none() {
            return;
        }
        let mut attributes = self.attributes("receive", "receive", error);
        self.operation_duration.record(elapsed.as_secs_f64(), &attributes);
        if !messages.is_empty() {
            self.consumed.add(messages.len() as u64, &attributes);
        }
        attributes.extend(partition);
        attributes.push(match messages {
            [(id, _)] => KeyValue::new("messaging.message.id", id.clone()),
            _ => KeyValue::new("messaging.batch.message_count", messages.len() as i64),
        });
        let created = messages.iter().map(|(_, trace)| extract(trace).span().span_context().clone());
        let mut span = SpanBuilder::from_name(format!("receive {}", self.destination))
            .with_kind(SpanKind::Client)
            .with_start_time(began)
            .with_attributes(attributes)
            .with_links(created.filter(SpanContext::is_valid).map(Link::with_context).collect())
            .start_with_context(&self.tracer, &Context::new());
        if let Some(class) = error {
            span.set_status(Status::error(class));
        }
        span.end_with_timestamp(began + elapsed);
    }

    fn attributes(&self, operation: &'static str, r#type: &'static str, error: Option<&'static str>) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("messaging.operation.name", operation),
            KeyValue::new("messaging.operation.type", r#type),
            KeyValue::new("messaging.system", self.system),
            KeyValue::new("messaging.destination.name", Arc::clone(&self.destination)),
        ];
        attributes.extend(error.map(|class| KeyValue::new("error.type", class)));
        attributes
    }
}

struct Interval {
    began: SystemTime,
    elapsed: Duration,
}

/// The class of an engine's error.
pub fn error_type(error: &Error) -> &'static str {
    match error {
        Error::Unreachable(_) => "unreachable",
        Error::NotMigrated(_) => "not-migrated",
        Error::Refused(_) => "refused",
    }
}

fn fail(span: &Span, error: Option<&'static str>) {
    if let Some(class) = error {
        span.set_attribute("error.type", class);
        span.set_status(Status::error(class));
    }
}

fn partition(change: &Change) -> KeyValue {
    KeyValue::new("messaging.destination.partition.id", change.partition.to_string())
}

fn message_id(change: &Change) -> String {
    format!("{}/{}", change.partition, change.offset)
}

/// The context that came with a message. It may be anything: what is no context is none.
fn extract(created: &TraceContext) -> Context {
    global::get_text_map_propagator(|propagator| propagator.extract_with_context(&Context::new(), &Received(created)))
}

struct Received<'a>(&'a TraceContext);

impl Extractor for Received<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}
