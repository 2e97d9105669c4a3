//! Acme's own rules: whom to call when a workload fails at night, and what may be evicted for it.
#![forbid(unsafe_code)]

use plimsoll_policy::{Finding, Findings, Input, Level, Pointer, Policy, Rule, Service, Set};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

const MISSING: Rule = Rule::new("missing-acme-label", Level::Deny, "a required label is missing, or has another form");
const NOT_ON_PODS: Rule = Rule::new("acme-label-not-on-pods", Level::Warn, "the pods do not have the workload's label");
const TWO_TEAMS: Rule =
    Rule::new("acme-service-of-two-teams", Level::Warn, "a Service selects pods of more than one team");
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
    const RULES: &'static [Rule] = &[MISSING, NOT_ON_PODS, NO_PRIORITY, TWO_TEAMS];
    const PAGE: &'static str = include_str!("../README.md");
    const WANTS_RAW: bool = true;
    const WANTS_SET: bool = true;

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

    fn check_set(&self, set: &Set, findings: &mut Findings<'_>) {
        for (index, member) in set.objects.iter().enumerate() {
            let Some(service) = &member.service else { continue };
            let mut owners = Vec::new();
            for (index, other) in set.objects.iter().enumerate() {
                let Some(workload) = &other.workload else { continue };
                if let Some(team) = workload.pod.labels.get(TEAM).filter(|_| service.selects(&workload.pod.labels)) {
                    owners.push((index as u32, workload, team));
                }
            }
            let teams: BTreeSet<&String> = owners.iter().map(|(_, _, team)| *team).collect();
            if teams.len() < 2 {
                continue;
            }
            let message = format!("the Service selects pods of {} teams", teams.len());
            let mut finding = Finding::new(&TWO_TEAMS, Service::selector_pointer(), message)
                .object(index as u32)
                .help("add a label to the selector that only the pods of one team have");
            for (index, workload, team) in owners {
                let labels = workload.pod.pointer.join("metadata/labels").step(TEAM);
                finding = finding.related_to(index, labels, format!("pods of `{team}`"));
            }
            findings.push(finding);
        }
    }
}

/// The label that says whose a pod is.
const TEAM: &str = "acme.example/team";

impl Label {
    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let Label { key, prefix } = self;
        let workload = input.workload;
        let Some(value) = workload.labels.get(key).filter(|value| value.starts_with(prefix)) else {
            let message = match workload.labels.get(key) {
                Some(other) => format!("the label `{key}` is `{other}`, which does not start with `{prefix}`"),
                None => format!("the label `{key}` is missing"),
            };
            let help = format!("write `{key}: {prefix}…` below `metadata.labels`");
            findings.push(Finding::new(&MISSING, Pointer::from("/metadata/labels").step(key), message).help(help));
            return;
        };
        // A bare pod is its own template.
        if workload.pod.pointer.is_empty() || workload.pod.labels.get(key) == Some(value) {
            return;
        }
        let labels = workload.pod.pointer.join("metadata/labels");
        let message = format!("the workload has the label `{key}: {value}`, its pods do not");
        let place = labels.step(key);
        let finding =
            Finding::new(&NOT_ON_PODS, &place, message).help(format!("write `{key}: {value}` below `{labels}` too"));
        // An edit cannot add to an object that is not there.
        findings.push(if workload.pod.labels.is_empty() { finding } else { finding.set(place, value.as_str()) });
    }
}

plimsoll_policy::export!(AcmeLabels);
