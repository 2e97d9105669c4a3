//! Which cluster, and as whom: found as kubectl finds it.

use anyhow::{Result, anyhow};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use std::{path::Path, time::Duration};

/// What the user says of the cluster; the rest is what kubectl would take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Access<'a> {
    /// The only kubeconfig that is read; else the files of `KUBECONFIG`, else `~/.kube/config`, else what a pod has.
    pub kubeconfig: Option<&'a Path>,
    /// Another context than the current one.
    pub context: Option<&'a str>,
}

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Cluster {
    /// It gives up while its answer is still of use.
    pub client: Client,
    /// The context, or `the cluster of this pod`.
    pub name: String,
}

const CONNECT: Duration = Duration::from_secs(3);
/// Between two pieces of an answer, for what is asked and answered.
pub const READ: Duration = Duration::from_secs(15);

impl Cluster {
    /// Finds it; nothing is asked yet. An answer may pause for as long as `read`, which is [`READ`] but for watches.
    ///
    /// # Errors
    /// There is no configuration, or no such context in it.
    pub async fn find(access: Access<'_>, read: Duration) -> Result<Self> {
        let (mut config, name) = configuration(access).await?;
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(read);
        Ok(Cluster { client: Client::try_from(config)?, name })
    }
}

/// Errors of kube say what they come from themselves.
async fn configuration(Access { kubeconfig, context }: Access<'_>) -> Result<(Config, String)> {
    let read = match kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    match read {
        Ok(read) => {
            let name = context.map(str::to_owned).or_else(|| read.current_context.clone()).unwrap_or_default();
            let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
            let config = Config::from_custom_kubeconfig(read, &options).await;
            Ok((config.map_err(|error| anyhow!("the kubeconfig: {error}"))?, name))
        }
        Err(error) if kubeconfig.is_some() || context.is_some() => Err(anyhow!("{error}")),
        Err(error) => match Config::incluster() {
            Ok(config) => Ok((config, "the cluster of this pod".to_owned())),
            Err(_) => Err(anyhow!("there is no cluster to ask: this is not a pod, and {error}")),
        },
    }
}
