//! The five reports that the product was born from (`docs/examples`), and all that is said of their manifests: every
//! finding that they deserve, and no other.

use expect_test::{Expect, expect};
use plimsoll_tests::{plimsoll, root};

/// What a person sees of the folder `before` of a report.
fn before(report: &str, expected: &Expect) {
    let folder = root().join("docs/examples").join(report);
    let outcome = plimsoll(&folder, &["scan", "--color", "never", "before"], "");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""), "{report}");
    expected.assert_eq(&without_time(&outcome.stdout));
}

/// How long a scan took is different each time.
fn without_time(text: &str) -> String {
    let without = |line: &str| match line.split_once(" of ") {
        Some((found, rest)) if found.contains(" in ") && rest.contains(" file") => {
            let (files, rest) = rest.split_once(", ").unwrap_or((rest, ""));
            let skipped = rest.split_once(';').map(|(_, skipped)| format!(";{skipped}")).unwrap_or_default();
            format!("{found} of {files}{skipped}\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(without).collect()
}

#[test]
fn a_timer_worker() {
    before("a-timer-worker", &expect![]);
}

#[test]
fn b_queue_and_feed() {
    before("b-queue-and-feed", &expect![]);
}

#[test]
fn c_three_probes() {
    before("c-three-probes", &expect![]);
}

#[test]
fn d_zero_downtime() {
    before("d-zero-downtime", &expect![]);
}

#[test]
fn e_release() {
    before("e-release", &expect![]);
}
