//! What the API server calls: `POST /validate`, and `POST /validate/{policy}` for one policy.

use super::{
    body::{Bodies, NotRead},
    drain::Draining,
    evaluations::{Call, Evaluations, Reviewed},
    metrics::{Ended, Metrics},
};
use crate::{
    did_you_mean,
    judge::api_rules,
    review::{Decision, LINE, Operation, Outcome, Weight, shown},
};
use axum::{
    Json, Router,
    body::HttpBody,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::post,
};
use opentelemetry_http::HeaderExtractor;
use serde::Deserialize;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// How much earlier than the API server gives up an answer is sent.
const MARGIN: Duration = Duration::from_millis(100);

/// Most bytes that are quoted of a header or a path.
const QUOTED: usize = 128;

/// What the routes share.
pub struct Routes {
    /// What reads them.
    pub bodies: Bodies,
    /// Where they are judged.
    pub evaluations: Arc<Evaluations>,
    /// What counts them.
    pub metrics: Arc<Metrics>,
    /// The longest that an answer takes, whatever the API server says.
    pub timeout: Duration,
    /// Whether connections should go elsewhere.
    pub draining: Draining,
}

/// What the API server adds to the path.
#[derive(Debug, Deserialize)]
struct Asked {
    timeout: Option<String>,
}

/// A call that gets no answer, and why.
type Refusal = (StatusCode, String);

/// A call that is not judged.
enum NoCall {
    /// It makes no sense.
    Refused(Refusal),
    /// There is no room for it.
    Shed(Refusal),
}

impl From<Refusal> for NoCall {
    fn from(refusal: Refusal) -> Self {
        NoCall::Refused(refusal)
    }
}

/// The routes of the webhook.
pub fn routes(routes: Arc<Routes>) -> Router {
    Router::new()
        .route("/validate", post(validate))
        .route("/validate/{policy}", post(validate_one))
        .fallback(unknown_path)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&routes), close_while_draining))
        .with_state(routes)
}

async fn validate(State(routes): State<Arc<Routes>>, Query(asked): Query<Asked>, request: Request) -> Response {
    routes.answer(None, &asked, request).await
}

async fn validate_one(
    State(routes): State<Arc<Routes>>,
    Path(policy): Path<String>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    routes.answer(Some(policy), &asked, request).await
}

async fn unknown_path() -> Refusal {
    (StatusCode::NOT_FOUND, "there is nothing here; POST an AdmissionReview to /validate\n".to_owned())
}

async fn other_method() -> impl IntoResponse {
    let why = "this takes POST, with an AdmissionReview\n";
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], why)
}

