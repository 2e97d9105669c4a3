//! A sample that does real work: it calls a service, which does each job once, however often it is called.

use super::{Context, Handler, HandlerError, payload};
use crate::{job::Job, tls::Trust};
use async_trait::async_trait;
use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::Deserialize;
use serde_json::Value;
use std::{env, time::Duration};

/// The service: one for all jobs, because whoever puts a job into the queue must not choose whom the worker calls.
const SERVICE: &str = "WORKER_CALL_URL";

/// So much of an answer is told, in bytes.
const TOLD: usize = 200;

/// `call {"path": "/invoices", "body": {}}`: posts a body to the service at `WORKER_CALL_URL`, with the job's id as
/// `Idempotency-Key`. An answer may be lost, and the worker may die: then the call comes again, with the same key.
pub(super) struct Call {
    service: Option<String>,
    /// Or why there is none.
    client: Result<Client, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallPayload {
    path: String,
    #[serde(default)]
    body: Value,
}

impl Call {
    /// To the service that the environment names.
    pub(super) fn from_env() -> Self {
        let service = env::var(SERVICE).ok().map(|url| url.trim_end_matches('/').to_owned());
        let client = client(service.as_deref().unwrap_or_default());
        Call { service, client }
    }
}

#[async_trait]
impl Handler for Call {
    async fn handle(&self, job: &Job, context: &Context) -> Result<(), HandlerError> {
        let CallPayload { path, body } = payload(job)?;
        let Some(service) = &self.service else {
            return Err(HandlerError::Rejected(format!("there is no service to call: set {SERVICE}")));
        };
        // Anything else would make another host of it.
        if !path.starts_with('/') {
            return Err(HandlerError::Rejected(format!("payload of `call`: the path `{path}` does not begin with /")));
        }
        let client = self.client.as_ref().map_err(|error| HandlerError::Failed(error.clone()))?;
        let call = client
            .post(format!("{service}{path}"))
            .header("idempotency-key", &job.id)
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        tokio::select! {
            answer = call.send() => outcome(answer.map_err(failed)?).await,
            // It may have arrived: the key makes that harmless.
            _ = context.cancel.cancelled() => Err(HandlerError::Interrupted),
        }
    }
}

/// One that trusts the authorities of the system where the service wants to be called over TLS.
fn client(service: &str) -> Result<Client, String> {
    let builder = match Trust::of(service, None).certificates()? {
        Some(only) => Client::builder().tls_certs_only(only),
        None => Client::builder(),
    };
    builder.build().map_err(|error| format!("{SERVICE}: no authority of this system can be read: {error}"))
}

async fn outcome(answer: Response) -> Result<(), HandlerError> {
    let (status, after) = (answer.status(), retry_after(&answer));
    if status.is_success() {
        return Ok(());
    }
    let mut text = answer.text().await.unwrap_or_default();
    text.truncate(text.floor_char_boundary(TOLD));
    let error = format!("{status}: {text}");
    let another_time = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    match after {
        Some(after) => Err(HandlerError::Later { after, error }),
        None if status.is_server_error() || another_time.contains(&status) => Err(HandlerError::Failed(error)),
        None => Err(HandlerError::Rejected(error)),
    }
}

/// In seconds; services also write a date, which needs a clock.
fn retry_after(answer: &Response) -> Option<Duration> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// Without the URL: there may be a password in it.
fn failed(error: reqwest::Error) -> HandlerError {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    HandlerError::Failed(format!("{error}{cause}"))
}
