#![doc = include_str!("../README.md")]

mod anonymous;
mod collector;
mod endpoint;
#[cfg(test)]
mod testing;

use plimsoll_policy::{Findings, Input, Policy, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The policy `telemetry`, which has no settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Telemetry {}

impl Policy for Telemetry {
    const ID: &'static str = "telemetry";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "spans, metrics and logs that arrive, under a name, until the pod's last moment";
    const RULES: &'static [Rule] = &[anonymous::ANONYMOUS, endpoint::MISMATCH, collector::OUTLIVED];
    const PAGE: &'static str = include_str!("../README.md");

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let workload = input.workload;
        for container in workload.pod.long_running() {
            anonymous::check(workload, container, findings);
            endpoint::check(container, findings);
        }
        collector::check(workload, findings);
    }
}
