#![doc = include_str!("../README.md")]

mod application;
mod command;
mod contract_rules;
mod declared;
mod detectors;
mod excessive;
mod grace;
mod hook;
mod image;
mod manager;
mod mesh;
mod prestop;
mod probe_grace;
mod recognised;
mod shutdown;
mod sidecars;
mod signals;
mod spot;
mod timeline;
mod unit;
mod unreadable;

#[cfg(test)]
mod sample;

pub use detectors::CustomDetector;
pub use spot::Spot;
pub use unit::Unit;

use plimsoll_policy::{Duration, Findings, Input, Pointer, Policy, Rule, Workload, contract::Contract};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use timeline::Timeline;

/// The policy `grace-period`, and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GracePeriod {
    /// Time to spare on top of the sum, at least 1s: a process that needs all of its grace ends in a race.
    pub margin: Duration,
    /// Further ways to find a shutdown timeout; asked before the built-in ones.
    pub detectors: Vec<CustomDetector>,
    /// What providers grant a pod when they take a spot node back.
    pub spot: Spot,
}

impl Default for GracePeriod {
    fn default() -> Self {
        GracePeriod { margin: Duration::seconds(5), detectors: Vec::new(), spot: Spot::default() }
    }
}

impl Policy for GracePeriod {
    const ID: &'static str = "grace-period";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "the time a pod gets to stop, against the time its containers need";
    const RULES: &'static [Rule] = &[
        grace::TOO_SHORT,
        grace::NO_TIME,
        declared::UNDECLARED,
        declared::IMPLICIT,
        prestop::UNBOUNDED,
        grace::PRESTOP_OVER,
        probe_grace::CONFLICT,
        sidecars::STARVED,
        grace::ZERO,
        excessive::EXCESSIVE,
        mesh::OUTLIVES,
        spot::CUTS,
        signals::SWALLOWED,
        unreadable::UNREADABLE,
        contract_rules::CONTRADICTION,
        contract_rules::INVALID,
    ];
    const PAGE: &'static str = include_str!("../README.md");

    fn validate(&self) -> Result<(), String> {
        if self.margin < Duration::seconds(1) {
            return Err(format!("margin: {} is too little; it must be at least 1s", self.margin));
        }
        self.detectors.iter().try_for_each(CustomDetector::validate)
    }

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let workload = input.workload;
        let contract = Contract::of(workload);
        let stop = Stop::of(workload, &contract, self);

        contract_rules::invalid(&contract, findings);
        contract_rules::contradiction(&stop, findings);
        if stop.knows_grace() {
            grace::check(&stop, findings);
            declared::implicit(&stop, findings);
            probe_grace::check(&stop, findings);
            sidecars::check(&stop, findings);
            excessive::check(&stop, findings);
            mesh::check(&stop, findings);
        }
        declared::undeclared(&stop, findings);
        prestop::unbounded(&stop, findings);
        spot::check(&stop, &self.spot, findings);
        signals::check(&stop, findings);
        unreadable::check(&stop, findings);
    }
}

/// How the pods of a workload stop: what every rule here looks at.
struct Stop<'a> {
    workload: &'a Workload,
    contract: &'a Contract,
    /// G.
    grace: Duration,
    /// One for each application container.
    applications: Vec<Timeline<'a>>,
    /// One for each native sidecar, in the order in which they start.
    sidecars: Vec<Timeline<'a>>,
}

impl<'a> Stop<'a> {
    fn of(workload: &'a Workload, contract: &'a Contract, settings: &GracePeriod) -> Self {
        let pod = &workload.pod;
        let timeline = |container| Timeline::of(container, workload, contract, settings);
        Stop {
            workload,
            contract,
            grace: Duration::seconds(pod.grace_period_seconds),
            applications: pod.applications().map(timeline).collect(),
            sidecars: pod.sidecars().map(timeline).collect(),
        }
    }

    /// Application containers and native sidecars.
    fn long_running(&self) -> impl Iterator<Item = &Timeline<'a>> {
        self.applications.iter().chain(&self.sidecars)
    }

    /// Where `terminationGracePeriodSeconds` stands or belongs.
    fn grace_pointer(&self) -> Pointer {
        self.workload.pod.spec(GRACE)
    }

    /// Whether G can be read. Where it cannot, nothing is held against the default that the view has in its place.
    fn knows_grace(&self) -> bool {
        !self.workload.is_unreadable(&self.grace_pointer())
    }

    /// G as the manifest has it.
    fn grace_seconds(&self) -> i64 {
        self.workload.pod.grace_period_seconds
    }
}

/// The field that most rules are about.
const GRACE: &str = "terminationGracePeriodSeconds";
