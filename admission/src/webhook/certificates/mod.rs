//! The certificate that is shown to the API server, and how it changes while the webhook runs.

mod files;
mod identity;
mod self_managed;

pub use files::FileCertificates;
pub use identity::{Identity, InvalidIdentity};
pub use self_managed::{Names, SelfManaged};

use super::Readiness;
use arc_swap::ArcSwap;
use axum_server::tls_rustls::RustlsConfig;
use identity::Expiry;
use rustls::ServerConfig;
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How often to see whether what is shown has ended.
const LOOK: Duration = Duration::from_secs(5);

/// What is shown to whoever connects. Clones share it; a change holds for connections that begin after it, and leaves
/// the others alone.
#[derive(Clone)]
pub struct Serving {
    config: RustlsConfig,
    expiry: Arc<ArcSwap<Expiry>>,
}

impl Serving {
    /// Shows this from the start.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(identity: Identity) -> Result<Self, InvalidIdentity> {
        let (config, expiry) = identity.into_config()?;
        Ok(Serving {
            config: RustlsConfig::from_config(Arc::new(config)),
            expiry: Arc::new(ArcSwap::from_pointee(expiry)),
        })
    }

    /// Shows this from now on.
    ///
    /// # Errors
    /// What is wrong with it; then the old one is shown.
    pub fn show(&self, identity: Identity) -> Result<(), InvalidIdentity> {
        let (config, expiry) = identity.into_config()?;
        self.config.reload_from_config(Arc::<ServerConfig>::new(config));
        self.expiry.store(Arc::new(expiry));
        Ok(())
    }

    pub(super) fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// When the leaf ends, and the CA where it is known: `leaf` or `ca`, and seconds since 1970.
    pub fn expiry(&self) -> Vec<(&'static str, u64)> {
        let Expiry { leaf, ca } = **self.expiry.load();
        [("leaf", Some(leaf)), ("ca", ca)].into_iter().filter_map(|(name, end)| Some((name, end?))).collect()
    }

    /// Not ready while what is shown has ended.
    pub fn check_expiry(&self, readiness: &Readiness) {
        const REASON: &str = "the certificate has expired";
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        match self.expiry.load().leaf <= now {
            true => readiness.hold(REASON),
            false => readiness.release(REASON),
        }
    }

    /// Checks again and again. Never returns.
    pub async fn watch_expiry(self, readiness: Readiness) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.check_expiry(&readiness);
        }
    }
}
