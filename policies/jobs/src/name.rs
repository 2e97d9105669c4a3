//! Migrations whose next release cannot create them again.

use crate::Subject;
use plimsoll_policy::{Finding, Findings, Level, Pointer, Rule};

pub(crate) const UNVERSIONED: Rule = Rule::new(
    "unversioned-migration-job",
    Level::Warn,
    "a migration with a name that the next release has again, and no hook that deletes it first",
);

pub(crate) fn check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    // Helm and Argo CD delete the hook of the release before, unless they are told to delete it otherwise.
    if !subject.is_migration || subject.hook.is_some() || is_versioned(&subject.workload.name) {
        return;
    }
    let name = &subject.workload.name;
    let message = format!(
        "the next release has a Job `{name}` too: the pod template of a Job cannot be changed, so the release is refused, \
         or the migration that is there already counts as done"
    );
    let help = format!(
        "put the revision or a hash of the migrations into the name, as in `{name}-{{{{ .Release.Revision }}}}`, or make \
         it a hook"
    );
    findings.push(Finding::new(&UNVERSIONED, Pointer::ROOT.join("metadata/name"), message).help(help));
}

/// Whether a name has something that another release will not have: a number, a version, a date, a hash. One that ends
/// with a hyphen is a `generateName`, to which the API server adds a suffix.
fn is_versioned(name: &str) -> bool {
    name.ends_with('-') || name.split(['-', '.']).any(is_version)
}

/// `12`, `v3`, `r12`, `rev4`, `20261130`, `1a2b3c4`, `x7k2p`; not `s3`, `k8s`, `oauth2`.
fn is_version(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let counted = ["", "v", "r", "rev", "rel", "build"]
        .iter()
        .filter_map(|prefix| token.strip_prefix(prefix))
        .any(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    let is_hash = token.len() >= 7 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_mixed = token.len() >= 5
        && !token.trim_end_matches(|c: char| c.is_ascii_digit()).bytes().all(|byte| byte.is_ascii_alphabetic());
    counted || (digits > 0 && (is_hash || is_mixed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Jobs,
        testing::{migration, plain},
    };
    use plimsoll_policy::testing::found;

    #[test]
    fn a_name_is_versioned_by_a_number_or_a_hash() {
        for (name, versioned) in [
            ("migrate", false),
            ("shop-db-migrate", false),
            ("shop-s3-sync", false),
            ("k8s-migrate", false),
            ("oauth2-migrate", false),
            ("db2-migrate", false),
            ("migrate-12", true),
            ("shop-migrate-v3", true),
            ("shop-migrate-r12", true),
            ("migrate-1.4.2", true),
            ("migrate-20261130", true),
            ("migrate-1a2b3c4", true),
            ("migrate-deadbee", false),
            ("migrate-x7k2p", true),
            ("migrate-", true),
        ] {
            assert_eq!(is_versioned(name), versioned, "{name}");
        }
    }

    #[test]
    fn a_hook_is_deleted_before_the_next_one_and_other_jobs_may_stay() {
        let count = |given: crate::testing::Given| found(&Jobs::default(), &UNVERSIONED, &given.build()).len();
        assert_eq!(count(migration()), 1);
        assert_eq!(count(migration().name("migrate-2")), 0);
        assert_eq!(count(migration().annotate("helm.sh/hook", "pre-upgrade")), 0);
        assert_eq!(count(plain()), 0);
    }
}
