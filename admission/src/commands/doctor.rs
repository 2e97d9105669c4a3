//! `plimsoll doctor`: checks an installation of the webhook.

use super::{Exit, judge, show};
use crate::{
    cli,
    cluster::{self, Cluster, READ, doctor},
    judge::Wish,
};
use anyhow::Result;
use plimsoll_policy::about;

/// `plimsoll doctor`.
///
/// # Errors
/// The cluster cannot be reached, or not be read.
pub(super) fn doctor(flags: &cli::Doctor) -> Result<Exit> {
    let policies = cli::Policies { config: flags.config.clone(), profile: None, rules: Vec::new() };
    let Some(judge) = judge(&policies, &Wish::default(), cli::ColorChoice::Auto)? else {
        return Ok(Exit::Failed);
    };
    let names = cluster::InstallationNames {
        name: flags.name.clone(),
        namespace: flags.namespace.clone(),
        secret: flags.secret.clone().unwrap_or_else(|| format!("{}-tls", flags.name)),
        probe_namespace: flags.probe_namespace.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(async {
        let Cluster { client, .. } = Cluster::find(super::access(&flags.access), READ).await?;
        cluster::read(&client, &names).await
    })?;
    let rules = judge.everywhere().rules().iter().map(|levels| &levels.rule);
    let image_rules: Vec<&str> = rules.filter(|rule| rule.about == about::IMAGE).map(|rule| &*rule.name).collect();
    let remarks = doctor::examine(&found, &names, &judge.kinds, &image_rules, std::time::SystemTime::now());
    let mut text = Vec::new();
    doctor::write(&remarks, &mut text)?;
    show(&text, cli::ColorChoice::Never)?;
    let all_is_well = remarks.iter().all(|remark| remark.health == doctor::Health::Good);
    Ok(if all_is_well { Exit::Clean } else { Exit::Findings })
}
