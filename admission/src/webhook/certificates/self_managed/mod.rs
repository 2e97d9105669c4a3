//! Certificates that the webhook makes for itself: in a Secret, signed by a CA of its own, trusted through the caBundle.
//!
//! Why no call fails while they are renewed, whatever a replica misses:
//!
//! 1. The bundle holds the CA and every CA before it that has not ended. A leaf never outlives its CA. So each leaf that
//!    has not ended is trusted by the bundle that follows from the Secret.
//! 2. A replica that shows a leaf replaces it only when the installed bundle has had the CA of the new one at two looks
//!    in a row: by then every API server has heard of it. Until then it goes on with the leaf that it has, which is
//!    trusted because of 1. One that shows none is ready as soon as a look finds its CA installed: its endpoint takes longer to
//!    appear than the news of the bundle.
//!
//! The leader alone renews and writes the bundle. Somebody who takes the Secret away, or changes a part of it so that it
//! does not fit the rest, gets it back as it was, or a new one where nobody knows it, and the bundle keeps what it had;
//! somebody who changes the bundle finds it restored at the next look.

mod authority;
mod bundle;
mod lease;
mod secret;

use super::{Identity, Serving};
use crate::{
    cluster::{Access, Cluster, READ},
    webhook::{
        Readiness,
        metrics::{Metrics, Reload},
    },
};
use anyhow::{Context, Result};
use authority::{Authority, Due, Service};
use bundle::{Bundle, Installed};
use lease::Leadership;
use secret::{Kept, Store};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::sync::Notify;

/// How often to look.
const LOOK: Duration = Duration::from_secs(5);

/// How often to look while there is nothing to show.
const HURRY: Duration = Duration::from_millis(500);

const NOT_TRUSTED: &str = "the API server does not trust the certificate yet";

/// Names of what there is in the cluster.
#[derive(Debug, Clone)]
pub struct Names {
    /// The Secret, and the Lease beside it.
    pub secret: String,
    /// The Service that the API server calls.
    pub service: String,
    /// The ValidatingWebhookConfiguration.
    pub configuration: String,
}

/// Certificates that the webhook makes for itself.
pub struct SelfManaged {
    service: Service,
    store: Store,
    bundle: Bundle,
    leadership: Leadership,
    readiness: Readiness,
    /// What is shown.
    shown: Option<Authority>,
    /// What the bundle trusted at the last look.
    trusted: Option<String>,
}

impl SelfManaged {
    /// In the namespace of the service account, or of the current context.
    ///
    /// # Errors
    /// There is no way to an API server.
    pub async fn connect(names: &Names, readiness: Readiness) -> Result<Self> {
        let Cluster { client, .. } =
            Cluster::find(Access::default(), READ).await.context("--tls-self-managed needs an API server")?;
        let namespace = client.default_namespace().to_owned();
        let service = Service { name: names.service.clone(), namespace: namespace.clone() };
        // The name of the pod. Processes on one machine differ by their ids.
        let host = std::env::var("HOSTNAME").unwrap_or_default();
        let identity = format!("{host}_{}", std::process::id());
        readiness.hold(NOT_TRUSTED);
        Ok(SelfManaged {
            store: Store::new(client.clone(), &namespace, &names.secret),
            bundle: Bundle::new(client.clone(), &names.configuration, service.clone()),
            leadership: Leadership::new(client, &namespace, &names.secret, identity),
            service,
            readiness,
            shown: None,
            trusted: None,
        })
    }

    /// The first certificate, as soon as there is one.
    pub async fn first(&mut self) -> Serving {
        loop {
            match self.look().await {
                Ok(authority) => match identity(&authority).and_then(|identity| Ok(Serving::new(identity)?)) {
                    Ok(serving) => {
                        self.shown = Some(authority);
                        // Trusted before this look: every moment until Ready counts when all replicas went away.
                        if self.trusted.is_some() {
                            self.readiness.release(NOT_TRUSTED);
                        }
                        return serving;
                    }
                    Err(error) => {
                        tracing::error!(error = format!("{error:#}"), "the certificate of the Secret cannot be shown");
                    }
                },
                Err(error) => tracing::warn!(error = format!("{error:#}"), "no certificate yet"),
            }
            tokio::time::sleep(HURRY).await;
        }
    }

