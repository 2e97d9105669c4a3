#![doc = include_str!("../README.md")]

mod client;
mod command;
mod endpoint;
mod exec;
mod kind;
mod liveness;
mod poststart;
mod presence;
mod restart;
mod same_endpoint;
mod startup;
#[cfg(test)]
mod testing;
mod timeout;
mod windows;

use plimsoll_policy::{Duration, Findings, Input, Policy, Rule, about, contract::Contract, workload::Container};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The policy `probes`, and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probes {
    /// What a start must be granted by the liveness probe where there is no startup probe.
    pub min_start_window: Duration,
    /// The silence that a liveness probe must outlast where the contract declares no `liveness-stall`.
    pub min_liveness_window: Duration,
}

impl Default for Probes {
    fn default() -> Self {
        Probes { min_start_window: Duration::seconds(25), min_liveness_window: Duration::seconds(10) }
    }
}

impl Policy for Probes {
    const ID: &'static str = "probes";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "startup, liveness and readiness probes that tell the truth and give the process its time";
    const RULES: &'static [Rule] = &[
        presence::MISSING_READINESS,
        presence::PARTIAL_READINESS,
        presence::MISSING_LIVENESS,
        startup::MISSING_STARTUP,
        startup::INITIAL_DELAY,
        startup::WINDOW_TOO_SHORT,
        liveness::KILLS_STALLS,
        same_endpoint::SAME_ENDPOINT,
        same_endpoint::LIVENESS_FIRST,
        liveness::DEPENDENCY,
        endpoint::UNKNOWN_PORT,
        endpoint::WRONG_ENDPOINT,
        endpoint::HOST_OVERRIDE,
        timeout::OVER_PERIOD,
        timeout::TIGHT,
        exec::OVERHEAD,
        exec::TIMEOUT,
        restart::NEVER_RESTARTED,
        poststart::UNBOUNDED,
    ];
    const PAGE: &'static str = include_str!("../README.md");
    const ABOUT: &'static str = about::PROBE;

    fn validate(&self) -> Result<(), String> {
        in_range("min-start-window", self.min_start_window)?;
        in_range("min-liveness-window", self.min_liveness_window)
    }

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let workload = input.workload;
        let contract = Contract::of(workload);

        // Shell strings are read for this, so it is done once.
        let working: Vec<_> = workload.pod.working().collect();
        let is_unread = |container: &Container| kind::has_unread(workload, container);
        if !working.iter().any(|container| is_unread(container)) {
            presence::check(workload, &working, &contract, findings);
        }
        restart::check(workload, &working, findings);
        // The three probes of a container are held against each other, so one that cannot be read silences all three.
        for container in workload.pod.long_running().filter(|container| !is_unread(container)) {
            startup::check(self, workload, container, &contract, findings);
            liveness::check(self, container, &contract, findings);
            same_endpoint::check(container, findings);
            endpoint::check(workload, container, &contract, findings);
            timeout::check(&workload.pod, container, findings);
            exec::check(container, findings);
            poststart::check(container, findings);
        }
    }
}

/// A probe cannot measure less than a second, and no process is given an hour to come back.
fn in_range(setting: &str, value: Duration) -> Result<(), String> {
    let (least, most) = (Duration::seconds(1), Duration::seconds(3600));
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("`{setting}` is {value}; it must be between {least} and {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_policy::examples;

    #[test]
    fn refuses_settings_that_make_no_sense() {
        for (millis, valid) in [(0, false), (999, false), (1000, true), (3_600_000, true), (3_600_001, false)] {
            let window = Duration::millis(millis);
            let start = Probes { min_start_window: window, ..Probes::default() };
            let liveness = Probes { min_liveness_window: window, ..Probes::default() };
            assert_eq!((start.validate().is_ok(), liveness.validate().is_ok()), (valid, valid), "{window}");
        }
        let zero = Probes { min_start_window: Duration::ZERO, ..Probes::default() };
        assert_eq!(zero.validate().unwrap_err(), "`min-start-window` is 0s; it must be between 1s and 3600s");
    }

    #[test]
    fn reads_settings_and_refuses_unknown_ones() {
        let read = |text| serde_json::from_str::<Probes>(text);
        assert_eq!(read("{}").unwrap(), Probes::default());
        assert_eq!(read(r#"{"min-start-window":"1m"}"#).unwrap().min_start_window, Duration::seconds(60));
        assert!(read(r#"{"min-start":"1m"}"#).is_err());
    }

    /// Whether the examples hold is asked by running them; here: that every rule and each of its levels has one.
    #[test]
    fn the_page_shows_every_level_of_every_rule() {
        use plimsoll_policy::Level;
        let examples = examples::parse(Probes::PAGE).unwrap();
        for rule in Probes::RULES {
            let shown = |strict, level| {
                examples.iter().any(|e| e.rule == rule.name && e.strict == strict && e.verdict == level)
            };
            for levels in [Some(rule.levels), rule.escalated].into_iter().flatten() {
                assert!(levels.default == Level::Off || shown(false, levels.default), "{}", rule.name);
                assert!(levels.strict == levels.default || shown(true, levels.strict), "{} strict", rule.name);
            }
            let allowed = |e: &examples::Example<'_>| e.rule == rule.name && e.verdict == Level::Off;
            assert!(examples.iter().any(allowed), "{} allowed", rule.name);
        }
        for example in &examples {
            assert!(Probes::RULES.iter().any(|rule| rule.name == example.rule), "line {}", example.line);
        }
    }

    #[test]
    fn the_table_of_the_page_has_the_levels_of_the_rules() {
        for rule in Probes::RULES {
            let second = |level: fn(plimsoll_policy::Levels) -> plimsoll_policy::Level| {
                rule.escalated.map(|levels| format!(" / {}", level(levels).name())).unwrap_or_default()
            };
            let default = format!("{}{}", rule.levels.default.name(), second(|levels| levels.default));
            let strict = format!("{}{}", rule.levels.strict.name(), second(|levels| levels.strict));
            let row = format!("| [`{0}`](#{0}) | {default} | {strict} | {1} |", rule.name, rule.summary);
            assert!(Probes::PAGE.contains(&row), "{row}");
        }
    }
}
