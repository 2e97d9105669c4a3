//! `plimsoll webhook manifest`.

use super::{Exit, judge, show};
use crate::{
    cli,
    judge::{Wish, config},
    webhook::configuration::{self, Address, Registration},
};
use anyhow::{Context, Result};
use std::path::Path;

/// `plimsoll webhook manifest`.
///
/// # Errors
/// It would touch what a webhook must not be asked about, or the file with the CA cannot be read.
pub(super) fn webhook_manifest(flags: &cli::WebhookManifest) -> Result<Exit> {
    let policies = cli::Policies { config: flags.config.clone(), profile: None, rules: Vec::new() };
    let Some(judge) = judge(&policies, &Wish::default(), cli::ColorChoice::Auto)? else {
        return Ok(Exit::Failed);
    };
    let registration = Registration {
        name: flags.name.clone(),
        namespace: flags.namespace.clone(),
        address: match (&flags.url, flags.is_static) {
            (Some(url), true) => Address::Static(url.clone()),
            _ => Address::Service(flags.service.clone()),
        },
        failure_policy: flags.failure_policy,
        ca_bundle: flags.ca_bundle.as_deref().map(pem).transpose()?,
    };
    let configuration = configuration::configuration(&judge.kinds, &registration)?;
    show(config::yaml(&configuration)?.as_bytes(), cli::ColorChoice::Never)?;
    Ok(Exit::Clean)
}

fn pem(path: &Path) -> Result<Vec<u8>> {
    let pem = std::fs::read(path).with_context(|| path.display().to_string())?;
    anyhow::ensure!(pem.starts_with(b"-----BEGIN"), "{}: this is not PEM", path.display());
    Ok(pem)
}
