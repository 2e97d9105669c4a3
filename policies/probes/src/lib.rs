#![doc = include_str!("../README.md")]

use plimsoll_policy::{Findings, Input, Policy, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The policy `probes`, and its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probes {}

impl Policy for Probes {
    const ID: &'static str = "probes";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "";
    const RULES: &'static [Rule] = &[];
    const PAGE: &'static str = include_str!("../README.md");

    fn check(&self, _input: &Input<'_>, _findings: &mut Findings<'_>) {}
}
