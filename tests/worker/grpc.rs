//! OTLP over gRPC, which a feature of the worker adds: `make grpc` builds it and runs these.

use crate::collectors::{Account, got_all, hang, run};
use plimsoll_tests::{collector::Collector, worker::Queue};
use std::net::TcpListener;

const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make grpc"]
async fn a_collector_gets_what_the_last_words_say() {
    let Some(collector) = Collector::start().await else { return };
    let exited = run(&collector.grpc_endpoint(), 50, &[GRPC]).await;
    got_all(&collector, &exited, 50).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make grpc"]
async fn a_runtime_that_is_blocked_holds_no_telemetry_back() {
    let Some(collector) = Collector::start().await else { return };
    let queue = Queue::sqlite().with(GRPC.0, GRPC.1);
    hang(queue.with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.grpc_endpoint())).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make grpc"]
async fn a_collector_that_is_gone_or_silent_costs_telemetry_and_no_time() {
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    for address in [gone, silent.local_addr().expect("an address")] {
        let exited = run(&format!("http://{address}"), 5, &[GRPC, ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")]).await;
        let account = Account::of(&exited);
        assert_eq!(account.sent, 0, "{exited:#?}");
        assert!(account.failed + account.dropped >= 10, "{exited:#?}");
    }
}
