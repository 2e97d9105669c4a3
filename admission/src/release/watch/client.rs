//! The connection to the API server.

use anyhow::{Context, Result};
use kube::{Client, Config, config::KubeConfigOptions};
use std::time::Duration;

/// How long one watch lasts, in seconds. It goes on where it stopped, so this bounds how long a connection that died
/// unnoticed is believed.
pub(super) const WATCH_SECONDS: u32 = 45;

/// A client, and the namespace that its context names.
///
/// # Errors
/// There is no configuration, or no such context in it.
pub async fn client(context: Option<&str>) -> Result<(Client, String)> {
    let mut config = match context {
        None => Config::infer().await.context("no cluster: set KUBECONFIG, or run in a pod")?,
        Some(name) => {
            let options = KubeConfigOptions { context: Some(name.to_owned()), ..KubeConfigOptions::default() };
            Config::from_kubeconfig(&options).await?
        }
    };
    config.connect_timeout = Some(Duration::from_secs(5));
    config.read_timeout = Some(Duration::from_secs(u64::from(WATCH_SECONDS) + 15));
    let namespace = config.default_namespace.clone();
    Ok((Client::try_from(config)?, namespace))
}
