//! Takes jobs in over HTTP: `POST /jobs {"handler": "sleep", "payload": {"ms": 50}}` answers 202 with the job's id; or 200 if
//! the caller gave an id that is there already. `"delay": "30s"` or `"run_at": "2026-11-30T20:00:00Z"` puts it off. `DELETE /jobs/ID`
//! takes it out again (200), or has its handler told to end (202).
//!
//! Nothing holds up an end: idle connections are closed, and what is under way is answered; a request of which half has come
//! has a second for the rest.

use crate::{
    engine::{Engine, Error},
    job::{self, Cancellation, Job, TraceContext},
    settings,
    telemetry::{Messaging, error_type},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    routing::{delete, post},
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
    delay: Option<String>,
    run_at: Option<String>,
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
        let routes = Router::new()
            .route("/jobs", post(take))
            .route("/jobs/{id}", delete(cancel))
            .layer(DefaultBodyLimit::max(BODY))
            .with_state(intake.clone());
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

type Answer = (StatusCode, Json<Value>);

async fn take(
    State(intake): State<Arc<Intake>>,
    headers: HeaderMap,
    order: Result<Json<Order>, JsonRejection>,
) -> Answer {
    let Json(order) = match order {
        Ok(order) => order,
        Err(error) => return refused(error.status(), &error.body_text()),
    };
    let _under_way = intake.under_way.read().await;
    let delay = match intake.delay(order.delay.as_deref(), order.run_at.as_deref()).await {
        Ok(delay) => delay,
        Err(answer) => return answer,
    };
    let id = order.id.unwrap_or_else(|| Uuid::now_v7().to_string());
    if let Err(error) = settings::name(&id) {
        return refused(StatusCode::BAD_REQUEST, &format!("id: {error}"));
    }
    if let Err(error) = settings::name(&order.handler) {
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
    let sent = intake.engine.enqueue_after(&[job], delay).await;
    intake.messaging.sent(&span, 1, began.elapsed(), sent.as_ref().err().map(error_type));
    match sent {
        Ok(new) if new == [false] => (StatusCode::OK, Json(json!({ "id": id, "already_there": true }))),
        Ok(_) => (StatusCode::ACCEPTED, Json(json!({ "id": id }))),
        Err(error) => failed(&error),
    }
}

async fn cancel(State(intake): State<Arc<Intake>>, Path(id): Path<String>) -> Answer {
    let _under_way = intake.under_way.read().await;
    match intake.engine.cancel(&id).await {
        Ok(Cancellation::TakenOut) => (StatusCode::OK, Json(json!({ "id": id, "cancelled": true }))),
        Ok(Cancellation::Asked) => (StatusCode::ACCEPTED, Json(json!({ "id": id, "told_to_end": true }))),
        Ok(Cancellation::Missing) => refused(StatusCode::NOT_FOUND, "no job of that id waits or runs"),
        Err(error) => failed(&error),
    }
}

impl Intake {
    /// How long a job is put off.
    async fn delay(&self, delay: Option<&str>, run_at: Option<&str>) -> Result<Duration, Answer> {
        let wrong = |what: &str, error: &str| refused(StatusCode::BAD_REQUEST, &format!("{what}: {error}"));
        match (delay, run_at) {
            (None, None) => Ok(Duration::ZERO),
            (Some(delay), None) => settings::duration(delay).map_err(|error| wrong("delay", &error)),
            (None, Some(moment)) => {
                let moment = settings::moment(moment).map_err(|error| wrong("run_at", &error))?;
                self.engine.until(moment).await.map_err(|error| failed(&error))
            }
            (Some(_), Some(_)) => Err(wrong("delay and run_at", "one of them is enough")),
        }
    }
}

fn failed(error: &Error) -> Answer {
    match error {
        Error::Refused(_) => refused(StatusCode::BAD_REQUEST, &error.to_string()),
        _ => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn refused(status: StatusCode, error: &str) -> Answer {
    (status, Json(json!({ "error": error })))
}

/// What a caller said of its trace, among the rest.
fn context(headers: &HeaderMap) -> TraceContext {
    let text =
        |(name, value): (&HeaderName, &HeaderValue)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()));
    headers.iter().filter_map(text).collect()
}
