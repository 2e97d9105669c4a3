//! What `plimsoll doctor` and an audit read from a cluster, and what they make of it.

mod access;
pub mod audit;
pub mod doctor;
pub mod reports;
mod trust;

pub use access::{Access, Cluster, READ};
pub use trust::verify;

use anyhow::{Context, Result};
use k8s_openapi::api::{
    admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration},
    apps::v1::Deployment,
    core::v1::{Namespace, Secret},
    policy::v1::PodDisruptionBudget,
};
use kube::{
    Api, Client,
    api::{GetParams, ListParams, ObjectMeta, PostParams},
    client::Body,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Labels of namespaces, by their names.
pub type Labels = BTreeMap<String, BTreeMap<String, String>>;

/// Names of an installation.
#[derive(Debug, Clone)]
pub struct InstallationNames {
    /// Of the ValidatingWebhookConfiguration and the Deployment.
    pub name: String,
    /// Where the webhook runs.
    pub namespace: String,
    /// The Secret with its certificate.
    pub secret: String,
    /// Where to try a Deployment, as a dry run.
    pub probe_namespace: String,
}

/// An installation as the API server tells it.
#[derive(Debug, Default)]
pub struct Installation {
    /// The configuration that calls it.
    pub configuration: Option<ValidatingWebhookConfiguration>,
    /// All others.
    pub validating: Vec<ValidatingWebhookConfiguration>,
    /// All of that kind.
    pub mutating: Vec<MutatingWebhookConfiguration>,
    /// Its Deployment.
    pub deployment: Option<Deployment>,
    /// Every budget in its namespace.
    pub budgets: Vec<PodDisruptionBudget>,
    /// What every namespace is labelled with.
    pub namespaces: Labels,
    /// The certificates that a replica shows, in PEM, leaf first; none where the API server does not reach its admin port.
    pub shown: Option<String>,
    /// The certificate that is kept for it, or why it could not be read.
    pub secret: Option<Result<Secret, String>>,
    /// What came of a Deployment that is not fit to run.
    pub probe: Probe,
}

/// What the API server said to an object that must be found unfit.
#[derive(Debug, Default)]
pub struct Probe {
    /// Such as 201 or 403.
    pub status: u16,
    /// The message of a refusal.
    pub message: String,
    /// Its warnings.
    pub warnings: Vec<String>,
}

/// Reads it all.
///
/// # Errors
/// The API server cannot be reached, or does not let this user read.
pub async fn read(client: &Client, names: &InstallationNames) -> Result<Installation> {
    let all = ListParams::default();
    let validating = Api::<ValidatingWebhookConfiguration>::all(client.clone()).list(&all).await;
    let validating = validating.context("the ValidatingWebhookConfigurations")?.items;
    let mutating = Api::<MutatingWebhookConfiguration>::all(client.clone()).list(&all).await;
    let is_ours = |found: &ValidatingWebhookConfiguration| found.metadata.name.as_deref() == Some(&names.name);
    let (ours, validating): (Vec<_>, Vec<_>) = validating.into_iter().partition(is_ours);
    let (client, namespace) = (|| client.clone(), names.namespace.as_str());
    let secret = Api::<Secret>::namespaced(client(), namespace).get_opt(&names.secret).await;
    let deployment = Api::<Deployment>::namespaced(client(), namespace).get_opt(&names.name).await;
    let namespaces = Api::<Namespace>::all(client()).list_metadata(&all).await.context("the Namespaces")?;
    let budgets = Api::<PodDisruptionBudget>::namespaced(client(), namespace).list(&all).await;
    Ok(Installation {
        configuration: ours.into_iter().next(),
        validating,
        mutating: mutating.context("the MutatingWebhookConfigurations")?.items,
        deployment: deployment.context("the Deployment")?,
        budgets: budgets.context("the PodDisruptionBudgets")?.items,
        namespaces: namespaces.items.into_iter().map(|found| labels(found.metadata)).collect(),
        shown: shown(&client(), names).await,
        secret: secret.map_err(|error| error.to_string()).transpose(),
        probe: probe(&client(), &names.probe_namespace).await.context("a dry run of creating a Deployment")?,
    })
}

fn labels(found: ObjectMeta) -> (String, BTreeMap<String, String>) {
    (found.name.unwrap_or_default(), found.labels.unwrap_or_default())
}

/// Longest time to wait for a replica through the API server, which a network policy may keep from it.
const SHOWN: Duration = Duration::from_secs(3);

/// Of one replica, through the Service.
async fn shown(client: &Client, names: &InstallationNames) -> Option<String> {
    let services = kube::core::Request::new(format!("/api/v1/namespaces/{}/services", names.namespace));
    let request = services.get(&format!("{}:admin/proxy/certificate", names.name), &GetParams::default()).ok()?;
    tokio::time::timeout(SHOWN, client.request_text(request)).await.ok()?.ok()
}

/// Creates a Deployment that no profile lets pass, as a dry run.
async fn probe(client: &Client, namespace: &str) -> Result<Probe> {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
    let parameters = PostParams { dry_run: true, field_manager: Some("plimsoll-doctor".to_owned()) };
    let request = kube::core::Request::new(path).create(&parameters, unfit().to_string().into_bytes())?;
    let response = client.send(request.map(Body::from)).await?;
    let status = response.status().as_u16();
    let warnings = response.headers().get_all("warning").iter();
    let warnings = warnings.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    let body = response.into_body().collect_bytes().await?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = body["message"].as_str().unwrap_or_default().to_owned();
    Ok(Probe { status, message, warnings })
}

fn unfit() -> Value {
    let labels = json!({ "app": "plimsoll-doctor" });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "plimsoll-doctor" },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [
                    { "name": "app", "image": "plimsoll.invalid/doctor:latest", "imagePullPolicy": "IfNotPresent" },
                ] },
            },
        },
    })
}
