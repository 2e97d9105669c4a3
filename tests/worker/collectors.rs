//! The end of a worker, whatever its collector does: in time, and with a true account.

use crate::otlp::Got;
use http_body_util::{BodyExt, Empty};
use hyper::{Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use nix::sys::signal::Signal;
use plimsoll_tests::{
    collector::Collector,
    webhook::eventually,
    worker::{Exited, Queue},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::net::TcpListener;

/// F: to settle takes two seconds at most, and to flush five.
const FLUSH: Duration = Duration::from_secs(7);

/// A collector that is not well.
struct Sick {
    endpoint: String,
    requests: Arc<AtomicU64>,
}

impl Sick {
    /// Answers each request with this status after this time.
    async fn start(status: u16, after: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                let answer = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    count.fetch_add(1, Relaxed);
                    async move {
                        let _ = request.collect().await;
                        tokio::time::sleep(after).await;
                        Response::builder().status(status).body(Empty::<Bytes>::new())
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        Sick { endpoint, requests }
    }
}

pub(crate) struct Account {
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    pub(crate) dropped: u64,
}

impl Account {
    /// As the last words have it.
    pub(crate) fn of(exited: &Exited) -> Self {
        let number = |name: &str| exited.last_words["telemetry"][name].as_u64();
        let [sent, failed, dropped] = ["sent", "failed", "dropped"].map(|name| number(name).expect("a number"));
        Account { sent, failed, dropped }
    }
}

/// Lets a worker do so many jobs, and tells it to stop.
pub(crate) async fn run(endpoint: &str, jobs: usize, variables: &[(&str, &str)]) -> Exited {
    let mut queue = Queue::sqlite();
    queue.enqueue("checksum", &json!({}), jobs);
    queue = queue.with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    for (variable, value) in variables {
        queue = queue.with(variable, value);
    }
    let worker = queue.start(&[]).await;
    let done =
        async || worker.metric("worker_jobs_outcomes_total{outcome=\"done\"}").await.filter(|n| *n == jobs as f64);
    eventually("the end of all jobs", done).await;
    let exited = worker.stop().await;
    assert_eq!(exited.code, Some(0), "{exited:#?}");
    assert!(exited.after < FLUSH, "the end took {:?}", exited.after);
    exited
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_well_gets_what_the_last_words_say() {
    let Some(collector) = Collector::start().await else { return };
    let exited = run(&collector.endpoint(), 50, &[]).await;
    got_all(&collector, &exited, 50).await;
}

/// The collector has what the last words say, and the spans of so many jobs.
pub(crate) async fn got_all(collector: &Collector, exited: &Exited, jobs: usize) {
    let account = Account::of(exited);
    assert_eq!((account.failed, account.dropped), (0, 0), "{exited:#?}");
    let got = eventually("all that was sent", async || {
        Some(Got::read(&collector.text())).filter(|got| got.count() as u64 >= account.sent)
    })
    .await;
    assert_eq!(got.count() as u64, account.sent);
    // A job has a span for the work on it and one for its settlement.
    let count = |name: &str| got.spans.iter().filter(|span| span.name == name).count();
    assert_eq!((count("process jobs"), count("ack jobs")), (jobs, jobs));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_collector_is_waited_for() {
    let collector = Sick::start(200, Duration::from_secs(2)).await;
    let exited = run(&collector.endpoint, 5, &[]).await;
    let account = Account::of(&exited);
    assert!(account.sent >= 10, "{exited:#?}");
    assert_eq!((account.failed, account.dropped), (0, 0), "{exited:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_collector_is_not_waited_for_longer_than_the_contract_says() {
    // The exports give up after a minute: it is the flush that keeps the time.
    let collector = Sick::start(200, Duration::from_secs(3600)).await;
    let exited = run(&collector.endpoint, 5, &[("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")]).await;
    let account = Account::of(&exited);
    assert!(collector.requests.load(Relaxed) > 0);
    assert!(account.dropped >= 10, "{exited:#?}");
    assert_eq!((account.sent, account.failed), (0, 0), "{exited:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_arrive_has_failed() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let mut endpoints = vec![format!("http://{gone}")];
    for status in [400, 429, 503] {
        endpoints.push(Sick::start(status, Duration::ZERO).await.endpoint);
    }
    for endpoint in endpoints {
        let exited = run(&endpoint, 5, &[]).await;
        let account = Account::of(&exited);
        assert!(account.failed >= 10, "{endpoint}: {exited:#?}");
        assert_eq!((account.sent, account.dropped), (0, 0), "{endpoint}: {exited:#?}");
        // It is said once for each signal, not each time.
        let said = |line: &&Value| line["message"] == "telemetry does not reach the collector";
        assert_eq!(exited.log.iter().filter(said).count(), 3, "{:#?}", exited.log);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_dropped_and_slows_nothing() {
    let Some(collector) = Collector::start().await else { return };
    let small = [("OTEL_BSP_MAX_QUEUE_SIZE", "8"), ("OTEL_BSP_SCHEDULE_DELAY", "60000")];
    let exited = run(&collector.endpoint(), 500, &small).await;
    let account = Account::of(&exited);
    assert!(account.dropped > 0 && account.sent + account.dropped >= 1000, "{exited:#?}");
    assert_eq!(account.failed, 0, "{exited:#?}");
    let got = eventually("all that was sent", async || {
        Some(Got::read(&collector.text())).filter(|got| got.count() as u64 >= account.sent)
    })
    .await;
    assert_eq!(got.count() as u64, account.sent);
}

/// Has a job block every thread of the worker's jobs, and tells it to stop: all telemetry must arrive.
pub(crate) async fn hang(queue: Queue) {
    queue.enqueue("hang", &json!({}), 1);
    let worker = queue.start(&["--chaos", "--shutdown-timeout", "500ms"]).await;
    worker.logged("hang on demand").await;
    let exited = worker.stop().await;
    assert_eq!(exited.code, Some(75), "{exited:#?}");
    let account = Account::of(&exited);
    assert!(account.sent > 0, "{exited:#?}");
    assert_eq!((account.failed, account.dropped), (0, 0), "{exited:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_is_blocked_holds_no_telemetry_back() {
    let collector = Sick::start(200, Duration::from_millis(200)).await;
    hang(Queue::sqlite().with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_waits_for_nothing_and_still_accounts_for_it() {
    let collector = Sick::start(200, Duration::from_secs(3600)).await;
    let queue = Queue::sqlite().with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint);
    queue.enqueue("sleep", &json!({ "ms": 60_000 }), 1);
    let worker = queue.start(&[]).await;
    eventually("a job", async || worker.metric("worker_jobs_in_flight").await.filter(|jobs| *jobs == 1.0)).await;
    worker.signal(Signal::SIGINT);
    eventually("the drain", async || worker.metric("worker_state{state=\"draining\"}").await.filter(|is| *is == 1.0))
        .await;
    worker.signal(Signal::SIGINT);
    let exited = worker.exited().await;
    assert_eq!(exited.code, Some(130), "{exited:#?}");
    assert!(exited.after < Duration::from_secs(1), "the end took {:?}", exited.after);
    let account = Account::of(&exited);
    assert!(account.dropped > 0 && account.sent == 0, "{exited:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_called_off_waits_for_no_collector() {
    let collector = Sick::start(200, Duration::from_secs(3600)).await;
    let queue = Queue::sqlite().with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint);
    let queue = queue.with("WORKER_QUEUE_URL", "nats://127.0.0.1:1");
    let exited = queue.start(&[]).await.stop().await;
    assert_eq!(exited.code, Some(0), "{exited:#?}");
    assert!(exited.after < Duration::from_secs(1), "the end took {:?}", exited.after);
    let account = Account::of(&exited);
    assert_eq!((account.sent, account.failed), (0, 0), "{exited:#?}");
    assert!(account.dropped > 0, "{exited:#?}");
}
