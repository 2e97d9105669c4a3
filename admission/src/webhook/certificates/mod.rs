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
use identity::{Age, Validity, invalid};
use rustls::ServerConfig;
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How often to see whether what is shown still holds.
const LOOK: Duration = Duration::from_secs(5);

const EXPIRED: &str = "the certificate has expired";
const NOT_VALID_YET: &str = "the certificate is not valid yet";

/// What is shown to whoever connects. Clones share it; a change holds for connections that begin after it, and leaves
/// the others alone.
#[derive(Clone)]
pub struct Serving {
    config: RustlsConfig,
    shown: Arc<ArcSwap<Shown>>,
}

/// What matters of what is shown.
#[derive(Debug, Clone)]
struct Shown {
    validity: Validity,
    asks_clients: bool,
    /// PEM, leaf first.
    chain: String,
}

impl Shown {
    fn of(identity: &Identity) -> Self {
        Shown { validity: identity.validity(), asks_clients: identity.asks_clients(), chain: identity.chain_pem() }
    }

    /// A reload must not make things worse: what works goes on, and who may call stays decided.
    fn refuse_worse(&self, new: &Shown, now: u64) -> Result<(), InvalidIdentity> {
        if self.asks_clients && !new.asks_clients {
            let why = "it is gone, and without it everybody could call; put it back, or restart without it";
            return Err(invalid("client-ca.crt", why));
        }
        match new.validity.age(now) {
            Age::Valid => Ok(()),
            _ if self.validity.age(now) != Age::Valid => Ok(()),
            Age::Expired => Err(invalid("tls.crt", "it has expired, and the present certificate has not")),
            Age::NotValidYet => Err(invalid("tls.crt", "it is not valid yet, and the present certificate is")),
        }
    }
}

/// In seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Serving {
    /// Shows this from the start.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(identity: Identity) -> Result<Self, InvalidIdentity> {
        let shown = Arc::new(ArcSwap::from_pointee(Shown::of(&identity)));
        Ok(Serving { config: RustlsConfig::from_config(Arc::new(identity.into_config()?)), shown })
    }

    /// Shows this from now on.
    ///
    /// # Errors
    /// What is wrong with it, or worse than before: it does not hold now, or lets everybody call. Then the old one is
    /// shown.
    pub fn show(&self, identity: Identity) -> Result<(), InvalidIdentity> {
        let new = Shown::of(&identity);
        self.shown.load().refuse_worse(&new, now())?;
        self.config.reload_from_config(Arc::<ServerConfig>::new(identity.into_config()?));
        self.shown.store(Arc::new(new));
        Ok(())
    }

    pub(super) fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// The certificates that are shown, in PEM, leaf first.
    pub fn chain(&self) -> String {
        self.shown.load().chain.clone()
    }

    /// When the leaf ends, and the CA where it is known: `leaf` or `ca`, and seconds since 1970.
    pub fn expiry(&self) -> Vec<(&'static str, u64)> {
        let Validity { end, ca_end, .. } = self.shown.load().validity;
        [("leaf", Some(end)), ("ca", ca_end)].into_iter().filter_map(|(name, end)| Some((name, end?))).collect()
    }

    /// Not ready while what is shown does not hold.
    pub fn check_validity(&self, readiness: &Readiness) {
        let age = self.shown.load().validity.age(now());
        for (reason, holds) in [(EXPIRED, age == Age::Expired), (NOT_VALID_YET, age == Age::NotValidYet)] {
            match holds {
                true => readiness.hold(reason),
                false => readiness.release(reason),
            }
        }
    }

    /// Checks again and again. Never returns.
    pub async fn watch_validity(self, readiness: Readiness) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.check_validity(&readiness);
        }
    }
}
