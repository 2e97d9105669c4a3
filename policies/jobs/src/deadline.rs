//! Jobs that may take longer than the release that waits for them.

use crate::Subject;
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule};

pub(crate) const UNBOUNDED: Rule =
    Rule::new("unbounded-job", Level::Warn, "a migration without a time after which it is given up");

pub(crate) const OUTLASTS: Rule =
    Rule::new("job-outlasts-release", Level::Warn, "a Job may take longer than the release that it belongs to")
        .escalated(Level::Deny, Level::Deny);

const DEADLINE: &str = "activeDeadlineSeconds";
const BACKOFF: &str = "backoffLimit";

pub(crate) fn check(subject: &Subject<'_>, release: Duration, findings: &mut Findings<'_>) {
    if !subject.knows(DEADLINE) {
        return;
    }
    unbounded(subject, release, findings);
    if let Some(finding) = outlasts(subject, release) {
        findings.push(if subject.gates_release() { finding.escalated() } else { finding });
    }
}

fn unbounded(subject: &Subject<'_>, release: Duration, findings: &mut Findings<'_>) {
    if !subject.is_migration || subject.job.active_deadline_seconds.is_some() {
        return;
    }
    let message = "this migration has no time after which it is given up: one that hangs holds up the release until \
                   the release's own deadline, and then still runs";
    let help = format!(
        "{DEADLINE}: what the longest migration takes, and less than {}, the release's deadline",
        release.ceil_seconds()
    );
    findings.push(Finding::new(&UNBOUNDED, subject.field(DEADLINE), message).help(help));
}

/// The worst case, as far as the manifest says it: how long an attempt runs is unknown.
fn outlasts(subject: &Subject<'_>, release: Duration) -> Option<Finding> {
    let limit = release.ceil_seconds();
    if let Some(seconds) = subject.job.active_deadline_seconds {
        let message = format!(
            "{DEADLINE} {seconds}s is longer than a release is waited for ({release}): the release fails while this Job \
             still runs"
        );
        let is_longer = Duration::seconds(seconds) > release;
        return is_longer.then(|| {
            Finding::new(&OUTLASTS, subject.field(DEADLINE), message).help(format!("{DEADLINE}: {limit} or less"))
        });
    }
    let retries = subject.job.backoff_limit.filter(|_| subject.knows(BACKOFF))?;
    let waiting = waiting(retries);
    let message = format!(
        "{BACKOFF} {retries}: between its attempts alone this Job waits {waiting} (10s, doubled each time, 600s at \
         most), longer than a release is waited for ({release})"
    );
    let enough = (0..retries.min(MOST_RETRIES)).rev().find(|retries| self::waiting(*retries) <= release).unwrap_or(0);
    let help = format!("{BACKOFF}: {enough} or less, or {DEADLINE}: {limit} or less");
    (waiting > release).then(|| Finding::new(&OUTLASTS, subject.field(BACKOFF), message).help(help))
}

/// No release waits for a week.
const MOST_RETRIES: i64 = 1000;

/// How long the Job controller waits between attempts: Σ min(10 · 2^i, 600) s for i below the count of retries.
fn waiting(retries: i64) -> Duration {
    let doubled = retries.clamp(0, 6) as u32;
    let capped = (retries - 6).max(0);
    Duration::seconds(10 * ((1 << doubled) - 1)) + Duration::seconds(capped.saturating_mul(600))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Jobs,
        testing::{Given, hook, migration, plain},
    };
    use expect_test::expect;
    use plimsoll_policy::testing::{findings, found};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_as_the_controller_does(retries in 0i64..200) {
            let sum: i64 = (0..retries).map(|i| if i > 10 { 600 } else { (10 << i).min(600) }).sum();
            prop_assert_eq!(waiting(retries), Duration::seconds(sum));
        }

        #[test]
        fn says_a_number_of_retries_that_is_enough_and_the_next_is_not(deadline in 1i64..100_000, retries in 0i64..10_000) {
            let settings = Jobs { release_deadline: Duration::seconds(deadline) };
            let job = plain().backoff(retries).build();
            match &*found(&settings, &OUTLASTS, &job) {
                [] => prop_assert!(waiting(retries) <= settings.release_deadline),
                [finding] => {
                    let help = finding.help.as_deref().unwrap();
                    let enough: i64 = help.trim_start_matches("backoffLimit: ").split(' ').next().unwrap().parse().unwrap();
                    prop_assert!(enough == 0 || waiting(enough) <= settings.release_deadline);
                    prop_assert!(enough == MOST_RETRIES - 1 || waiting(enough + 1) > settings.release_deadline);
                }
                _ => prop_assert!(false, "one finding at most"),
            }
        }
    }

    #[test]
    fn no_number_of_retries_panics() {
        assert_eq!(waiting(i64::MAX), Duration::seconds(i64::MAX) + Duration::seconds(630));
        assert_eq!(waiting(-1), Duration::ZERO);
    }

    #[test]
    fn what_a_release_waits_for_is_denied_and_other_jobs_are_warned() {
        let escalated = |given: Given| -> Option<bool> {
            found(&Jobs::default(), &OUTLASTS, &given.build()).first().map(|finding| finding.escalated)
        };
        assert_eq!(escalated(plain().deadline(1200)), None);
        assert_eq!(escalated(plain().deadline(1201)), Some(false));
        assert_eq!(escalated(migration().deadline(1201)), Some(true));
        assert_eq!(escalated(hook("post-upgrade").deadline(1201)), Some(true));
        assert_eq!(escalated(plain().backoff(6)), None);
        assert_eq!(escalated(plain().backoff(7)), Some(false));
        assert_eq!(escalated(plain().backoff(7).deadline(60)), None);
        assert_eq!(escalated(plain().backoff(7).unreadable("/spec/backoffLimit")), None);
        assert_eq!(escalated(plain().backoff(7).unreadable("/spec/activeDeadlineSeconds")), None);
    }

    #[test]
    fn only_a_migration_must_have_a_deadline() {
        let count = |given: Given| found(&Jobs::default(), &UNBOUNDED, &given.build()).len();
        assert_eq!((count(migration()), count(migration().deadline(60)), count(plain())), (1, 0, 0));
    }

    #[test]
    fn says_the_worst_case_and_what_to_write() {
        let shown = |given: Given| -> Vec<String> {
            let all = findings(&Jobs::default(), &given.build(), &[]);
            let of_deadlines = all.into_iter().filter(|finding| finding.rule != "unversioned-migration-job");
            of_deadlines.map(|f| format!("{}: {}\n  help: {}", f.pointer, f.message, f.help.unwrap())).collect()
        };
        let all = [shown(migration().backoff(8)), shown(plain().deadline(3600))].concat();
        expect![[r#"
            /spec/activeDeadlineSeconds: this migration has no time after which it is given up: one that hangs holds up the release until the release's own deadline, and then still runs
              help: activeDeadlineSeconds: what the longest migration takes, and less than 1200, the release's deadline
            /spec/backoffLimit: backoffLimit 8: between its attempts alone this Job waits 1830s (10s, doubled each time, 600s at most), longer than a release is waited for (1200s)
              help: backoffLimit: 6 or less, or activeDeadlineSeconds: 1200 or less
            /spec/activeDeadlineSeconds: activeDeadlineSeconds 3600s is longer than a release is waited for (1200s): the release fails while this Job still runs
              help: activeDeadlineSeconds: 1200 or less"#]].assert_eq(&all.join("\n"));
    }
}
