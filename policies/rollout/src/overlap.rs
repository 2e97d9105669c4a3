//! Workloads that select each other's pods.

use crate::pods::Pods;
use plimsoll_policy::{
    Finding, Findings, Level, Pointer, Rule, Workload,
    workload::{Controller, Selector},
};

pub(crate) const OVERLAPPING: Rule =
    Rule::new("overlapping-selectors", Level::Deny, "two workloads select each other's pods");

pub(crate) fn check(pods: &Pods<'_>, findings: &mut Findings<'_>) {
    for (index, workload) in &pods.all {
        let Some(selector) = selector(workload) else { continue };
        // Told once, at the later of the two.
        let mut earlier = pods.of_selector(selector).take_while(|(other, _)| other < index);
        let is_mutual = |other: &Workload| {
            let selects = self::selector(other).is_some_and(|other| other.selects(&workload.pod.labels));
            selects && (&other.kind, &other.name) != (&workload.kind, &workload.name)
        };
        let Some((other, first)) = earlier.find(|(_, other)| is_mutual(other)) else { continue };
        let message = format!("{} `{}` and this {} select each other's pods", first.kind, first.name, workload.kind);
        let finding = Finding::new(&OVERLAPPING, pointer(workload), message)
            .object(*index)
            .help("a label in selector and pod template that only the pods of one workload have")
            .related_to(other, pointer(first), "the other selector");
        findings.push(finding);
    }
}

fn selector(workload: &Workload) -> Option<&Selector> {
    let selector = match &workload.controller {
        Controller::DaemonSet(spec) => &spec.selector,
        _ => workload.scale()?.0,
    };
    Some(selector).filter(|selector| !selector.is_empty())
}

fn pointer(workload: &Workload) -> Pointer {
    let selector = Pointer::ROOT.join("spec/selector");
    if workload.kind == "ReplicationController" { selector } else { selector.join("matchLabels") }
}
