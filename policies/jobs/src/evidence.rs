//! Jobs whose failure leaves nothing to look at.

use crate::{Subject, hook::Tool};
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule, workload::RestartPolicy};

pub(crate) const LOGS_LOST: Rule =
    Rule::new("logs-lost-on-failure", Level::Warn, "a migration whose pod is deleted, with its logs, when it fails");

pub(crate) const DELETED: Rule = Rule::new(
    "evidence-deleted",
    Level::Warn,
    "a finished Job is deleted before the release that waits for it is over",
)
.escalated(Level::Deny, Level::Deny);

const TTL: &str = "ttlSecondsAfterFinished";

pub(crate) fn check(subject: &Subject<'_>, release: Duration, findings: &mut Findings<'_>) {
    if subject.is_migration {
        logs_lost(subject, findings);
    }
    by_time(subject, release, findings);
    by_hook(subject, findings);
}

fn logs_lost(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let pod = &subject.workload.pod;
    let pointer = pod.spec("restartPolicy");
    if pod.restart_policy != RestartPolicy::OnFailure || subject.workload.is_unreadable(&pointer) {
        return;
    }
    let message = "restartPolicy OnFailure: at the limit of its retries the Job's pod is deleted, and the logs that say \
                   why the migration failed are gone";
    findings.push(
        Finding::new(&LOGS_LOST, pointer.clone(), message)
            .help("restartPolicy: Never: each attempt is a pod of its own, and all of them stay")
            .set(pointer, "Never")
            .unsafe_fix(),
    );
}

fn by_time(subject: &Subject<'_>, release: Duration, findings: &mut Findings<'_>) {
    let Some(seconds) = subject.job.ttl_seconds_after_finished else { return };
    if Duration::seconds(seconds) >= release {
        return;
    }
    let consequence = match subject.gates_release() {
        true => {
            format!("while the release may still be waited for ({release}): a tool that waits for it finds nothing")
        }
        false => "also when it has failed: nothing says why".to_owned(),
    };
    let message = format!("{TTL} {seconds}s: this Job is deleted, with its pods and their logs, {consequence}");
    let enough = release.ceil_seconds();
    let finding = Finding::new(&DELETED, subject.field(TTL), message)
        .help(format!("{TTL}: {enough} or more, or nothing at all"))
        .set(subject.field(TTL), enough);
    findings.push(if subject.gates_release() { finding.escalated() } else { finding });
}

fn by_hook(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let Some((hook, pointer)) = subject.hook.as_ref().and_then(|hook| Some((hook, hook.deletes_failed()?))) else {
        return;
    };
    let (tool, failed, better) = match hook.tool {
        Tool::Helm => ("Helm", "hook-failed", "before-hook-creation,hook-succeeded"),
        Tool::Argo => ("Argo CD", "HookFailed", "BeforeHookCreation,HookSucceeded"),
    };
    let message =
        format!("{tool} deletes this hook as soon as it has failed (`{failed}`), with its pods and their logs");
    findings.push(Finding::new(&DELETED, pointer, message).help(format!("write `{better}`")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Jobs,
        testing::{Given, hook, migration, plain},
    };
    use plimsoll_policy::testing::found;

    fn deleted(given: Given) -> Vec<bool> {
        found(&Jobs::default(), &DELETED, &given.build()).iter().map(|finding| finding.escalated).collect()
    }

    #[test]
    fn a_job_stays_as_long_as_its_release_may_be_waited_for() {
        assert_eq!(deleted(plain().ttl(1200)), [false; 0]);
        assert_eq!(deleted(plain().ttl(1199)), [false]);
        assert_eq!(deleted(migration().ttl(0)), [true]);
        assert_eq!(deleted(hook("pre-install").ttl(60)), [true]);
        assert_eq!(deleted(plain()), [false; 0]);
    }

    #[test]
    fn a_hook_that_failed_is_looked_at_before_it_is_deleted() {
        let policy = "helm.sh/hook-delete-policy";
        assert_eq!(deleted(hook("pre-install").annotate(policy, "before-hook-creation,hook-succeeded")), [false; 0]);
        assert_eq!(deleted(hook("pre-install").annotate(policy, "hook-succeeded, hook-failed")), [false]);
        let argo = plain().annotate("argocd.argoproj.io/hook", "PreSync");
        assert_eq!(deleted(argo.annotate("argocd.argoproj.io/hook-delete-policy", "HookFailed")), [false]);
    }

    #[test]
    fn a_migration_keeps_its_pods() {
        let count = |given: Given| found(&Jobs::default(), &LOGS_LOST, &given.build()).len();
        assert_eq!(count(migration().restart(RestartPolicy::OnFailure)), 1);
        assert_eq!(count(migration().restart(RestartPolicy::Never)), 0);
        assert_eq!(count(plain().restart(RestartPolicy::OnFailure)), 0);
    }
}
