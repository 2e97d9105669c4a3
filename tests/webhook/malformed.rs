//! What is no question gets no answer, and is told why.

use expect_test::expect;
use http_body_util::Full;
use hyper::{Method, Request};
use plimsoll_tests::{
    deployment,
    webhook::{Webhook, create, object, update},
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use std::cell::RefCell;

fn review() -> Value {
    create(&object(&deployment("app:1.2.3")))
}

fn without(mut review: Value, pointer: &str) -> Value {
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    review.pointer_mut(parent).and_then(Value::as_object_mut).expect("a parent").remove(field);
    review
}

#[tokio::test]
async fn a_body_that_is_no_review_is_told_what_is_wrong_and_where() {
    let webhook = Webhook::with("").await;
    let mut connection = webhook.connect().await;
    let old = json!({ "apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {} });
    let mut told = String::new();
    for body in [
        String::new(),
        "{".to_owned(),
        "[1]".to_owned(),
        r#"{"apiVersion": 1}"#.to_owned(),
        json!({ "apiVersion": "v1", "kind": "Pod" }).to_string(),
        old.to_string(),
        without(review(), "/request").to_string(),
        without(review(), "/request/uid").to_string(),
        without(review(), "/request/kind/kind").to_string(),
        review().to_string().replace("CREATE", "PATCH"),
        review().to_string() + "}",
        "[".repeat(1000),
    ] {
        let answer = connection.post("/validate", body).await.expect("an answer");
        assert_eq!(answer.status, 400, "{answer:?}");
        told += &answer.text();
    }
    expect![[r#"
        the body is not an AdmissionReview: EOF while parsing a value at line 1 column 0
        the body is not an AdmissionReview: EOF while parsing an object at line 1 column 1
        the body is not an AdmissionReview: invalid type: integer `1`, expected a string at line 1 column 2
        the body is not an AdmissionReview: invalid type: integer `1`, expected a string at line 1 column 16
        kind: expected AdmissionReview, found `Pod`
        the body is not an AdmissionReview: missing field `uid` at line 1 column 78
        request: it is missing
        the body is not an AdmissionReview: missing field `uid` at line 1 column 910
        the body is not an AdmissionReview: missing field `kind` at line 1 column 125
        the body is not an AdmissionReview: unknown variant `PATCH`, expected one of `CREATE`, `UPDATE`, `DELETE`, `CONNECT` at line 1 column 569
        the body is not an AdmissionReview: trailing characters at line 1 column 957
        the body is not an AdmissionReview: invalid type: sequence, expected a string at line 1 column 1
    "#]].assert_eq(&told);
}

#[tokio::test]
async fn every_call_that_is_none_has_its_status_and_its_reason() {
    let webhook = Webhook::with("").await;
    let mut connection = webhook.connect().await;
    let mut told = String::new();
    for (method, path, content_type) in [
        (Method::POST, "/", "application/json"),
        (Method::POST, "/validate/", "application/json"),
        (Method::GET, "/validate", "application/json"),
        (Method::PUT, "/validate/probes", "application/json"),
        (Method::POST, "/validate", "text/plain"),
        (Method::POST, "/validate", ""),
        (Method::POST, "/validate?timeout=soon", "application/json"),
        (Method::POST, "/validate?timeout=5", "application/json"),
        (Method::POST, "/validate?timeout=1s&timeout=2s", "application/json"),
    ] {
        let mut request = Request::builder().method(&method).uri(path).header("host", "webhook");
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Full::from(review().to_string())).expect("a request");
        let answer = connection.send(request).await.expect("an answer");
        told += &format!("{method} {path} {content_type}: {} {}\n", answer.status, answer.text().trim_end());
    }
    expect![[r#"
        POST / application/json: 404 there is nothing here; POST an AdmissionReview to /validate
        POST /validate/ application/json: 404 there is nothing here; POST an AdmissionReview to /validate
        GET /validate application/json: 405 this takes POST, with an AdmissionReview
        PUT /validate/probes application/json: 405 this takes POST, with an AdmissionReview
        POST /validate text/plain: 415 Content-Type: expected application/json, found text/plain
        POST /validate : 415 Content-Type: expected application/json, found nothing
        POST /validate?timeout=soon application/json: 400 timeout: `soon` is not a duration; write it like `30s`, `1m30s` or `500ms`
        POST /validate?timeout=5 application/json: 400 timeout: `5` has no unit; write `5s`
        POST /validate?timeout=1s&timeout=2s application/json: 400 Failed to deserialize query string: duplicate field `timeout`
    "#]].assert_eq(&told);
}

#[tokio::test]
async fn json_is_json_with_parameters_and_in_capitals_too() {
    let webhook = Webhook::with("").await;
    let request =
        Request::post("/validate").header("host", "webhook").header("content-type", "Application/JSON; charset=utf-8");
    let request = request.body(Full::from(review().to_string())).expect("a request");
    assert_eq!(webhook.connect().await.send(request).await.expect("an answer").status, 200);
}

#[test]
fn every_beginning_of_a_review_is_a_400() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let webhook = runtime.block_on(Webhook::with(""));
    let body = review().to_string();
    let mut connection = runtime.block_on(webhook.connect());
    for length in 0..body.len() {
        let answer = runtime.block_on(connection.post("/validate", body[..length].to_owned())).expect("an answer");
        assert_eq!(answer.status, 400, "{length} bytes: {answer:?}");
    }
}

#[test]
fn whatever_arrives_is_never_answered_with_a_500() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let webhook = runtime.block_on(Webhook::with(""));
    let body = review().to_string().into_bytes();
    let connection = RefCell::new(runtime.block_on(webhook.connect()));
    // A review with a few of its bytes replaced.
    let damage = proptest::collection::vec((0..body.len(), any::<u8>()), 1..6);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&damage, |damage| {
            let mut body = body.clone();
            damage.into_iter().for_each(|(index, byte)| body[index] = byte);
            let answer = runtime.block_on(connection.borrow_mut().post("/validate", body));
            let answer = answer.expect("an answer");
            prop_assert!([200, 400].contains(&answer.status), "{answer:?}");
            Ok(())
        })
        .expect("200 or 400");
}

/// A Deployment of so many bytes.
fn large(bytes: usize) -> Value {
    let mut object = object(&deployment("app:1.2.3"));
    object["metadata"]["annotations"] = json!({ "example.com/large": "x".repeat(bytes) });
    object
}

#[tokio::test]
async fn an_update_of_two_large_objects_is_answered_and_what_is_larger_is_told_so() {
    let webhook = Webhook::with("").await;
    let (mut old, new) = (large(3_450_000), large(3_450_000));
    old["spec"]["replicas"] = 2.into();
    let review = update(&old, &new).to_string();
    assert!((6_900_000..7 << 20).contains(&review.len()), "{}", review.len());
    assert_eq!(webhook.connect().await.post("/validate", review).await.expect("an answer").status, 200);

    let review = update(&old, &large(4_000_000)).to_string();
    assert!(review.len() > 7 << 20);
    let answer = webhook.connect().await.post("/validate", review).await.expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (413, "the body has more than 7 MiB\n"));
}

#[tokio::test]
async fn what_is_refused_is_not_repeated_at_length() {
    let webhook = Webhook::with("").await;
    let long = "x".repeat(1_000_000);
    let with = |pointer: &str, value: Value| {
        let mut review = review();
        *review.pointer_mut(pointer).expect("a field") = value;
        review.to_string()
    };
    for (what, body, status) in [
        ("uid", with("/request/uid", long.clone().into()), 400),
        ("kind", with("/kind", long.clone().into()), 400),
        ("operation", with("/request/operation", long.clone().into()), 400),
        ("a wrong type", with("/request", long.clone().into()), 400),
        ("the kind of the object", with("/request/kind/kind", long.clone().into()), 200),
        ("the namespace", with("/request/namespace", long.clone().into()), 200),
        ("the name of the object", with("/request/object/metadata/name", long.clone().into()), 200),
        ("the image", with("/request/object/spec/template/spec/containers/0/image", long.clone().into()), 200),
    ] {
        let answer = webhook.connect().await.post("/validate", body).await.expect("an answer");
        assert_eq!(answer.status, status, "{what}: {}", &answer.text()[..200.min(answer.body.len())]);
        assert!(answer.body.len() < 16 << 10, "{what}: {} bytes", answer.body.len());
    }
    let heads = [
        ("/validate", "x/".repeat(20_000)),
        (&*format!("/validate/{}", "p".repeat(20_000)), "application/json".to_owned()),
    ];
    for (path, content_type) in heads {
        let request = Request::post(path).header("host", "webhook").header("content-type", content_type);
        let request = request.body(Full::from(review().to_string())).expect("a request");
        let answer = webhook.connect().await.send(request).await.expect("an answer");
        assert!([404, 415].contains(&answer.status), "{answer:?}");
        assert!(answer.body.len() < 512, "{} bytes", answer.body.len());
    }
    let timeout = webhook.post(&format!("/validate?timeout={}", "1".repeat(20_000)), &review()).await;
    assert!(timeout.status == 400 && timeout.body.len() < 512, "{timeout:?}");
    let long = webhook.log().into_iter().filter(|line| line.to_string().len() > 8 << 10);
    assert_eq!(long.count(), 0);
}
