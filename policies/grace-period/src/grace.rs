//! G against what the containers need. Per container at most one of `zero-grace`, `prestop-over-grace` and the sum.

use crate::{
    GRACE, Stop,
    prestop::Bound,
    shutdown::{Known, Origin, Shutdown},
    timeline::Timeline,
};
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule};

pub(crate) const TOO_SHORT: Rule =
    Rule::new("grace-too-short", Level::Deny, "the grace period is less than what the container needs to stop")
        .escalated(Level::Warn, Level::Deny);
pub(crate) const NO_TIME: Rule = Rule::new(
    "no-time-to-stop",
    Level::Warn,
    "the shutdown timeout is unknown, and the grace period leaves less than a second for it",
)
.strict(Level::Deny);
pub(crate) const PRESTOP_OVER: Rule =
    Rule::new("prestop-over-grace", Level::Deny, "the preStop hook uses up the whole grace period");
pub(crate) const ZERO: Rule = Rule::new("zero-grace", Level::Deny, "a grace period of zero");

pub(crate) fn check(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    if stop.grace == Duration::ZERO && findings.wants(&ZERO) {
        findings.push(zero(stop));
        return;
    }
    for timeline in &stop.applications {
        let prestop = timeline.prestop.length();
        if prestop > Duration::ZERO && prestop >= stop.grace && findings.wants(&PRESTOP_OVER) {
            findings.push(prestop_over(stop, timeline));
            continue;
        }
        let finding = match &timeline.shutdown {
            // What never ends has no sum.
            _ if matches!(timeline.prestop, Bound::Endless) => continue,
            Shutdown::Known(known) if stop.grace < timeline.needed() => too_short(stop, timeline, known),
            Shutdown::Unknown(_) if stop.grace < timeline.least() && !timeline.container.only_waits() => {
                no_time(stop, timeline)
            }
            _ => continue,
        };
        findings.push(finding.container(timeline.container));
    }
}

fn zero(stop: &Stop<'_>) -> Finding {
    let enough = enough(stop);
    let message = format!("{GRACE} {}s: the containers are killed about a second after SIGTERM", stop.grace_seconds());
    Finding::new(&ZERO, stop.grace_pointer(), message)
        .help(format!("{GRACE}: {enough}"))
        .set(stop.grace_pointer(), enough)
}

fn prestop_over(stop: &Stop<'_>, timeline: &Timeline<'_>) -> Finding {
    let cut_off = "the kubelet cuts it off, and 2s are left to stop";
    if let Bound::Endless = timeline.prestop {
        let message = format!("the preStop hook never ends: after {GRACE} {}s {cut_off}", stop.grace_seconds());
        let help = "let the hook end by itself, well before the grace period is over";
        let finding = Finding::new(&PRESTOP_OVER, stop.grace_pointer(), message).help(help);
        return finding.container(timeline.container);
    }
    let message =
        format!("the preStop hook takes {} of {GRACE} {}s: {cut_off}", timeline.prestop, stop.grace_seconds());
    suggest(stop, Finding::new(&PRESTOP_OVER, stop.grace_pointer(), message)).container(timeline.container)
}

/// A warning where it hangs on what is only inferred.
fn too_short(stop: &Stop<'_>, timeline: &Timeline<'_>, known: &Known) -> Finding {
    let message = format!("{GRACE} {}s is less than {}", stop.grace_seconds(), timeline.spelled_out());
    let finding = suggest(stop, Finding::new(&TOO_SHORT, stop.grace_pointer(), message));
    let is_enough_without_delay = stop.grace >= timeline.needed().saturating_sub(timeline.drain.length);
    let hangs_on_delay = timeline.drain.inferred && is_enough_without_delay;
    if known.origin == Origin::Inferred || hangs_on_delay { finding.escalated() } else { finding }
}

fn no_time(stop: &Stop<'_>, timeline: &Timeline<'_>) -> Finding {
    let message = format!(
        "{GRACE} {}s leaves less than 1s for a shutdown timeout that is unknown: it takes {}",
        stop.grace_seconds(),
        timeline.least_spelled_out(),
    );
    suggest(stop, Finding::new(&NO_TIME, stop.grace_pointer(), message)).container(timeline.container)
}

fn suggest(stop: &Stop<'_>, finding: Finding) -> Finding {
    let enough = enough(stop);
    finding.help(format!("{GRACE}: {enough}")).set(stop.grace_pointer(), enough)
}

