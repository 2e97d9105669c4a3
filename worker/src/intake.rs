//! Takes jobs in over HTTP: `POST /jobs {"handler": "sleep", "payload": {"ms": 50}}` answers 202 with the job's id; or 200 if
//! the caller gave an id that is there already.
//!
//! Nothing holds up an end: idle connections are closed, and what is under way is answered; a request of which half has come
//! has a second for the rest.

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
use std::{
    future::IntoFuture,
    io,
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longest body, in bytes; well below what a message of NATS may have.
const BODY: usize = 256 * 1024;

/// How long a request may take to arrive whole once the intake is closed.
const REST: Duration = Duration::from_secs(1);

/// Where taken jobs go.
pub(crate) struct Intake {
    engine: Arc<dyn Engine>,
    messaging: Messaging,
    /// Read as long as a request is answered.
    under_way: RwLock<()>,
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
    /// Into this queue.
    pub(crate) fn new(engine: Arc<dyn Engine>, messaging: Messaging) -> Self {
        Intake { engine, messaging, under_way: RwLock::default() }
    }

    /// Serves until it is told to close and what was under way is answered.
    ///
    /// # Errors
    /// The listener fails.
    pub(crate) async fn serve(self, listener: TcpListener, close: CancellationToken) -> io::Result<()> {
        let intake = Arc::new(self);
        let routes =
            Router::new().route("/jobs", post(take)).layer(DefaultBodyLimit::max(BODY)).with_state(intake.clone());
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let served = axum::serve(listener, routes).with_graceful_shutdown(close.clone().cancelled_owned());
        let rest = async {
            close.cancelled().await;
            tokio::time::sleep(REST).await;
            drop(intake.under_way.write().await);
        };
        tokio::select! {
            served = served.into_future() => served,
            () = rest => {
                tracing::warn!("a request did not come whole in time; the intake is closed without it");
                Ok(())
            }
        }
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
    let _under_way = intake.under_way.read().await;
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
        Ok(new) if new == [false] => (StatusCode::OK, Json(json!({ "id": id, "already_there": true }))),
        Ok(_) => (StatusCode::ACCEPTED, Json(json!({ "id": id }))),
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
