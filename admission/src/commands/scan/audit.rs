//! `plimsoll scan --cluster`: judges what runs in a cluster.

use super::{
    super::access,
    Exit, exit, needs, outputs,
    progress::Progress,
    stats::{self, Stats},
    write,
};
use crate::{
    cli,
    clock::today,
    cluster::{
        Cluster, READ,
        audit::{self, AuditOptions, Namespaces},
        reports,
    },
    commands::judge,
    finding::{Place, Report},
    judge::{Wish, exceptions::Annotations},
    report::policy_report,
    watch::{Of, Watch},
};
use anyhow::{Context as _, Result, ensure};
use std::sync::Arc;

/// `plimsoll scan --cluster`.
///
/// # Errors
/// The cluster cannot be asked, or a report not be written.
pub(super) fn audit(flags: &cli::Scan, wish: Wish, mut stats: Stats) -> Result<Exit> {
    let threads = wish.threads;
    // As the webhook does, so that the answer is what it would say.
    let wish = Wish { annotations: Annotations::Ignored, ..wish };
    let (applied, printed): (Vec<_>, Vec<_>) =
        flags.formats.iter().cloned().partition(|output| is_applied(output, flags));
    ensure!(
        applied.is_empty() != flags.audit.apply,
        "--apply: name what to write, with -f openreports or -f policyreport"
    );
    outputs::check(&printed, None)?;
    let Some(judge) = judge(&flags.policies, &wish, flags.color.color)? else {
        return Ok(Exit::Failed);
    };
    stats.done("load policies");
    let watch = Arc::new(Watch::new(Of::Lists, flags.stats));
    let progress = Progress::of(&watch);
    // One thread that asks while the others judge.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let cluster = runtime.block_on(Cluster::find(access(&flags.audit.access), READ))?;
    let options = AuditOptions {
        namespaces: namespaces(flags, &cluster),
        cluster: cluster.name.clone(),
        threads,
        today: today(),
        needs: needs(&flags.formats),
        watch: Arc::clone(&watch),
    };
    let report = runtime.block_on(audit::audit(&cluster.client, &judge, &options))?;
    drop(progress);
    stats.done(stats::SCAN);
    let working = std::env::current_dir().context("the working folder cannot be read")?;
    write(&report, &printed, flags, (&judge, &working))?;
    let is_whole = report.problems.iter().all(|problem| !matches!(problem.location.place, Place::List(_)));
    ensure!(
        is_whole || applied.is_empty(),
        "--apply: nothing is written, because not all could be read: {}",
        unread(&report)
    );
    for output in &applied {
        let Some(api) = policy_report::Api::of(output.format) else { continue };
        let (objects, remarks) = policy_report::reports(&report, api, super::detail(flags));
        remarks.iter().for_each(|remark| eprintln!("warning: {remark}"));
        let apply =
            reports::apply(&cluster.client, OURS, (kind(api, true), kind(api, false)), &objects, &options.namespaces);
        let (written, removed) = runtime.block_on(apply).context("--apply")?;
        eprintln!("{:?}: {written} written, {removed} removed", output.format);
    }
    stats.done("write reports");
    if flags.stats {
        stats.write(&watch, threads.get(), &mut std::io::stderr().lock()).context("standard error")?;
    }
    Ok(exit(&report, flags))
}

fn is_applied(output: &cli::Output, flags: &cli::Scan) -> bool {
    flags.audit.apply && output.file.is_none() && policy_report::Api::of(output.format).is_some()
}

/// A report that does not know of all would hide what another one has found.
fn unread(report: &Report) -> String {
    let lists = report.problems.iter().filter(|problem| matches!(problem.location.place, Place::List(_)));
    lists.map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ")
}

const OURS: reports::Ours = reports::Ours { name: policy_report::NAME, label: policy_report::MANAGED_BY };

fn kind(api: policy_report::Api, has_namespace: bool) -> reports::Kind {
    let ((group, version), (kind, resource)) = (api.group_version(), api.kind(has_namespace));
    reports::Kind { group, version, kind, resource }
}

fn namespaces(flags: &cli::Scan, cluster: &Cluster) -> Namespaces {
    match (flags.audit.all_namespaces, flags.namespaces.as_slice()) {
        (true, _) => Namespaces::All,
        (false, []) => Namespaces::These([cluster.client.default_namespace().to_owned()].into()),
        (false, names) => Namespaces::These(names.iter().cloned().collect()),
    }
}
