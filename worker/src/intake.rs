//! Takes jobs in over HTTP: `POST /jobs {"handler": "sleep", "payload": {"ms": 50}}` answers 202 with the job's id.
//!
//! Idle connections do not hold up an end: they are closed, and what is under way is answered.

use crate::{
    engine::{Engine, Error},
    job::{self, Job, TraceContext},
    telemetry::{Messaging, error_type},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{io, net::TcpListener, sync::Arc, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longest body, in bytes; well below what a message of NATS may have.
const BODY: usize = 256 * 1024;

/// Where taken jobs go.
#[derive(Clone)]
pub(crate) struct Intake {
    /// The queue.
    pub(crate) engine: Arc<dyn Engine>,
    /// Spans and metrics.
    pub(crate) messaging: Messaging,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    handler: String,
    #[serde(default)]
    payload: Map<String, Value>,
    id: Option<String>,
}

impl Intake {
    /// Serves until it is told to close and what was under way is answered.
    ///
    /// # Errors
    /// The listener fails.
    pub(crate) async fn serve(self, listener: TcpListener, close: CancellationToken) -> io::Result<()> {
        let routes =
            Router::new().route("/jobs", post(take)).layer(DefaultBodyLimit::max(BODY)).with_state(Arc::new(self));
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, routes).with_graceful_shutdown(close.cancelled_owned()).await
    }
}

async fn take(
    State(intake): State<Arc<Intake>>,
    headers: HeaderMap,
    order: Result<Json<Order>, JsonRejection>,
) -> (StatusCode, Json<Value>) {
    let Json(order) = match order {
        Ok(order) => order,
        Err(error) => return refused(error.status(), &error.body_text()),
    };
    let id = order.id.unwrap_or_else(|| Uuid::now_v7().to_string());
    if let Err(error) = crate::settings::name(&id) {
        return refused(StatusCode::BAD_REQUEST, &format!("id: {error}"));
    }
    if let Err(error) = crate::settings::name(&order.handler) {
        return refused(StatusCode::BAD_REQUEST, &format!("handler: {error}"));
    }
    let payload = Value::Object(order.payload);
    if let Err(error) = job::check_payload(&payload) {
        return refused(StatusCode::BAD_REQUEST, &format!("payload: {error}"));
    }
    let span = intake.messaging.send_for(&context(&headers));
    let trace: TraceContext = intake.messaging.trace_context(&span);
    let job = Job { id: id.clone(), handler: order.handler, payload, trace };
    let began = Instant::now();
    let sent = intake.engine.enqueue(&[job]).await;
    intake.messaging.sent(&span, 1, began.elapsed(), sent.as_ref().err().map(error_type));
    match sent {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "id": id }))),
        Err(error @ Error::Refused(_)) => refused(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(error) => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn refused(status: StatusCode, error: &str) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "error": error })))
}

/// What a caller said of its trace, among the rest.
fn context(headers: &HeaderMap) -> TraceContext {
    let text =
        |(name, value): (&HeaderName, &HeaderValue)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()));
    headers.iter().filter_map(text).collect()
}
