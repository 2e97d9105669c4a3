//! Acme's own rules: whom to call when a workload fails at night, and what may be evicted for it.
#![forbid(unsafe_code)]

use plimsoll_policy::{Finding, Findings, Input, Level, Policy, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const MISSING: Rule = Rule::new("missing-acme-label", Level::Deny, "a required label is missing, or has another form");
const NOT_ON_PODS: Rule = Rule::new("acme-label-not-on-pods", Level::Warn, "the pods do not have the workload's label");
const NO_PRIORITY: Rule = Rule::new("missing-priority-class", Level::Warn, "the pods have no priority class");

/// The settings of the policy.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AcmeLabels {
    /// Labels that every workload and its pods must have.
    required: Vec<Label>,
}

/// A label that must be there.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Label {
    /// Its key.
    key: String,
    /// What its value must start with.
    #[serde(default)]
    prefix: String,
}

impl Default for AcmeLabels {
    fn default() -> Self {
        AcmeLabels { required: vec![Label { key: "acme.example/team".to_owned(), prefix: "team-".to_owned() }] }
    }
}

impl Policy for AcmeLabels {
    const ID: &'static str = "acme-labels";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "every workload says whose it is and what it may push aside";
    const RULES: &'static [Rule] = &[MISSING, NOT_ON_PODS, NO_PRIORITY];
    const PAGE: &'static str = include_str!("../README.md");
    const WANTS_RAW: bool = true;

    fn validate(&self) -> Result<(), String> {
        match self.required.iter().find(|label| label.key.is_empty()) {
            Some(_) => Err("`required`: a label has an empty `key`".to_owned()),
            None => Ok(()),
        }
    }

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        for label in &self.required {
            label.check(input, findings);
        }
        let field = input.workload.pod.spec("priorityClassName");
        // `Workload` has no such field, so this policy asks for the whole object.
        let object = input.raw.and_then(|raw| serde_json::from_str::<Value>(raw).ok());
        if object.is_some_and(|object| object.pointer(&field).is_none()) {
            let help = "name a class of `kubectl get priorityclasses`: `acme-batch` for what can wait";
            findings.push(Finding::new(&NO_PRIORITY, field, "the pods have no `priorityClassName`").help(help));
        }
    }
}

impl Label {
    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let Label { key, prefix } = self;
        let (workload, step) = (input.workload, plimsoll_policy::escape(key));
        let Some(value) = workload.labels.get(key).filter(|value| value.starts_with(prefix)) else {
            let message = match workload.labels.get(key) {
                Some(other) => format!("the label `{key}` is `{other}`, which does not start with `{prefix}`"),
                None => format!("the label `{key}` is missing"),
            };
            let help = format!("write `{key}: {prefix}…` below `metadata.labels`");
            findings.push(Finding::new(&MISSING, format!("/metadata/labels/{step}"), message).help(help));
            return;
        };
        // A bare pod is its own template.
        if workload.pod.pointer.is_empty() || workload.pod.labels.get(key) == Some(value) {
            return;
        }
        let labels = format!("{}/metadata/labels", workload.pod.pointer);
        let message = format!("the workload has the label `{key}: {value}`, its pods do not");
        let place = format!("{labels}/{step}");
        let finding =
            Finding::new(&NOT_ON_PODS, &place, message).help(format!("write `{key}: {value}` below `{labels}` too"));
        // An edit cannot add to an object that is not there.
        findings.push(if workload.pod.labels.is_empty() { finding } else { finding.set(place, value.as_str()) });
    }
}

plimsoll_policy::export!(AcmeLabels);
