//! `plimsoll webhook manifest`.

use super::{Exit, judge, show};
use crate::{
    cli,
    webhook::configuration::{self, Registration},
};
use anyhow::{Context, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::num::NonZeroUsize;

/// `plimsoll webhook manifest`.
///
/// # Errors
/// It would touch what a webhook must not be asked about, or the file with the CA cannot be read.
pub(super) fn webhook_manifest(flags: &cli::WebhookManifest) -> Result<Exit> {
    let policies = cli::Policies { config: flags.config.clone(), profile: None, rules: Vec::new() };
    let Some(judge) = judge(&policies, None, NonZeroUsize::MIN, cli::ColorChoice::Auto)? else {
        return Ok(Exit::Failed);
    };
    let ca_bundle = flags.ca_bundle.as_ref().map(|path| {
        let pem = std::fs::read(path).with_context(|| path.display().to_string())?;
        anyhow::ensure!(pem.starts_with(b"-----BEGIN"), "{}: this is not PEM", path.display());
        Ok(BASE64_STANDARD.encode(pem))
    });
    let registration = Registration {
        name: flags.name.clone(),
        namespace: flags.namespace.clone(),
        service: flags.service.clone(),
        failure_policy: flags.failure_policy,
        ca_bundle: ca_bundle.transpose()?,
    };
    show(configuration::yaml(&judge.kinds, &registration)?.as_bytes(), cli::ColorChoice::Never)?;
    Ok(Exit::Clean)
}