/// A connection that is kept alive stays with this replica whatever its Service says: so the API server is told, with
/// each answer, to open another.
async fn close_while_draining(State(routes): State<Arc<Routes>>, request: Request, next: Next) -> Response {
    let _call = routes.draining.call();
    let mut response = next.run(request).await;
    if routes.draining.has_begun() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

impl Routes {
    async fn answer(&self, only: Option<String>, asked: &Asked, request: Request) -> Response {
        let start = Instant::now();
        let span = tracing::info_span!(
            "admission review",
            otel.kind = "server",
            http.request.method = "POST",
            operation = tracing::field::Empty,
            object = tracing::field::Empty,
            outcome = tracing::field::Empty,
        );
        let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.extract(&HeaderExtractor(request.headers()))
        });
        // Without a collector there is no layer to tell.
        let _ = span.set_parent(parent);
        let (response, about, ended) = self.review(only, asked, request, start).instrument(span.clone()).await;
        let about = about.as_ref().map(|(operation, kind)| (*operation, kind.as_str()));
        self.metrics.ended(about, ended, start.elapsed(), &self.evaluations.policies().judge().kinds);
        response
    }

    async fn review(
        &self,
        only: Option<String>,
        asked: &Asked,
        request: Request,
        start: Instant,
    ) -> (Response, Option<(Operation, String)>, Ended) {
        let call = match self.call(only, asked, request, start).await {
            Ok(call) => call,
            Err(NoCall::Refused(refusal)) => return (refuse(refusal), None, Ended::Malformed),
            // Counted and not logged: a line for each would be more work than was saved.
            Err(NoCall::Shed(refusal)) => return (refusal.into_response(), None, Ended::Shed),
        };
        match self.evaluations.review(call).await {
            Reviewed::Decided(decision, about) => {
                let ended = Ended::of(&decision);
                (answer(&decision, Some(about.operation)), Some((about.operation, about.kind)), ended)
            }
            Reviewed::TooLate(decision) => (answer(&decision, None), None, Ended::DeadlineMissed),
            Reviewed::TooLarge(decision) => (answer(&decision, None), None, Ended::Failed),
            Reviewed::Shed => {
                let why = "plimsoll judges as many reviews as it can; the API server does what failurePolicy says\n";
                ((StatusCode::TOO_MANY_REQUESTS, why).into_response(), None, Ended::Shed)
            }
            Reviewed::Malformed(why) => (refuse((StatusCode::BAD_REQUEST, format!("{why}\n"))), None, Ended::Malformed),
        }
    }

    /// Everything that makes sense of a request before anybody judges it.
    async fn call(
        &self,
        only: Option<String>,
        asked: &Asked,
        request: Request,
        start: Instant,
    ) -> Result<Call, NoCall> {
        let deadline = start + self.time(asked)?;
        if let Some(policy) = &only {
            self.check_policy(policy)?;
        }
        check_content_type(request.headers())?;
        let declared = request.body().size_hint().exact();
        let reading = self.bodies.read(request.into_body(), declared);
        let body = timeout_at(deadline, reading)
            .await
            .map_err(|_| (StatusCode::REQUEST_TIMEOUT, "the body did not arrive before the deadline\n".to_owned()))?;
        let body = body.map_err(|not_read| match not_read {
            NotRead::NoRoom => NoCall::Shed(not_read.refusal()),
            NotRead::TooLarge | NotRead::Broken(_) => NoCall::Refused(not_read.refusal()),
        })?;
        Ok(Call { body, only, deadline })
    }

    fn time(&self, asked: &Asked) -> Result<Duration, Refusal> {
        let theirs = asked.timeout.as_deref().map(|text| {
            let duration: Result<plimsoll_policy::Duration, _> = text.parse();
            duration
                .map(|duration| Duration::from_millis(duration.as_millis()))
                .map_err(|error| (StatusCode::BAD_REQUEST, format!("timeout: {}\n", shown(&error.to_string(), QUOTED))))
        });
        let time = theirs.transpose()?.map_or(self.timeout, |theirs| theirs.min(self.timeout));
        // Of a short time a part is left.
        Ok(time.saturating_sub(MARGIN).max(time / 2))
    }

    fn check_policy(&self, policy: &str) -> Result<(), Refusal> {
        let judge = self.evaluations.policies().judge();
        let of_modules = judge.descriptions().map(|description| description.id.as_str());
        let known: Vec<&str> = of_modules.chain([api_rules::POLICY]).collect();
        if known.contains(&policy) {
            return Ok(());
        }
        Err((StatusCode::NOT_FOUND, format!("{}\n", did_you_mean::unknown("policy", &shown(policy, QUOTED), known))))
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let found = headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    match found.as_deref().map(|text| text.split(';').next().unwrap_or_default().trim()) {
        Some(text) if text.eq_ignore_ascii_case("application/json") => Ok(()),
        found => {
            let found = shown(found.unwrap_or("nothing"), QUOTED);
            let why = format!("Content-Type: expected application/json, found {found}\n");
            Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why))
        }
    }
}

fn refuse((status, why): Refusal) -> Response {
    tracing::warn!(status = status.as_u16(), why = shown(why.trim_end(), LINE), "call refused");
    (status, why).into_response()
}

fn answer(decision: &Decision, operation: Option<Operation>) -> Response {
    let span = tracing::Span::current();
    span.record("object", tracing::field::display(&decision.object));
    span.record("outcome", tracing::field::debug(decision.outcome));
    span.record("operation", operation.map(Operation::name));
    let rules = || {
        let counted = decision.findings.iter().filter(|f| !matches!(f.weight, Weight::Silent | Weight::Excepted));
        let rules: BTreeSet<&str> = counted.map(|f| f.finding.rule.as_str()).collect();
        shown(&rules.into_iter().collect::<Vec<_>>().join(","), LINE)
    };
    match decision.outcome {
        Outcome::Denied => {
            tracing::info!(uid = decision.uid, object = %decision.object, rules = rules(), "denied");
        }
        outcome => tracing::debug!(uid = decision.uid, object = %decision.object, ?outcome, rules = rules(), "allowed"),
    }
    Json(decision.answer()).into_response()
}
