//! Certificates from a folder, as the kubelet mounts a Secret of type `kubernetes.io/tls`.

use super::{Identity, InvalidIdentity, LOOK, Serving, now};
use crate::{
    bounded_file,
    webhook::{
        metrics::{Metrics, Reload},
        watch::{Files, Watch},
    },
};
use anyhow::{Context, Result};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the folder may hold: the chain, its key, the CA that cert-manager writes beside them, and whoever may call.
const NAMES: [&str; 4] = ["tls.crt", "tls.key", "ca.crt", "client-ca.crt"];

/// Most bytes of a file of it; a Secret has no more.
const LARGEST: usize = 1 << 20;

/// How often to read what changes while it is read, before it is taken as it is.
const ATTEMPTS: usize = 10;

/// A folder with a certificate.
pub struct FileCertificates {
    folder: PathBuf,
    files: Files,
    watch: Watch,
    /// When the certificate that was read last begins to hold, in seconds since 1970, where that is still to come.
    waits_for: Option<u64>,
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
        Ok((FileCertificates { folder: folder.to_owned(), files, watch, waits_for: None }, serving))
    }

    /// Shows whatever the folder comes to hold, from `again` or a change on. What is wrong is logged and counted, and
    /// the old certificate goes on. Never returns.
    pub async fn follow(mut self, serving: Serving, metrics: Arc<Metrics>, again: &tokio::sync::Notify) {
        loop {
            tokio::select! {
                () = self.watch.differs(&self.files) => {}
                () = again.notified() => {}
                () = begins(self.waits_for) => {}
            }
            let (files, identity) = read(&self.folder, self.files.read_again());
            self.files = files;
            self.waits_for = identity.as_ref().ok().map(|new| new.validity().begin).filter(|begin| *begin > now());
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

/// Returns at that time, in seconds since 1970; never where there is none. By the clock on the wall, which may be set.
async fn begins(time: Option<u64>) {
    match time {
        None => std::future::pending().await,
        Some(time) => {
            while now() < time {
                tokio::time::sleep(LOOK).await;
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
        bounded_file::read(&path, LARGEST).with_context(|| path.display().to_string())
    };
    let [chain, key, ca, client_ca] = NAMES;
    // What else is not there asks for nothing; a client CA that is there is meant, however unreadable.
    let client_ca = if is_there(&folder.join(client_ca)) { Some(must(client_ca)?) } else { None };
    let ca = bounded_file::read(&folder.join(ca), LARGEST).ok();
    let identity: Result<Identity, InvalidIdentity> =
        Identity::from_pem(&must(chain)?, &must(key)?, ca.as_deref(), client_ca.as_deref());
    identity.with_context(|| folder.display().to_string())
}

/// Also where it is a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().map_or_else(|error| error.kind() != io::ErrorKind::NotFound, |_| true)
}
