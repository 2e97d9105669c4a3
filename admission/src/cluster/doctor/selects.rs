//! What a label selector selects, as the API server reads it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use std::collections::BTreeMap;

/// Whether it selects what has these labels. None, and an empty one, select everything.
pub(super) fn matches(selector: Option<&LabelSelector>, labels: &BTreeMap<String, String>) -> bool {
    let Some(selector) = selector else { return true };
    let has = |(key, value): (&String, &String)| labels.get(key) == Some(value);
    selector.match_labels.iter().flatten().all(has)
        && selector.match_expressions.iter().flatten().all(|expression| is_met(expression, labels))
}

/// Whether nothing is selected that has no label.
pub(super) fn demands_a_label(selector: Option<&LabelSelector>) -> bool {
    !matches(selector, &BTreeMap::new())
}

fn is_met(expression: &LabelSelectorRequirement, labels: &BTreeMap<String, String>) -> bool {
    let found = labels.get(&expression.key);
    let is_one = || found.is_some_and(|found| expression.values.iter().flatten().any(|value| value == found));
    match expression.operator.as_str() {
        "In" => is_one(),
        "NotIn" => !is_one(),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        // The API server takes no other: whatever it is, it may select everything.
        _ => true,
    }
}
