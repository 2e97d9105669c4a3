//! Starts that are cut short, and how much time a start is granted.

use crate::{
    Probes,
    windows::{Windows, threshold, threshold_for_start},
};
use plimsoll_policy::{
    Duration, Finding, Findings, Level, Rule, Workload,
    contract::{Contract, Declared, Key},
    workload::{Class, Container, Probe},
};
use serde_json::Value;

pub(crate) const MISSING_STARTUP: Rule =
    Rule::new("missing-startup-probe", Level::Warn, "liveness without a startup probe kills a slow start")
        .strict(Level::Deny)
        .escalated(Level::Deny, Level::Deny);

pub(crate) const INITIAL_DELAY: Rule = Rule::new(
    "initial-delay-as-startup-budget",
    Level::Warn,
    "liveness waits 30 s or more on every start in place of a startup probe",
)
.strict(Level::Deny);

pub(crate) const WINDOW_TOO_SHORT: Rule = Rule::new(
    "startup-window-too-short",
    Level::Deny,
    "the startup probe grants less than the contract's `startup-budget`",
);

/// From here on a delay is a guess at the start's length, not a courtesy.
const LONG_DELAY_SECONDS: i64 = 30;

/// Period of the startup probes that are proposed: a start is noticed soon, at little cost.
const PROPOSED_PERIOD_SECONDS: i64 = 5;

pub(crate) fn check(
    settings: &Probes,
    workload: &Workload,
    container: &Container,
    contract: &Contract,
    findings: &mut Findings<'_>,
) {
    let budget = contract.duration(Key::StartupBudget, container);
    match (&container.startup, &container.liveness) {
        (Some(startup), _) => window_too_short(startup, container, budget.as_ref(), findings),
        (None, Some(liveness)) => {
            initial_delay(liveness, container, budget.as_ref(), findings);
            if container.class == Class::Application && !workload.runs_to_completion() && !container.only_waits() {
                missing(settings, liveness, container, budget.as_ref(), findings);
            }
        }
        (None, None) => {}
    }
}

fn waits_long(liveness: &Probe) -> bool {
    liveness.initial_delay_seconds >= LONG_DELAY_SECONDS
}

fn missing(
    settings: &Probes,
    liveness: &Probe,
    container: &Container,
    budget: Option<&Declared<Duration>>,
    findings: &mut Findings<'_>,
) {
    let windows = Windows::of(liveness);
    let outlasting = budget.filter(|budget| windows.failing < budget.value);
    let finding = |wanted: Duration, than: String| {
        let message = format!(
            "without a startup probe liveness kills a start after {}: less than the {wanted} {than}",
            windows.of_start()
        );
        let finding = Finding::new(&MISSING_STARTUP, container.field("startupProbe"), message).help(proposal(wanted));
        add_startup(finding, liveness, container, wanted).container(container)
    };
    if let Some(budget) = outlasting {
        findings.push(finding(budget.value, format!("of `{}`", budget.annotation)).escalated());
        return;
    }
    // The warning would repeat the other rule's; a budget that is not met (above) is more than that.
    let is_said = waits_long(liveness) && findings.wants(&INITIAL_DELAY);
    if windows.failing < settings.min_start_window && !is_said {
        findings.push(finding(settings.min_start_window, "that every start should have".to_owned()));
    }
}

fn initial_delay(
    liveness: &Probe,
    container: &Container,
    budget: Option<&Declared<Duration>>,
    findings: &mut Findings<'_>,
) {
    if !waits_long(liveness) {
        return;
    }
    let (delay, windows) = (liveness.initial_delay_seconds, Windows::of(liveness));
    let message = format!(
        "liveness waits {delay}s on every start, however short, and a longer one is still killed after {}",
        windows.of_start()
    );
    let granted = budget.map_or(windows.failing, |budget| budget.value.max(windows.failing));
    let help = format!("remove `initialDelaySeconds` and {}", proposal(granted));
    let field = liveness.field("initialDelaySeconds");
    let finding = Finding::new(&INITIAL_DELAY, field.clone(), message).help(help).remove(field);
    findings.push(add_startup(finding, liveness, container, granted).container(container));
}

fn window_too_short(
    startup: &Probe,
    container: &Container,
    budget: Option<&Declared<Duration>>,
    findings: &mut Findings<'_>,
) {
    let windows = Windows::of(startup);
    let Some(budget) = budget.filter(|budget| windows.failing < budget.value) else { return };
    let message = format!(
        "the startup probe kills after {}: less than the {} of `{}`",
        windows.of_start(),
        budget.value,
        budget.annotation
    );
    let enough = threshold_for_start(startup, budget.value);
    let field = startup.field("failureThreshold");
    findings.push(
        Finding::new(&WINDOW_TOO_SHORT, field.clone(), message)
            .help(format!("write `failureThreshold: {enough}`: the first look counts, so n looks span n − 1 periods"))
            .set(field, enough)
            .container(container),
    );
}