    /// Shows whatever comes after it, until `end`; then gives back the Lease.
    pub async fn follow(mut self, serving: Serving, metrics: Arc<Metrics>, end: Arc<Notify>) {
        loop {
            let is_ready = !self.readiness.reasons().contains(&NOT_TRUSTED);
            tokio::select! {
                () = tokio::time::sleep(if is_ready { LOOK } else { HURRY }) => {}
                () = end.notified() => break,
            }
            match self.look().await {
                Ok(authority) => self.show(authority, &serving, &metrics),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "the present certificate is kept"),
            }
        }
        if let Err(error) = self.leadership.release().await {
            tracing::warn!(%error, "the Lease was not given back; another replica leads when it has run out");
        }
    }

    /// One look at the cluster, and what the leader has to do about it. Returns what is in the Secret.
    async fn look(&mut self) -> Result<Authority> {
        let leads = self.leadership.lead().await.context("the Lease")?;
        let installed = self.bundle.read().await.context("the ValidatingWebhookConfiguration")?;
        let mut kept = self.store.read().await.context("the Secret")?;
        if let Some(kept) = &mut kept {
            kept.authority.take_if(|authority| !authority.is_sound());
        }
        let authority = if leads { self.tend(kept, &installed).await? } else { kept.and_then(|kept| kept.authority) };
        self.judge_trust(&installed);
        let authority = authority.context("the leader has not made the Secret yet")?;
        let newly = installed.trusts(&authority.ca.certificate).then(|| authority.ca.certificate.clone());
        let before = std::mem::replace(&mut self.trusted, newly);
        // Rule 2 of the page above; whoever shows nothing that is trusted has nothing to lose.
        let may_be_shown = before == self.trusted || !self.shows_what_is_trusted(&installed);
        match &self.shown {
            Some(shown) if !(may_be_shown && self.trusted.is_some()) => Ok(shown.clone()),
            _ => Ok(authority),
        }
    }

    /// What the leader does: makes, renews, and tells the API server.
    async fn tend(&self, kept: Option<Kept>, installed: &Installed) -> Result<Option<Authority>> {
        let now = SystemTime::now();
        let rotate = kept.as_ref().is_some_and(|kept| kept.rotate);
        let present = kept.as_ref().and_then(|kept| kept.authority.clone());
        let renewed = match &present {
            // A Secret that somebody took away or spoilt is put back as it was.
            None => Some(match &self.shown {
                Some(shown) => shown.clone(),
                None => Authority::new(&self.service, installed.cas(), now)?,
            }),
            Some(present) => {
                let due = if rotate { Some(Due::Ca) } else { present.due(&self.service, now) };
                due.map(|due| present.renewed(due, &self.service, now)).transpose()?
            }
        };
        if let Some(renewed) = &renewed {
            self.store.write(renewed, kept).await.context("the Secret")?;
            tracing::info!(secret = "written", "certificate renewed");
        }
        let authority = renewed.or(present);
        if let Some(authority) = &authority {
            self.bundle.write(installed, &authority.bundle()).await.context("the caBundle")?;
        }
        Ok(authority)
    }

    fn show(&mut self, authority: Authority, serving: &Serving, metrics: &Metrics) {
        if self.shown.as_ref().is_some_and(|shown| shown.leaf == authority.leaf) {
            return;
        }
        let shown = identity(&authority).and_then(|identity| Ok(serving.show(identity)?));
        metrics.reloaded(Reload::Certificate, shown.is_ok());
        match shown {
            Ok(()) => {
                tracing::info!("certificate reloaded");
                self.shown = Some(authority);
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "new certificate refused; the old one is kept"),
        }
    }

    fn shows_what_is_trusted(&self, installed: &Installed) -> bool {
        self.shown.as_ref().is_some_and(|shown| installed.trusts(&shown.ca.certificate))
    }

    fn judge_trust(&self, installed: &Installed) {
        match self.shows_what_is_trusted(installed) {
            true => self.readiness.release(NOT_TRUSTED),
            false => self.readiness.hold(NOT_TRUSTED),
        }
    }
}

fn identity(authority: &Authority) -> Result<Identity> {
    let Authority { ca, leaf, .. } = authority;
    let (chain, key) = (leaf.certificate.as_bytes(), leaf.key.as_bytes());
    Ok(Identity::from_pem(chain, key, Some(ca.certificate.as_bytes()), None)?)
}
