//! Traces and metrics over OTLP, seen at a collector that this project did not write.

use http_body_util::Full;
use hyper::Request;
use nix::sys::signal::Signal;
use plimsoll_tests::{
    collector::Collector,
    deployment, folder,
    terminator::Terminator,
    webhook::{Authority, Setup, Webhook, create, eventually, object},
};
use std::{net::TcpListener, time::Duration};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

async fn call(webhook: &Webhook) {
    let body = create(&object(&deployment("app:1.2.3"))).to_string();
    let request = Request::post("/validate")
        .header("host", "webhook")
        .header("content-type", "application/json")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .body(Full::from(body))
        .expect("a request");
    assert_eq!(webhook.connect().await.send(request).await.expect("an answer").status, 200);
}

/// The value of a line `name : value` in a text.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.trim_start().starts_with(name))?;
    line.split_once(": ").map(|(_, value)| value.trim())
}

#[tokio::test]
async fn spans_join_the_trace_of_the_caller_and_metrics_arrive() {
    let Some(collector) = Collector::start().await else { return };
    let endpoint = collector.endpoint();
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("OTEL_SERVICE_NAME", "door")];
    let webhook = Webhook::start(Setup { environment: &environment, ..Setup::default() }).await;
    call(&webhook).await;
    webhook.signal(Signal::SIGTERM);
    assert_eq!(webhook.exited().await.code, Some(0));

    // What was left was sent before the end.
    let spans = eventually("spans", async || {
        let text = collector.text();
        let spans: Vec<String> = text.split("\nSpan #").skip(1).map(str::to_owned).collect();
        (spans.len() >= 2).then_some(spans)
    })
    .await;
    let named = |name: &str| spans.iter().find(|span| value(span, "Name") == Some(name)).expect("a span").as_str();
    let review = named("admission review");
    assert_eq!((value(review, "Trace ID"), value(review, "Parent ID")), (Some(TRACE), Some(PARENT)));
    assert_eq!(value(review, "Kind"), Some("SPAN_KIND_SERVER"));
    let judge = named("judge");
    assert_eq!((value(judge, "Trace ID"), value(judge, "Parent ID")), (Some(TRACE), value(review, "ID")));
    let text = eventually("metrics", async || Some(collector.text()).filter(|text| text.contains("Metric #"))).await;
    for part in ["-> Name: plimsoll.requests\n", "-> Name: plimsoll.request\n", "-> service.name: Str(door)"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

/// Over TLS, to a collector that is trusted by a file, or by the system.
#[tokio::test]
async fn spans_and_metrics_arrive_over_https() {
    let authority = Authority::new();
    let folder = folder([("ca.pem", &*authority.pem())]);
    let file = folder.path().join("ca.pem").display().to_string();
    for variable in ["OTEL_EXPORTER_OTLP_CERTIFICATE", "SSL_CERT_FILE"] {
        let Some(collector) = Collector::start().await else { return };
        let tls = Terminator::before(&collector.endpoint(), &authority.leaf()).await;
        let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*tls.endpoint), (variable, &*file)];
        let webhook = Webhook::start(Setup { environment: &environment, ..Setup::default() }).await;
        call(&webhook).await;
        webhook.signal(Signal::SIGTERM);
        assert_eq!(webhook.exited().await.code, Some(0));
        let arrived = |text: &String| text.contains("\nSpan #") && text.contains("Metric #");
        eventually("spans and metrics", async || Some(collector.text()).filter(arrived)).await;
    }
}

#[tokio::test]
async fn a_collector_that_is_gone_or_hangs_holds_up_neither_calls_nor_the_end() {
    // Nobody listens at the first address; whoever listens at the second never answers.
    let hangs = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    for address in [gone, hangs.local_addr().expect("an address")] {
        let endpoint = format!("http://{address}");
        let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)];
        let webhook = Webhook::start(Setup { environment: &environment, ..Setup::default() }).await;
        call(&webhook).await;
        webhook.signal(Signal::SIGTERM);
        // What is left has three seconds to leave.
        let exited = tokio::time::timeout(Duration::from_secs(5), webhook.exited()).await.expect("it ends in time");
        assert_eq!(exited.code, Some(0), "{:#?}", exited.log);
    }
}
