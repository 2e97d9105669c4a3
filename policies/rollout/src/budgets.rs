//! PodDisruptionBudgets and the pods that they protect.

use crate::{
    arithmetic::{Rounding, scaled, written},
    autoscalers::scale,
    others::{asks_for_added_label, may_make_pods},
    pods::{One, Pods},
};
use plimsoll_policy::{
    Autoscaler, DisruptionBudget, Finding, Findings, Level, Member, Pointer, Rule,
    workload::{Controller, IntOrPercent},
};
use std::collections::BTreeMap;

/// Only at the autoscaler's minimum: a warning, a refusal in strict.
pub(crate) const BLOCKS: Rule =
    Rule::new("pdb-blocks-drain", Level::Warn, "a PodDisruptionBudget that allows no eviction: no node can be drained")
        .strict(Level::Deny)
        .escalated(Level::Deny, Level::Deny);
pub(crate) const UNMATCHED: Rule = Rule::new("unmatched-pdb", Level::Warn, "a PodDisruptionBudget that selects no pod");

pub(crate) fn check(pods: &Pods<'_>, findings: &mut Findings<'_>) {
    let autoscalers = autoscalers(pods);
    for (index, member) in pods.members() {
        let Some(budget) = &member.budget else { continue };
        let selected: Vec<One<'_>> = match &budget.selector {
            Some(selector) => pods.of_selector(selector).collect(),
            None => Vec::new(),
        };
        match selected.is_empty() {
            true => findings.extend(unmatched(pods, index, budget)),
            false => findings.extend(blocks((index, member), budget, &selected, &autoscalers)),
        }
    }
}

fn autoscalers<'a>(pods: &Pods<'a>) -> BTreeMap<u32, &'a Autoscaler> {
    let scaled = |(_, member): (u32, &'a Member)| {
        let autoscaler = member.autoscaler.as_ref()?;
        Some((pods.of_autoscaler(autoscaler)?.0, autoscaler))
    };
    pods.members().filter_map(scaled).collect()
}

fn unmatched(pods: &Pods<'_>, index: u32, budget: &DisruptionBudget) -> Option<Finding> {
    let labels = budget.selector.iter().flat_map(|selector| selector.match_labels.keys());
    if pods.set.incomplete || may_make_pods(&pods.set.other_kinds) || asks_for_added_label(labels) {
        return None;
    }
    let message = match budget.selector {
        Some(_) => "no pod of this input has the labels that it selects: it protects nothing",
        None => "it has no selector, so it protects nothing",
    };
    let finding = Finding::new(&UNMATCHED, "/spec/selector", message).object(index);
    Some(finding.help("select the labels of the pod template"))
}

/// How many pods a budget may protect, at the fewest and at the most; none where it depends on the cluster.
fn counts(selected: &[One<'_>], autoscalers: &BTreeMap<u32, &Autoscaler>) -> Option<(i64, i64)> {
    let (mut fewest, mut most) = (0_i64, 0_i64);
    for (object, workload) in selected {
        let (least, greatest) = match &workload.controller {
            // They end by themselves.
            Controller::Job(_) | Controller::CronJob(_) => continue,
            Controller::Pod => (1, 1),
            _ => scale(workload, autoscalers.get(object).copied())?,
        };
        (fewest, most) = (fewest.saturating_add(least), most.saturating_add(greatest));
    }
    Some((fewest, most))
}

fn blocks(
    (index, member): (u32, &Member),
    budget: &DisruptionBudget,
    selected: &[One<'_>],
    autoscalers: &BTreeMap<u32, &Autoscaler>,
) -> Option<Finding> {
    let finding = |field: &str, message: String| {
        let pointer = Pointer::ROOT.join("spec").join(field);
        let mut finding = Finding::new(&BLOCKS, pointer, message).object(index);
        for (object, workload) in selected.iter().take(RELATED) {
            let place = if workload.scale().is_some() { "/spec/replicas" } else { "/metadata/name" };
            finding = finding.related_to(*object, place, format!("pods of {} `{}`", workload.kind, workload.name));
        }
        finding
    };
    let counts = counts(selected, autoscalers);
    if counts.is_some_and(|(_, most)| most == 0) {
        return None;
    }
    if let Some(value @ (IntOrPercent::Int(0) | IntOrPercent::Percent(0))) = budget.max_unavailable {
        let message =
            format!("maxUnavailable {} lets no pod be evicted: no node that has one can be drained", written(value));
        return Some(finding("maxUnavailable", message).help("maxUnavailable: 1").escalated());
    }
    let value = budget.min_available?;
    let (fewest, most) = counts?;
    let needed = |total| scaled(value, total, Rounding::Up);
    let of = |total| match value {
        IntOrPercent::Percent(_) => format!("minAvailable {} of {total} is {}", written(value), needed(total)),
        IntOrPercent::Int(_) => format!("minAvailable {} of {total}", written(value)),
    };
    let help = "maxUnavailable: 1 instead of minAvailable; or more replicas";
    let name = &member.name;
    if needed(most) >= most {
        let message = format!("{}: no pod may be evicted, so no node that has one can be drained", of(most));
        return Some(finding("minAvailable", message).help(help).escalated());
    }
    if fewest > 0 && needed(fewest) >= fewest {
        let message = format!(
            "{}, the fewest that the autoscaler keeps: then no pod may be evicted, and `{name}` keeps its nodes from \
             being drained",
            of(fewest)
        );
        return Some(finding("minAvailable", message).help(help));
    }
    None
}

/// More places do not help a reader.
const RELATED: usize = 5;
