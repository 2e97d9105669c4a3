//! What a real Prometheus reads after a known run.

use plimsoll_tests::{prometheus::Prometheus, webhook::eventually, worker::Queue};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_reads_what_became_of_each_delivery() {
    let queue = Queue::sqlite();
    queue.enqueue("checksum", &json!({}), 5);
    queue.enqueue("fail", &json!({ "times": 2 }), 1);
    queue.enqueue("fail", &json!({ "times": 9 }), 1);
    let worker = queue.start(&["--backoff", "10ms", "--max-backoff", "20ms", "--max-attempts", "3"]).await;
    let Some(prometheus) = Prometheus::start(worker.admin) else { return };
    eventually("the end of all jobs", async || Some(queue.status()).filter(|s| s["done"] == 6 && s["dead"] == 1)).await;
    for (query, expected) in [
        ("worker_jobs_outcomes_total{outcome=\"done\"}", "6"),
        ("worker_jobs_outcomes_total{outcome=\"retry\"}", "4"),
        ("worker_jobs_outcomes_total{outcome=\"dead\"}", "1"),
        ("worker_jobs_outcomes_total{outcome=\"lost\"}", "0"),
        ("worker_jobs_outcomes_total{outcome=\"fenced\"}", "0"),
        ("worker_jobs_in_flight", "0"),
        ("worker_jobs_released_total", "0"),
        ("worker_leases_held", "0"),
        ("worker_leases_lost_total", "0"),
        ("worker_state{state=\"running\"}", "1"),
        ("sum(worker_state)", "1"),
        ("worker_queue_lag", "0"),
        (
            "messaging_client_consumed_messages_total{messaging_system=\"sqlite\",messaging_destination_name=\"jobs\"}",
            "11",
        ),
        ("sum(messaging_process_duration_seconds_count)", "11"),
        ("messaging_process_duration_seconds_count{error_type=\"failed\"}", "5"),
        ("messaging_process_duration_seconds_bucket{error_type=\"\",le=\"3600\"}", "6"),
        ("messaging_client_operation_duration_seconds_count{messaging_operation_name=\"ack\"}", "6"),
        ("messaging_client_operation_duration_seconds_count{messaging_operation_name=\"nack\"}", "5"),
        ("sum(worker_telemetry_failed_total)", "0"),
    ] {
        prometheus.value(query, |value| value == expected).await;
    }
}
