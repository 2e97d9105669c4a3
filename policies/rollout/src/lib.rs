#![doc = include_str!("../README.md")]

mod arithmetic;
mod autoscalers;
mod budgets;
mod deadline;
mod drain;
mod labels;
mod others;
mod overlap;
mod placement;
mod pods;
mod services;
#[cfg(test)]
mod simulation;
mod strategy;
#[cfg(test)]
mod tests;
mod workers;

use plimsoll_policy::{Findings, Input, Policy, Rule, Set, contract::Contract, glob};
use pods::Pods;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The policy `rollout`, and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rollout {
    /// Names of ports, and of Services, through which only metrics are read: globs (`*`, `?`). Replaces the default.
    metrics_ports: Vec<String>,
}

impl Default for Rollout {
    fn default() -> Self {
        Rollout { metrics_ports: ["*metrics*", "*prometheus*", "monitoring"].map(str::to_owned).into() }
    }
}

impl Policy for Rollout {
    const ID: &'static str = "rollout";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "a new version replaces the old one without a gap, and nodes can be drained";
    const RULES: &'static [Rule] = &[
        strategy::RECREATE,
        strategy::SURGING,
        strategy::NONE_AVAILABLE,
        strategy::ON_DELETE,
        deadline::TOO_SHORT,
        drain::NONE,
        drain::NEEDLESS,
        workers::TWO,
        overlap::OVERLAPPING,
        labels::MISSING,
        autoscalers::REPLICAS,
        autoscalers::REQUESTS,
        budgets::BLOCKS,
        budgets::UNMATCHED,
        services::SELECTS_NOTHING,
        placement::CANNOT_PLACE,
    ];
    const PAGE: &'static str = include_str!("../README.md");
    const WANTS_SET: bool = true;

    fn validate(&self) -> Result<(), String> {
        match self.metrics_ports.iter().find(|port| port.is_empty()) {
            Some(_) => Err("metrics-ports: an empty name matches no port; remove it".to_owned()),
            None => Ok(()),
        }
    }

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let workload = input.workload;
        let contract = Contract::of(workload);
        strategy::check(workload, &contract, findings);
        deadline::check(workload, &contract, findings);
        drain::check(workload, &contract, findings);
        workers::check(workload, &contract, findings);
        labels::check(workload, findings);
        placement::check(workload, findings);
    }

    fn check_set(&self, set: &Set, findings: &mut Findings<'_>) {
        let pods = Pods::of(set);
        overlap::check(&pods, findings);
        autoscalers::check(&pods, findings);
        budgets::check(&pods, findings);
        services::check(&pods, findings);
        drain::check_set(&pods, self, findings);
        placement::check_set(&pods, findings);
    }
}

impl Rollout {
    fn is_metrics(&self, port: &str) -> bool {
        self.metrics_ports.iter().any(|pattern| glob::matches(pattern, port))
    }
}
