//! One trace for each job, from where it was put in through each delivery, seen at a collector of somebody else.

use crate::otlp::{Got, Span};
use plimsoll_tests::{collector::Collector, webhook::eventually, worker::Queue};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

const FAST: [&str; 6] = ["--backoff", "10ms", "--max-backoff", "20ms", "--max-attempts", "3"];

/// The only attributes that a span has, with their values.
fn assert_attributes(span: &Span, expected: &[(&str, &str)]) {
    let operation = span.name.split(' ').next().expect("a name").to_owned();
    let kind = match &*operation {
        "ack" | "nack" => "settle".to_owned(),
        _ => operation.clone(),
    };
    let mut attributes: BTreeMap<String, String> = [
        ("messaging.system", "sqlite"),
        ("messaging.destination.name", "jobs"),
        ("messaging.operation.name", &*operation),
        ("messaging.operation.type", &*kind),
    ]
    .into_iter()
    .chain(expected.iter().copied())
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    assert_eq!(span.attributes, std::mem::take(&mut attributes), "{span:#?}");
}

/// The trace of a job that was handed out so often, and ended by this operation.
fn assert_trace(got: &Got, id: &str, handler: &str, errors: &[Option<&str>], last: &str) {
    let processed = got.of("process jobs", id);
    assert_eq!(processed.len(), errors.len(), "deliveries of {handler}: {processed:#?}");
    let send = got.spans.iter().find(|span| span.id == processed[0].parent).expect("what it was put in by");
    assert_eq!((&*send.name, &*send.kind, &*send.parent), ("send jobs", "SPAN_KIND_PRODUCER", ""));
    assert_attributes(send, &[]);
    let created = (send.trace.clone(), send.id.clone());
    let mut settled = got.of("ack jobs", id);
    settled.extend(got.of("nack jobs", id));
    assert_eq!(settled.len(), errors.len(), "settled as often as delivered: {settled:#?}");
    for (number, (span, error)) in processed.iter().zip(errors).enumerate() {
        assert_eq!((&span.trace, &span.parent, &*span.kind), (&created.0, &created.1, "SPAN_KIND_CONSUMER"));
        assert_eq!(span.links, std::slice::from_ref(&created));
        let delivery = (number + 1).to_string();
        let mut attributes =
            vec![("messaging.message.id", id), ("worker.job.handler", handler), ("worker.job.delivery", &*delivery)];
        attributes.extend(error.map(|class| ("error.type", class)));
        assert_attributes(span, &attributes);
        let status = if error.is_some() { "STATUS_CODE_ERROR" } else { "STATUS_CODE_UNSET" };
        assert_eq!(span.status, status);

        let settle = settled.iter().find(|settle| settle.parent == span.id).expect("it is settled inside of the work");
        let operation = if number + 1 == errors.len() { last } else { "nack" };
        assert_eq!((&*settle.name, &settle.trace), (&*format!("{operation} jobs"), &created.0));
        assert_eq!((&*settle.kind, &*settle.status), ("SPAN_KIND_CLIENT", "STATUS_CODE_UNSET"));
        assert_attributes(settle, &[("messaging.message.id", id)]);
    }
    let links = got.spans.iter().filter(|span| span.name == "receive jobs").flat_map(|span| &span.links);
    assert_eq!(links.filter(|link| **link == created).count(), errors.len(), "received as often as delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_where_a_job_is_put_in_through_each_delivery() {
    let Some(collector) = Collector::start().await else { return };
    let queue = Queue::sqlite().with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint());
    let ids: Vec<String> =
        [("sleep", json!({ "ms": 1 })), ("fail", json!({ "times": 2 })), ("fail", json!({ "times": 9 }))]
            .iter()
            .flat_map(|(handler, payload)| queue.enqueue(handler, payload, 1))
            .collect();
    let worker = queue.start(&FAST).await;
    eventually("the end of all jobs", async || Some(queue.status()).filter(|s| s["done"] == 2 && s["dead"] == 1)).await;
    let exited = worker.stop().await;
    assert_eq!(exited.code, Some(0), "{exited:#?}");

    // Each `enqueue` exported its span and its metrics; the worker counted the rest.
    let enqueued = |got: &Got| got.spans.iter().filter(|span| span.name == "send jobs").count();
    let sent = exited.last_words["telemetry"]["sent"].as_u64().expect("a number") as usize;
    let got = eventually("all that was sent", async || {
        Some(Got::read(&collector.text())).filter(|got| enqueued(got) == ids.len() && got.count() >= sent)
    })
    .await;
    assert_trace(&got, &ids[0], "sleep", &[None], "ack");
    assert_trace(&got, &ids[1], "fail", &[Some("failed"), Some("failed"), None], "ack");
    assert_trace(&got, &ids[2], "fail", &[Some("failed"); 3], "nack");
    for span in &got.spans {
        let known = ["send jobs", "receive jobs", "process jobs", "ack jobs", "nack jobs"];
        assert!(known.contains(&&*span.name), "a span that nobody asked for: {span:#?}");
        if span.name == "receive jobs" {
            assert_eq!((&*span.kind, &*span.parent), ("SPAN_KIND_CLIENT", ""));
        }
    }
    for name in [
        "messaging.client.operation.duration",
        "messaging.client.sent.messages",
        "messaging.client.consumed.messages",
        "messaging.process.duration",
        "worker.jobs.outcomes",
    ] {
        assert!(got.metrics.iter().any(|metric| metric == name), "{name} in {:?}", got.metrics);
    }

    // What the log says inside of a job leads to its trace, in the line as well as at the collector.
    let process = got.of("process jobs", &ids[2])[2];
    let inside = |trace: &str, span: &str| trace == process.trace && span == process.id;
    let line = exited.log.iter().find(|line| {
        inside(line["trace_id"].as_str().unwrap_or_default(), line["span_id"].as_str().unwrap_or_default())
    });
    let message = line.expect("a line about the dead letter")["message"].as_str().expect("a text");
    let record = got.records.iter().find(|record| inside(&record.trace, &record.span) && record.body == message);
    assert!(record.is_some(), "{message} in {:#?}", got.records);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_a_change_to_what_comes_of_it() {
    let Some(collector) = Collector::start().await else { return };
    let queue = Queue::sqlite().with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint());
    queue.enqueue("project", &json!({ "key": "k" }), 1);
    let worker = queue.start(&["--mode", "feed"]).await;
    let processed = eventually("the work on the change", async || {
        let got = Got::read(&collector.text());
        let find = |name: &str| got.spans.iter().find(|span| span.name == name).cloned();
        Some((find("send jobs")?, find("receive jobs")?, find("process jobs")?))
    });
    let (send, receive, process) = processed.await;
    assert_eq!(worker.stop().await.code, Some(0));
    let created = vec![(send.trace.clone(), send.id.clone())];
    assert_eq!((&process.trace, &process.parent, &process.links), (&send.trace, &send.id, &created));
    assert_eq!(receive.links, created);
    let id = process.attribute("messaging.message.id").expect("an id");
    let partition = id.split('/').next().expect("a partition");
    let expected = [("messaging.message.id", id), ("messaging.destination.partition.id", partition)];
    assert_attributes(&process, &expected);
    assert_attributes(&receive, &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_posted_belongs_to_the_trace_of_its_caller() {
    let Some(collector) = Collector::start().await else { return };
    let queue = Queue::sqlite().with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint());
    let worker = queue.start(&["--intake", "127.0.0.1:0"]).await;
    worker.ready().await;
    let intake = worker.logged("listening").await["intake"].as_str().expect("an address").to_owned();
    let body = json!({ "handler": "checksum", "payload": {}, "id": "posted" }).to_string();
    let request = format!(
        "POST /jobs HTTP/1.1\r\nhost: intake\r\nconnection: close\r\ncontent-type: application/json\r\n\
         traceparent: 00-{TRACE}-{CALLER}-01\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = String::new();
    let mut connection = TcpStream::connect(intake).expect("it takes calls");
    connection.write_all(request.as_bytes()).expect("it reads");
    connection.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    eventually("the end of the job", async || Some(queue.status()).filter(|status| status["done"] == 1)).await;
    assert_eq!(worker.stop().await.code, Some(0));
    let (send, process) = eventually("the spans", async || {
        let got = Got::read(&collector.text());
        let find = |name: &str| got.spans.iter().find(|span| span.name == name).cloned();
        Some((find("send jobs")?, find("process jobs")?))
    })
    .await;
    assert_eq!((&*send.trace, &*send.parent), (TRACE, CALLER));
    assert_eq!((&*process.trace, &process.parent), (TRACE, &send.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_resource_says_which_container_of_which_pod() {
    let Some(collector) = Collector::start().await else { return };
    let queue = Queue::sqlite()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint())
        .with("POD_NAMESPACE", "shop")
        .with("POD_NAME", "worker-0")
        .with("POD_UID", "5c0e")
        .with("NODE_NAME", "node-1")
        .with("CONTAINER_NAME", "worker")
        .with("OTEL_RESOURCE_ATTRIBUTES", "service.name=orders,deployment.environment.name=test,k8s.pod.name=no");
    queue.start(&[]).await.stop().await;
    let got = eventually("metrics", async || Some(Got::read(&collector.text())).filter(|got| got.exports > 0)).await;
    for (name, value) in [
        ("service.name", "orders"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", "shop.worker-0.worker"),
        ("k8s.namespace.name", "shop"),
        ("k8s.pod.name", "worker-0"),
        ("k8s.pod.uid", "5c0e"),
        ("k8s.node.name", "node-1"),
        ("k8s.container.name", "worker"),
        ("deployment.environment.name", "test"),
    ] {
        assert!(
            got.resources.iter().all(|resource| resource.get(name).is_some_and(|is| is == value)),
            "{name}: {got:#?}"
        );
    }
}
