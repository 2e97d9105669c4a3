//! The standard variables that the SDK of OpenTelemetry ignores.

use crate::otlp::Got;
use plimsoll_tests::{collector::Collector, webhook::eventually, worker::Queue};
use serde_json::{Value, json};

#[test]
fn what_is_not_supported_is_an_error_of_configuration() {
    let queue = Queue::sqlite();
    for (variable, value, said) in [
        ("OTEL_PROPAGATORS", "b3", "OTEL_PROPAGATORS: `b3` is not supported; write tracecontext, baggage or none"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "OTEL_TRACES_EXPORTER: `zipkin` is not supported; write otlp or none"),
        ("OTEL_LOGS_EXPORTER", "console", "OTEL_LOGS_EXPORTER: `console` is not supported; write otlp or none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "`grpc` is not supported; write http/protobuf"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "`many` is no size of a queue"),
    ] {
        let mut command = queue.command(&["run", "--admin", "127.0.0.1:0"]);
        let outcome = plimsoll_tests::worker::outcome(command.env(variable, value));
        assert_eq!(outcome.code, 78, "{variable}={value}: {outcome:?}");
        assert!(outcome.stderr.contains(said), "{variable}={value}: {outcome:?}");
    }
}

/// Runs one job with these variables; what the worker sent, by its own count, and what came of it.
async fn run(variables: &[(&str, &str)]) -> Option<(Value, Got)> {
    let collector = Collector::start().await?;
    let mut queue = Queue::sqlite().with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint());
    for (variable, value) in variables {
        queue = queue.with(variable, value);
    }
    queue.enqueue("checksum", &json!({}), 1);
    let worker = queue.start(&[]).await;
    eventually("the end of the job", async || Some(queue.status()).filter(|status| status["done"] == 1)).await;
    let telemetry = worker.stop().await.last_words["telemetry"].clone();
    let sent = telemetry["sent"].as_u64().expect("a number") as usize;
    let got =
        eventually("all that was sent", async || Some(Got::read(&collector.text())).filter(|got| got.count() >= sent))
            .await;
    Some((telemetry, got))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_exported_where_the_sdk_is_disabled() {
    let Some((telemetry, got)) = run(&[("OTEL_SDK_DISABLED", "true")]).await else { return };
    assert_eq!(telemetry, json!({ "sent": 0, "failed": 0, "dropped": 0 }));
    assert_eq!(got.count(), 0, "{got:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_signal_can_be_switched_off() {
    let variables = [("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none,prometheus")];
    let Some((_, got)) = run(&variables).await else { return };
    assert_eq!((got.spans.len(), got.exports), (0, 0));
    assert!(!got.records.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_propagators_a_job_begins_a_trace_of_its_own() {
    let Some((_, got)) = run(&[("OTEL_PROPAGATORS", "none")]).await else { return };
    let process = got.spans.iter().find(|span| span.name == "process jobs").expect("a span");
    assert_eq!((&*process.parent, process.links.len()), ("", 0));
}