fn proposal(granted: Duration) -> String {
    let enough = threshold(granted, PROPOSED_PERIOD_SECONDS);
    format!(
        "add a `startupProbe` with the handler of the liveness probe, `periodSeconds: {PROPOSED_PERIOD_SECONDS}` and \
         `failureThreshold: {enough}`"
    )
}

/// A startup probe that asks what liveness asks. Whether that is what a start should wait for, only the author knows.
fn add_startup(finding: Finding, liveness: &Probe, container: &Container, granted: Duration) -> Finding {
    let Some((name, handler)) = liveness.handler.written() else { return finding };
    let looks = threshold(granted, PROPOSED_PERIOD_SECONDS);
    let mut fields = vec![
        (name.to_owned(), handler),
        ("periodSeconds".to_owned(), PROPOSED_PERIOD_SECONDS.into()),
        ("failureThreshold".to_owned(), looks.into()),
    ];
    if liveness.timeout_seconds != 1 {
        fields.push(("timeoutSeconds".to_owned(), liveness.timeout_seconds.into()));
    }
    finding.set(container.field("startupProbe"), Value::from_iter(fields)).unsafe_fix()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        ContainerExt, ProbeExt, container, declaring, deployment, fires, found, found_with, http, job, shown,
    };
    use expect_test::expect;

    fn live(probe: Probe) -> Container {
        container("app").liveness(probe)
    }

    fn probe() -> Probe {
        http("/livez", 8080)
    }

    fn budget(container: Container, text: &str) -> Workload {
        declaring(deployment([container]), [("startup-budget", text)])
    }

    #[test]
    fn a_start_must_be_granted_twenty_five_seconds() {
        for (liveness, short) in [
            (probe(), true),
            (probe().threshold(4), false),
            (probe().delay(5), true),
            (probe().delay(6), false),
            // What the commonest template grants: 29 s.
            (probe().delay(10), false),
            (probe().period(24).threshold(2), true),
            (probe().period(25).threshold(2), false),
        ] {
            assert_eq!(fires(&MISSING_STARTUP, live(liveness.clone())), short, "{liveness:?}");
        }
        assert!(!fires(&MISSING_STARTUP, live(probe()).startup(probe())));
        assert!(!fires(&MISSING_STARTUP, container("app").readiness(probe())));
        let sleeper = Container { command: vec!["sleep".to_owned(), "infinity".to_owned()], ..live(probe()) };
        assert!(!fires(&MISSING_STARTUP, sleeper));
    }

    #[test]
    fn a_startup_budget_that_liveness_cuts_is_graver_than_none() {
        for (liveness, declared, second) in [
            (probe(), "20s", Some(false)),
            (probe(), "21s", Some(true)),
            (probe().threshold(4), "30s", None),
            (probe().threshold(4), "30500ms", Some(true)),
            (probe().delay(60), "79s", None),
            (probe().delay(60), "80s", Some(true)),
        ] {
            let found = found(&MISSING_STARTUP, &budget(live(liveness), declared));
            assert_eq!(found.first().map(|finding| finding.escalated), second, "{declared}");
        }
    }

    #[test]
    fn a_long_delay_is_said_once() {
        // 29 s are granted, so with a minimum of 30 s both rules have something to say.
        let settings = Probes { min_start_window: Duration::seconds(30), ..Probes::default() };
        let pod = deployment([live(probe().delay(30).threshold(1).timeout(20))]);
        let rules = |off: &[&Rule]| found_with(&settings, off, &pod);
        assert_eq!(rules(&[]).iter().filter(|rule| *rule == &INITIAL_DELAY.name).count(), 1);
        assert!(!rules(&[]).contains(&MISSING_STARTUP.name.clone().into_owned()));
        assert!(rules(&[&INITIAL_DELAY]).contains(&MISSING_STARTUP.name.clone().into_owned()));
    }

    #[test]
    fn a_delay_of_thirty_seconds_is_a_budget_unless_there_is_a_startup_probe() {
        for (delay, long) in [(0, false), (29, false), (30, true)] {
            assert_eq!(fires(&INITIAL_DELAY, live(probe().delay(delay))), long, "{delay}");
            assert!(!fires(&INITIAL_DELAY, live(probe().delay(delay)).startup(probe())), "{delay}");
        }
        assert!(!fires(&INITIAL_DELAY, container("app").readiness(probe().delay(60))));
    }

    #[test]
    fn thirty_looks_every_ten_seconds_are_not_three_hundred_seconds() {
        let started = |probe| container("app").startup(probe);
        for (startup, declared, short) in [
            (probe().threshold(30), "290s", false),
            (probe().threshold(30), "291s", true),
            (probe().threshold(31), "5m", false),
            (probe().threshold(30).delay(10), "300s", true),
            (probe().threshold(30).delay(11), "300s", false),
        ] {
            let found = found(&WINDOW_TOO_SHORT, &budget(started(startup.clone()), declared));
            assert_eq!(found.len(), usize::from(short), "{declared} {startup:?}");
        }
        assert!(!fires(&WINDOW_TOO_SHORT, started(probe().threshold(1))), "nothing is declared");
    }

    #[test]
    fn sidecars_and_jobs_need_no_startup_probe_but_theirs_must_fit() {
        let sidecar = |container: Container| deployment([container.class(Class::Sidecar)]);
        let of_its_own = |mut workload: Workload| {
            workload.pod.annotations.insert("startup-budget.plimsoll.dev/app".to_owned(), "60s".to_owned());
            workload
        };
        for workload in [sidecar(live(probe())), job([live(probe())])] {
            assert_eq!(found(&MISSING_STARTUP, &of_its_own(workload)), []);
        }
        for workload in [sidecar(container("app").startup(probe())), job([container("app").startup(probe())])] {
            assert_eq!(found(&WINDOW_TOO_SHORT, &of_its_own(workload)).len(), 1);
        }
        for workload in [sidecar(live(probe().delay(30))), job([live(probe().delay(30))])] {
            assert_eq!(found(&INITIAL_DELAY, &workload).len(), 1);
        }
    }

    #[test]
    fn says_both_windows_and_what_to_write() {
        let short = budget(container("app").startup(probe().threshold(30)), "5m");
        let cut = budget(live(probe()), "2m");
        let all = [
            found(&MISSING_STARTUP, &deployment([live(probe())])),
            found(&MISSING_STARTUP, &cut),
            found(&INITIAL_DELAY, &deployment([live(probe().delay(60))])),
            found(&WINDOW_TOO_SHORT, &short),
        ];
        expect![[r#"
            app: without a startup probe liveness kills a start after 20s of failed answers (of silence: 21s): less than the 25s that every start should have
              at /spec/template/spec/containers/0/startupProbe
              help: add a `startupProbe` with the handler of the liveness probe, `periodSeconds: 5` and `failureThreshold: 6`
              fix: Add { pointer: "/spec/template/spec/containers/0/startupProbe", value: "{\"failureThreshold\":6,\"httpGet\":{\"path\":\"/livez\",\"port\":8080},\"periodSeconds\":5}" }
            app (escalated): without a startup probe liveness kills a start after 20s of failed answers (of silence: 21s): less than the 120s of `plimsoll.dev/startup-budget`
              at /spec/template/spec/containers/0/startupProbe
              help: add a `startupProbe` with the handler of the liveness probe, `periodSeconds: 5` and `failureThreshold: 25`
              fix: Add { pointer: "/spec/template/spec/containers/0/startupProbe", value: "{\"failureThreshold\":25,\"httpGet\":{\"path\":\"/livez\",\"port\":8080},\"periodSeconds\":5}" }
            app: liveness waits 60s on every start, however short, and a longer one is still killed after 79s of failed answers (of silence: 21s)
              at /spec/template/spec/containers/0/livenessProbe/initialDelaySeconds
              help: remove `initialDelaySeconds` and add a `startupProbe` with the handler of the liveness probe, `periodSeconds: 5` and `failureThreshold: 17`
              fix: Remove { pointer: "/spec/template/spec/containers/0/livenessProbe/initialDelaySeconds" }
              fix: Add { pointer: "/spec/template/spec/containers/0/startupProbe", value: "{\"failureThreshold\":17,\"httpGet\":{\"path\":\"/livez\",\"port\":8080},\"periodSeconds\":5}" }
            app: the startup probe kills after 290s of failed answers (of silence: 291s): less than the 300s of `plimsoll.dev/startup-budget`
              at /spec/template/spec/containers/0/startupProbe/failureThreshold
              help: write `failureThreshold: 31`: the first look counts, so n looks span n − 1 periods
              fix: Add { pointer: "/spec/template/spec/containers/0/startupProbe/failureThreshold", value: "31" }
        "#]].assert_eq(&shown(&all.concat()));
    }
}
