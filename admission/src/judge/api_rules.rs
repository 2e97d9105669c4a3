//! Rules of the host about the API: fields and API versions that a version of Kubernetes does not know.
//!
//! The host has what these need and a module does not: the object as it is written, and the table of the API's types.
//! Unlike the other rules of the host ([`host_rules`](super::host_rules)) they are about one object, and can be excepted.

use super::policy_set::PolicySet;
use crate::{
    finding::{Finding, ObjectRef},
    manifest::{
        Object,
        api::{Gate, Removed, Strange, StrangeField, Unfit, Version},
    },
};
use plimsoll_policy::{Description, Level, Rule};
use std::{borrow::Cow, sync::Arc};

/// The name under which these rules are configured and reported.
pub const POLICY: &str = "api";

/// No such field.
pub const UNKNOWN_FIELD: Rule =
    Rule::new("unknown-field", Level::Warn, "a field that this version of Kubernetes does not know")
        .strict(Level::Deny);

/// A field that is there, and off.
pub const GATED_FIELD: Rule =
    Rule::new("gated-field", Level::Note, "a field that the API server drops unless a feature gate is on")
        .strict(Level::Warn);

/// No such API version any more.
pub const REMOVED_API_VERSION: Rule =
    Rule::new("removed-api-version", Level::Deny, "an API version that this version of Kubernetes no longer serves");

/// All of them.
pub const RULES: [Rule; 3] = [UNKNOWN_FIELD, GATED_FIELD, REMOVED_API_VERSION];

/// The rules, described as a policy is.
pub fn description() -> Description {
    Description {
        id: POLICY.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: "does the API server of this version of Kubernetes know what the manifest says?".to_owned(),
        rules: RULES.to_vec(),
        settings: r#"{"properties":{},"additionalProperties":false}"#.to_owned(),
        page: Cow::Borrowed(include_str!("api_rules.md")),
        wants_raw: false,
        wants_set: false,
    }
}

/// What there is to find in an object of one of Kubernetes' own kinds.
pub(super) fn find(object: &Object, set: &PolicySet) -> Vec<Finding> {
    if !set.judges_api() {
        return Vec::new();
    }
    let Unfit { kubernetes, removed, unknown, gated } = &object.unfit;
    let workload = &object.workload;
    let mut found: Vec<_> = removed.iter().map(|removed| removed_version(&workload.api_version, *removed)).collect();
    for (rule, few) in [(&UNKNOWN_FIELD, unknown), (&GATED_FIELD, gated)] {
        found.extend(few.fields.iter().map(|field| of_field(rule, field, *kubernetes)));
        if let (Some(last), more @ 1..) = (found.last_mut(), few.more) {
            last.message.push_str(&format!("; and {more} more such fields in this object"));
        }
    }
    found.retain(|finding| !workload.unreadable.iter().any(|field| finding.pointer.is_within(field)));
    let most = if workload.is_helm_test() { Level::Note } else { Level::Deny };
    let name = Arc::new(ObjectRef::from(workload));
    let stated = found.into_iter().map(|finding| (set.level(&finding.rule).min(most), finding));
    stated
        .filter(|(level, _)| *level != Level::Off)
        .map(|(level, finding)| Finding::of_object(POLICY, level, finding, &name, &object.value))
        .collect()
}

fn removed_version(api_version: &str, Removed { in_minor, use_instead }: Removed) -> plimsoll_policy::Finding {
    let message = format!("`{api_version}` is not served since Kubernetes 1.{in_minor}");
    plimsoll_policy::Finding::new(&REMOVED_API_VERSION, "/apiVersion", message)
        .help(format!("apiVersion: {use_instead}; what else changes is in the deprecation guide of Kubernetes"))
}

fn of_field(rule: &Rule, field: &StrangeField, kubernetes: Version) -> plimsoll_policy::Finding {
    let StrangeField { name, pointer, parent, container, strange } = field;
    let no_field = format!("{parent} has no field `{name}`");
    let (message, help) = match strange {
        Strange::Unknown { belongs: Some(place), .. } => {
            (format!("{no_field}; it belongs to {place}"), format!("move it to {place}"))
        }
        Strange::Unknown { belongs: None, meant: Some(meant) } => {
            (format!("{no_field}; did you mean `{meant}`?"), format!("write `{meant}`"))
        }
        Strange::Unknown { belongs: None, meant: None } => (no_field, "remove it: it does nothing".to_owned()),
        Strange::Later(since) => (
            format!("{no_field} in Kubernetes {kubernetes}: it is known from 1.{since} on"),
            format!("remove it, or upgrade to Kubernetes 1.{since} first"),
        ),
        Strange::Removed(until) => {
            (format!("{no_field} any more: it was removed in Kubernetes 1.{until}"), "remove it".to_owned())
        }
        Strange::Gated(Gate { name: gate, .. }) => (
            format!(
                "the feature gate {gate} is off in Kubernetes {kubernetes} by default, and `{name}` is dropped then"
            ),
            format!("remove it, or make sure that the cluster sets --feature-gates={gate}=true"),
        ),
    };
    let mut finding = plimsoll_policy::Finding::new(rule, pointer, message).help(help);
    finding.container.clone_from(container);
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_section_on_the_page() {
        let page = description().page;
        assert!(page.contains(&plimsoll_policy::page::table(&RULES)), "the table is not of these rules");
        for rule in RULES {
            assert!(page.contains(&format!("\n## {}\n", rule.name)), "{}", rule.name);
        }
    }
}
