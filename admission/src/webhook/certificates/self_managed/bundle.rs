//! The caBundle of the ValidatingWebhookConfiguration: what the API server trusts.

use super::authority::Service;
use k8s_openapi::{
    ByteString,
    api::admissionregistration::v1::{ValidatingWebhook, ValidatingWebhookConfiguration},
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::json;

/// The configuration whose webhooks call us.
pub(super) struct Bundle {
    api: Api<ValidatingWebhookConfiguration>,
    name: String,
    service: Service,
}

/// What is installed.
pub(super) struct Installed {
    /// One for each webhook that calls us: its name, and the CAs that it trusts, in PEM.
    webhooks: Vec<(String, String)>,
}

impl Installed {
    /// Whether every webhook trusts this CA. Where no webhook calls us, nobody does.
    pub(super) fn trusts(&self, ca: &str) -> bool {
        !self.webhooks.is_empty() && self.webhooks.iter().all(|(_, bundle)| bundle.contains(ca.trim()))
    }

    /// Every CA that some webhook trusts.
    pub(super) fn cas(&self) -> Vec<String> {
        let mut cas: Vec<String> = self.webhooks.iter().flat_map(|(_, bundle)| split(bundle)).collect();
        cas.sort();
        cas.dedup();
        cas
    }
}

impl Bundle {
    pub(super) fn new(client: Client, name: &str, service: Service) -> Self {
        Bundle { api: Api::all(client), name: name.to_owned(), service }
    }

    /// Nothing is trusted where there is no such configuration: it may come later.
    pub(super) async fn read(&self) -> kube::Result<Installed> {
        let configuration = self.api.get_opt(&self.name).await?.unwrap_or_default();
        let webhooks = configuration.webhooks.unwrap_or_default().into_iter();
        let text = |bundle: Option<ByteString>| String::from_utf8(bundle.unwrap_or_default().0).unwrap_or_default();
        Ok(Installed {
            webhooks: webhooks
                .filter(|webhook| self.calls_us(webhook))
                .map(|webhook| (webhook.name, text(webhook.client_config.ca_bundle)))
                .collect(),
        })
    }

    /// Makes every webhook that calls us trust these CAs and no others.
    pub(super) async fn write(&self, installed: &Installed, cas: &[String]) -> kube::Result<()> {
        let wanted = cas.concat();
        let differing = installed.webhooks.iter().filter(|(_, bundle)| *bundle != wanted);
        let webhooks: Vec<_> = differing
            .map(|(name, _)| json!({ "name": name, "clientConfig": { "caBundle": ByteString(wanted.clone().into_bytes()) } }))
            .collect();
        if webhooks.is_empty() {
            return Ok(());
        }
        // A strategic merge knows webhooks by their names, and leaves alone all that is not said.
        let patch = Patch::Strategic(json!({ "webhooks": webhooks }));
        // Whoever else wants to write it is told this name.
        let parameters = PatchParams { field_manager: Some("plimsoll".to_owned()), ..PatchParams::default() };
        self.api.patch(&self.name, &parameters, &patch).await?;
        tracing::info!(configuration = self.name, cas = cas.len(), "caBundle written");
        Ok(())
    }

    fn calls_us(&self, webhook: &ValidatingWebhook) -> bool {
        let Service { name, namespace } = &self.service;
        webhook
            .client_config
            .service
            .as_ref()
            .is_some_and(|service| service.name == *name && service.namespace == *namespace)
    }
}

/// The certificates of a PEM text, one by one.
pub(super) fn split(pem: &str) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----\n";
    pem.split_inclusive(END).filter(|part| part.ends_with(END)).map(str::to_owned).collect()
}