/// The smallest whole number of seconds that is enough for all containers, so that fixing one does not break another;
/// the API server's default where nothing is declared.
fn enough(stop: &Stop<'_>) -> u64 {
    let ends = |timeline: &&Timeline<'_>| !matches!(timeline.prestop, Bound::Endless);
    let needed = stop.applications.iter().filter(ends).map(|timeline| match timeline.shutdown {
        Shutdown::Known(_) => timeline.needed().ceil_seconds(),
        Shutdown::Unknown(_) => (timeline.least() + timeline.margin).ceil_seconds().max(DEFAULT),
    });
    needed.max().unwrap_or(DEFAULT)
}

const DEFAULT: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        GracePeriod,
        sample::{Given, container, deployment, found, found_with, messages},
    };
    use expect_test::expect;
    use plimsoll_policy::workload::Handler;
    use proptest::prelude::*;

    /// The golden negative test: 5 s of drain, 45 s of shutdown, 50 s of grace.
    fn zero_downtime(grace: i64) -> Given {
        deployment(grace)
            .with(container("web").env("DOTNET_SHUTDOWNTIMEOUTSECONDS", "45"))
            .annotate("plimsoll.dev/drain-delay", "5s")
    }

    #[test]
    fn denies_a_sum_without_margin_and_spells_it_out() {
        let workload = zero_downtime(50).build();
        expect![[r#"
            terminationGracePeriodSeconds 50s is less than 55s = preStop 0s + drain delay 5s (plimsoll.dev/drain-delay) + shutdown timeout 45s (DOTNET_SHUTDOWNTIMEOUTSECONDS) + flush 0s + margin 5s"#]]
        .assert_eq(&messages(&workload, &TOO_SHORT));
        let [finding] = &*found(&workload, &TOO_SHORT) else { panic!("one finding") };
        assert_eq!(finding.pointer, "/spec/template/spec/terminationGracePeriodSeconds");
        assert_eq!(finding.help.as_deref(), Some("terminationGracePeriodSeconds: 55"));
        assert_eq!(finding.container.as_deref(), Some("web"));
        assert!(!finding.escalated);
    }

    #[test]
    fn the_sum_with_its_margin_is_enough_and_a_second_less_is_not() {
        assert_eq!(found(&zero_downtime(55).build(), &TOO_SHORT), []);
        assert_eq!(found(&zero_downtime(54).build(), &TOO_SHORT).len(), 1);
    }

    #[test]
    fn an_inferred_timeout_leads_to_a_warning_only() {
        let manager = |grace| deployment(grace).with(container("m").command(&["/manager"]).args(&["--leader-elect"]));
        let [finding] = &*found(&manager(34).build(), &TOO_SHORT) else { panic!("one finding") };
        assert!(finding.escalated);
        assert_eq!(found(&manager(35).build(), &TOO_SHORT), []);
    }

    #[test]
    fn the_suggested_grace_is_enough_for_every_container() {
        let workload = deployment(10)
            .with(container("a").annotate("shutdown-timeout", "20s"))
            .with(container("b").annotate("shutdown-timeout", "40500ms"))
            .build();
        let helps: Vec<_> = found(&workload, &TOO_SHORT).into_iter().filter_map(|finding| finding.help).collect();
        assert_eq!(helps, ["terminationGracePeriodSeconds: 46", "terminationGracePeriodSeconds: 46"]);
    }

    #[test]
    fn an_unknown_timeout_needs_a_second_on_top_of_the_rest_and_no_margin() {
        let silent =
            |grace| deployment(grace).with(container("app")).annotate("plimsoll.dev/drain-delay", "4s").build();
        assert_eq!(found(&silent(5), &NO_TIME), []);
        expect!["terminationGracePeriodSeconds 4s leaves less than 1s for a shutdown timeout that is unknown: it takes 5s = preStop 0s + drain delay 4s (plimsoll.dev/drain-delay) + flush 0s + 1s for the shutdown itself"].assert_eq(&messages(&silent(4), &NO_TIME));
        assert_eq!(found(&silent(4), &NO_TIME)[0].help.as_deref(), Some("terminationGracePeriodSeconds: 30"));
    }

    #[test]
    fn a_delay_that_only_a_switch_at_build_time_turns_on_leads_to_a_warning() {
        let quarkus = |grace| {
            let app = container("web").env("QUARKUS_SHUTDOWN_TIMEOUT", "25S").env("QUARKUS_SHUTDOWN_DELAY", "15S");
            found(&deployment(grace).with(app).build(), &TOO_SHORT)
        };
        for (grace, second) in [(45, None), (44, Some(true)), (30, Some(true)), (29, Some(false))] {
            assert_eq!(quarkus(grace).first().map(|finding| finding.escalated), second, "{grace}");
        }
        expect!["terminationGracePeriodSeconds 35s is less than 45s = preStop 0s + drain delay 15s (QUARKUS_SHUTDOWN_DELAY, inferred) + shutdown timeout 25s (QUARKUS_SHUTDOWN_TIMEOUT) + flush 0s + margin 5s"].assert_eq(&quarkus(35)[0].message);
    }

    #[test]
    fn a_hook_as_long_as_the_grace_is_denied_and_a_shorter_one_is_not() {
        let sleeping = |grace| {
            let app = container("app").pre_stop(Handler::Sleep { seconds: 10 });
            deployment(grace).with(app).annotate("plimsoll.dev/shutdown-timeout", "0s").build()
        };
        assert_eq!(found(&sleeping(10), &PRESTOP_OVER).len(), 1);
        assert_eq!(found(&sleeping(11), &PRESTOP_OVER), []);
    }

    #[test]
    fn only_the_gravest_of_three_speaks_and_the_next_one_where_it_is_off() {
        let app = || container("app").pre_stop(Handler::Sleep { seconds: 10 });
        let workload = deployment(0).with(app()).annotate("plimsoll.dev/shutdown-timeout", "9s").build();
        let names = |off: &[&str]| -> Vec<String> {
            let off: Vec<String> = off.iter().map(|&rule| rule.to_owned()).collect();
            found_with(&GracePeriod::default(), &workload, &off).into_iter().map(|finding| finding.rule).collect()
        };
        assert_eq!(names(&[]), ["zero-grace"]);
        assert_eq!(names(&["zero-grace"]), ["prestop-over-grace"]);
        assert_eq!(names(&["zero-grace", "prestop-over-grace"]), ["grace-too-short"]);
    }

    #[test]
    fn jobs_are_judged_as_well() {
        assert_eq!(found(&zero_downtime(50).job().build(), &TOO_SHORT).len(), 1);
    }

    /// The kubelet's clock, a tenth of a second at a time: the hook first, on the grace's account; then SIGTERM and
    /// what is left, but 2 s at least; then SIGKILL. Returns whether the process had ended before.
    fn ends_before_it_is_killed(grace: u64, prestop: u64, process: u64) -> bool {
        let tick = 1;
        let (mut budget, mut hook) = (grace * 10, prestop * 10);
        while hook > 0 && budget > 0 {
            hook -= tick;
            budget -= tick;
        }
        let mut until_kill = budget.max(20);
        let mut work = process * 10;
        while work > 0 {
            if until_kill == 0 {
                return false;
            }
            work -= tick;
            until_kill -= tick;
        }
        true
    }

    proptest! {
        #[test]
        fn agrees_with_a_simulated_kubelet(
            grace in 1u64..60, prestop in 0u64..20, drain in 0u64..10, shutdown in 0u64..40, flush in 0u64..10,
            margin in 1i64..8,
        ) {
            let seconds = |key: &str, value: u64| (format!("plimsoll.dev/{key}"), format!("{value}s"));
            let mut given = deployment(grace as i64)
                .with(container("app").pre_stop(Handler::Sleep { seconds: prestop as i64 }));
            let declared =
                [seconds("drain-delay", drain), seconds("shutdown-timeout", shutdown), seconds("flush-timeout", flush)];
            for (annotation, value) in &declared {
                given = given.annotate(annotation, value);
            }
            let settings = GracePeriod { margin: Duration::seconds(margin), ..GracePeriod::default() };
            let off = [PRESTOP_OVER.name.to_string()];
            let denied = found_with(&settings, &given.build(), &off).iter().any(|finding| finding.rule == TOO_SHORT.name);

            let process = drain + shutdown + flush;
            let ends = ends_before_it_is_killed(grace, prestop, process);
            // With a second to spare: equality would be a race.
            let ends_in_time = ends_before_it_is_killed(grace, prestop, process + 1);
            prop_assert!(denied || ends_in_time, "allowed, and it is killed");
            let killed = grace < prestop + process && process > 2;
            prop_assert!(!killed || (denied && !ends), "killed, and it is allowed");
            prop_assert_eq!(denied, grace < prestop + process + margin as u64);
        }
    }
}
