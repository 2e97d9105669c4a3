//! Which nodes a pod asks for.

use crate::manifest::field::{Node, Result};
use plimsoll_policy::workload::NodeLabel;

/// The labels that it selects or prefers, and the taints that it tolerates. What rules a node out is left out.
pub(super) fn labels(spec: &Node<'_>) -> Result<Vec<NodeLabel>> {
    let mut labels = selected(spec)?;
    if let Some(affinity) = spec.object("affinity")?
        && let Some(affinity) = affinity.object("nodeAffinity")?
    {
        if let Some(required) = affinity.object("requiredDuringSchedulingIgnoredDuringExecution")? {
            for term in required.objects("nodeSelectorTerms")? {
                labels.append(&mut expressions(&term)?);
            }
        }
        for preferred in affinity.objects("preferredDuringSchedulingIgnoredDuringExecution")? {
            if let Some(preference) = preferred.object("preference")? {
                labels.append(&mut expressions(&preference)?);
            }
        }
    }
    labels.append(&mut tolerated(spec)?);
    Ok(labels)
}

fn selected(spec: &Node<'_>) -> Result<Vec<NodeLabel>> {
    const NAME: &str = "nodeSelector";
    let pointer = spec.pointer().join(NAME);
    let label = |(key, value): (String, String)| NodeLabel { pointer: pointer.step(&key), key, value: Some(value) };
    Ok(spec.map(NAME)?.into_iter().map(label).collect())
}

/// `matchExpressions` of one term: one label for each value that may match.
fn expressions(term: &Node<'_>) -> Result<Vec<NodeLabel>> {
    let mut labels = Vec::new();
    for expression in term.objects("matchExpressions")? {
        let Some(key) = expression.text("key")? else { continue };
        let label = |value| NodeLabel { pointer: expression.pointer(), key: key.to_owned(), value };
        match expression.text("operator")? {
            Some("In") => labels.extend(expression.strings("values")?.into_iter().map(Some).map(label)),
            Some("Exists") => labels.push(label(None)),
            _ => {}
        }
    }
    Ok(labels)
}

/// A toleration without a key is for every taint and asks for no node.
fn tolerated(spec: &Node<'_>) -> Result<Vec<NodeLabel>> {
    let mut labels = Vec::new();
    for toleration in spec.objects("tolerations")? {
        let Some(key) = toleration.text("key")?.filter(|key| !key.is_empty()) else { continue };
        let is_any = toleration.text("operator")? == Some("Exists");
        let value = if is_any { None } else { Some(toleration.text("value")?.unwrap_or_default().to_owned()) };
        labels.push(NodeLabel { pointer: toleration.pointer(), key: key.to_owned(), value });
    }
    Ok(labels)
}
