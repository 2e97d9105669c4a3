//! Certificates from a folder, as the kubelet mounts a Secret of type `kubernetes.io/tls`.

use super::{Identity, InvalidIdentity, Serving};
use crate::webhook::{
    metrics::{Metrics, Reload},
    watch::{Files, Watch},
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the folder may hold: the chain, its key, the CA that cert-manager writes beside them, and whoever may call.
const NAMES: [&str; 4] = ["tls.crt", "tls.key", "ca.crt", "client-ca.crt"];

/// How often to read what changes while it is read, before it is taken as it is.
const ATTEMPTS: usize = 10;

/// A folder with a certificate.
pub struct FileCertificates {
    folder: PathBuf,
    files: Files,
    watch: Watch,
}

impl FileCertificates {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// What is missing or wrong, and in which file.
    pub fn load(folder: &Path) -> Result<(Self, Serving)> {
        let files = Files::read(NAMES.iter().map(|name| folder.join(name)).collect());
        let watch = Watch::of(&files);
        let (files, identity) = read(folder, files);
        let serving = Serving::new(identity?).with_context(|| folder.display().to_string())?;
        Ok((FileCertificates { folder: folder.to_owned(), files, watch }, serving))
    }

    /// Shows whatever the folder comes to hold, from `again` or a change on. What is wrong is logged and counted, and
    /// the old certificate goes on. Never returns.
    pub async fn follow(mut self, serving: Serving, metrics: Arc<Metrics>, again: &tokio::sync::Notify) {
        loop {
            tokio::select! {
                () = self.watch.differs(&self.files) => {}
                () = again.notified() => {}
            }
            let (files, identity) = read(&self.folder, self.files.read_again());
            self.files = files;
            let shown = identity.and_then(|identity| Ok(serving.show(identity)?));
            metrics.reloaded(Reload::Certificate, shown.is_ok());
            match shown {
                Ok(()) => tracing::info!("certificate reloaded"),
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "new certificate refused; the old one is kept");
                }
            }
        }
    }
}

/// The chain and the key of one moment, or what is wrong with them: read until nothing changed in between.
fn read(folder: &Path, mut before: Files) -> (Files, Result<Identity>) {
    let mut attempts = 0;
    loop {
        let identity = read_once(folder);
        let after = before.read_again();
        attempts += 1;
        if after == before || attempts == ATTEMPTS {
            return (after, identity);
        }
        before = after;
    }
}

fn read_once(folder: &Path) -> Result<Identity> {
    let must = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).with_context(|| path.display().to_string())
    };
    let may = |name: &str| fs::read(folder.join(name)).ok();
    let [chain, key, ca, client_ca] = NAMES;
    let (ca, client_ca) = (may(ca), may(client_ca));
    let identity: Result<Identity, InvalidIdentity> =
        Identity::from_pem(&must(chain)?, &must(key)?, ca.as_deref(), client_ca.as_deref());
    identity.with_context(|| folder.display().to_string())
}
