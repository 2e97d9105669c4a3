//! Contracts that cannot be read, and contracts that the application's own settings contradict.

use crate::{Stop, shutdown::Origin};
use plimsoll_policy::{
    Finding, Findings, Level, Rule,
    contract::{Contract, Key, Reason},
};

pub(crate) const CONTRADICTION: Rule = Rule::new(
    "contract-contradiction",
    Level::Deny,
    "an annotation says otherwise than the flag or variable that the framework reads",
);
pub(crate) const INVALID: Rule =
    Rule::new("invalid-contract", Level::Deny, "a `plimsoll.dev/` annotation that cannot be read");

pub(crate) fn invalid(contract: &Contract, findings: &mut Findings<'_>) {
    for invalid in contract.invalid() {
        let message = format!("`{}` is not valid: {}", invalid.annotation, invalid.reason);
        let help = match &invalid.reason {
            Reason::UnknownKey { nearest: Some(nearest) } => format!("write `{nearest}`, or remove it"),
            Reason::UnknownKey { nearest: None } => "remove it; the contract's page lists the keys".to_owned(),
            Reason::Value(_) => "write a value that can be read; this one is ignored".to_owned(),
            Reason::NoSuchContainer(_) => "name one of the pod's containers".to_owned(),
            Reason::OutsidePodTemplate => "move it to the annotations of the pod template".to_owned(),
        };
        findings.push(Finding::new(&INVALID, &*invalid.pointer, message).help(help));
    }
}

pub(crate) fn contradiction(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    for timeline in stop.long_running() {
        let Some(known) = timeline.shutdown.known().filter(|known| known.origin == Origin::Framework) else { continue };
        let declared = stop.contract.duration(Key::ShutdownTimeout, timeline.container);
        let Some(declared) = declared.filter(|declared| declared.value != known.length) else { continue };
        let message = format!(
            "`{}` says {}, but the application is told {} by `{}`",
            declared.annotation, declared.value, known.length, known.source,
        );
        let help = format!("remove the annotation, or write `{}: {}`", declared.annotation, known.length);
        findings.push(
            Finding::new(&CONTRADICTION, &*declared.pointer, message)
                .container(timeline.container)
                .help(help)
                .set(&*declared.pointer, known.length.to_string()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{container, deployment, found, messages};
    use expect_test::expect;

    #[test]
    fn an_annotation_that_the_framework_contradicts_is_denied_where_it_stands() {
        let told = |timeout| {
            let app = container("app").command(&["gunicorn", "app:app", "--graceful-timeout", "45"]);
            deployment(90).with(app).annotate("plimsoll.dev/shutdown-timeout", timeout).build()
        };
        assert_eq!(found(&told("45s"), &CONTRADICTION), []);
        expect!["`plimsoll.dev/shutdown-timeout` says 30s, but the application is told 45s by `--graceful-timeout`"]
            .assert_eq(&messages(&told("30s"), &CONTRADICTION));
        let pointer = &found(&told("30s"), &CONTRADICTION)[0].pointer;
        assert_eq!(pointer, "/spec/template/metadata/annotations/plimsoll.dev~1shutdown-timeout");
    }

    #[test]
    fn a_default_or_a_generic_variable_contradicts_nothing() {
        let app = container("app").image("mcr.microsoft.com/dotnet/aspnet:8.0").env("SHUTDOWN_TIMEOUT", "10s");
        let workload = deployment(90).with(app).annotate("plimsoll.dev/shutdown-timeout", "60s").build();
        assert_eq!(found(&workload, &CONTRADICTION), []);
    }

    #[test]
    fn no_typo_passes_in_silence() {
        for (annotation, value, expected) in [
            (
                "plimsoll.dev/shutdown-timout",
                "30s",
                expect!["`plimsoll.dev/shutdown-timout` is not valid: no such key; did you mean `shutdown-timeout`?"],
            ),
            (
                "plimsoll.dev/shutdown-timeout",
                "90",
                expect!["`plimsoll.dev/shutdown-timeout` is not valid: `90` has no unit; write `90s`"],
            ),
            (
                "shutdown-timeout.plimsoll.dev/ap",
                "30s",
                expect!["`shutdown-timeout.plimsoll.dev/ap` is not valid: the pod has no container `ap`"],
            ),
        ] {
            let workload = deployment(60).with(container("app")).annotate(annotation, value).build();
            expected.assert_eq(&messages(&workload, &INVALID));
        }
    }
}
