//! Reports as objects of the cluster: written with server-side apply, and removed where they are stale.

use super::audit::{Namespaces, said};
use anyhow::{Result, anyhow};
use kube::{
    Api, Client, Error,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::ApiResource,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// A kind of report, as the API server names it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Such as `openreports.io`.
    pub group: &'static str,
    /// Such as `v1alpha1`.
    pub version: &'static str,
    /// Such as `Report`.
    pub kind: &'static str,
    /// Such as `reports`.
    pub resource: &'static str,
}

/// Whose reports they are.
#[derive(Debug, Clone, Copy)]
pub struct Ours {
    /// Name of each report, and of who manages its fields.
    pub name: &'static str,
    /// The label that each has: key and value.
    pub label: (&'static str, &'static str),
}

/// Writes reports, and removes those of ours that an audit of these namespaces did not write: kinds are that of a
/// namespace's report, and that of what has none. How many were written and removed.
///
/// # Errors
/// The API server has no such kind, or does not let this user write or remove one.
pub async fn apply(
    client: &Client,
    ours: Ours,
    (of_namespace, of_cluster): (Kind, Kind),
    reports: &[Value],
    namespaces: &Namespaces,
) -> Result<(usize, usize)> {
    let mut kept = BTreeSet::new();
    for report in reports {
        let namespace = report["metadata"]["namespace"].as_str();
        let kind = if namespace.is_some() { of_namespace } else { of_cluster };
        let parameters = PatchParams::apply(ours.name).force();
        let written = kind.api(client, namespace).patch(ours.name, &parameters, &Patch::Apply(report)).await;
        written.map_err(|error| explained(&error, kind, "patch", namespace))?;
        kept.insert(namespace.map(str::to_owned));
    }
    let mut removed = 0;
    for (kind, namespace) in places(of_namespace, of_cluster, namespaces) {
        removed += remove(client, ours, kind, namespace, &kept).await?;
    }
    Ok((reports.len(), removed))
}

/// Where stale reports may be: an audit of some namespaces knows nothing of the others.
fn places(of_namespace: Kind, of_cluster: Kind, namespaces: &Namespaces) -> Vec<(Kind, Option<&str>)> {
    match namespaces {
        Namespaces::All => vec![(of_namespace, None), (of_cluster, None)],
        Namespaces::These(names) => names.iter().map(|name| (of_namespace, Some(name.as_str()))).collect(),
    }
}

async fn remove(
    client: &Client,
    ours: Ours,
    kind: Kind,
    namespace: Option<&str>,
    kept: &BTreeSet<Option<String>>,
) -> Result<usize> {
    let parameters = ListParams::default().labels(&format!("{}={}", ours.label.0, ours.label.1));
    let found = kind.api(client, namespace).list_metadata(&parameters).await;
    let found = found.map_err(|error| explained(&error, kind, "list", namespace))?;
    let mut removed = 0;
    for report in found.items {
        let at = report.metadata.namespace;
        if kept.contains(&at) || report.metadata.name.as_deref() != Some(ours.name) {
            continue;
        }
        match kind.api(client, at.as_deref()).delete(ours.name, &DeleteParams::default()).await {
            // Somebody was quicker.
            Err(Error::Api(status)) if status.is_not_found() => {}
            Err(error) => return Err(explained(&error, kind, "delete", at.as_deref())),
            Ok(_) => removed += 1,
        }
    }
    Ok(removed)
}

impl Kind {
    fn resource(self) -> ApiResource {
        let kind = GroupVersionKind::gvk(self.group, self.version, self.kind);
        ApiResource::from_gvk_with_plural(&kind, self.resource)
    }

    /// Of one namespace, or of all.
    fn api(self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &self.resource()),
            None => Api::all_with(client.clone(), &self.resource()),
        }
    }
}

fn explained(error: &Error, Kind { group, resource, .. }: Kind, verb: &str, namespace: Option<&str>) -> anyhow::Error {
    let place = namespace.map(|name| format!(" in the namespace {name}")).unwrap_or_default();
    let what = format!("{resource}.{group}{place}");
    match error {
        Error::Api(status) if status.code == 404 => {
            anyhow!("{what}: {}; the CRDs of {group} must be installed", status.message)
        }
        Error::Api(status) if status.is_forbidden() => anyhow!("{what}: {}; grant the verb `{verb}`", status.message),
        error => anyhow!("{what}: {}", said(error)),
    }
}
