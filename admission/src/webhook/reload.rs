//! When to load again: SIGHUP, or a change of files.

use super::{policies::Policies, watch::Watch};
use anyhow::{Context, Result};
use std::sync::Arc;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

/// Tells whoever follows something to load it again.
pub struct Reloads {
    policies: Arc<Notify>,
    certificates: Arc<Notify>,
}

impl Reloads {
    /// Listens for SIGHUP.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new() -> Result<Self> {
        let mut hangup = signal(SignalKind::hangup()).context("signals")?;
        let (policies, certificates) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let told = [Arc::clone(&policies), Arc::clone(&certificates)];
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                told.iter().for_each(|notify| notify.notify_one());
            }
        });
        Ok(Reloads { policies, certificates })
    }

    /// What tells to load certificates again.
    pub fn again(&self) -> Arc<Notify> {
        Arc::clone(&self.certificates)
    }

    /// Loads policies again whenever they may have changed.
    pub fn follow_policies(&self, policies: Arc<Policies>) -> impl Future<Output = ()> + use<> {
        let again = Arc::clone(&self.policies);
        async move {
            loop {
                let files = policies.files();
                let watch = Watch::of(&files);
                tokio::select! {
                    () = watch.differs(&files) => {}
                    () = again.notified() => {}
                }
                let loading = Arc::clone(&policies);
                if let Err(error) = tokio::task::spawn_blocking(move || loading.reload()).await {
                    tracing::error!(%error, "a fault in plimsoll itself; policies are reloaded no longer");
                    return;
                }
            }
        }
    }
}
