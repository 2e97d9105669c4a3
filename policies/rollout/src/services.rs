//! Services that send nothing anywhere.

use crate::{
    others::{asks_for_added_label, may_make_pods},
    pods::Pods,
};
use plimsoll_policy::{Finding, Findings, Level, Rule, Service};

pub(crate) const SELECTS_NOTHING: Rule =
    Rule::new("service-selects-nothing", Level::Warn, "a Service that selects no pod");

pub(crate) fn check(pods: &Pods<'_>, findings: &mut Findings<'_>) {
    if pods.set.incomplete || may_make_pods(&pods.set.other_kinds) {
        return;
    }
    for (index, member) in pods.members() {
        let Some(service) = member.service.as_ref().filter(|service| !service.selector.is_empty()) else { continue };
        if asks_for_added_label(service.selector.keys()) || pods.of_service(service).next().is_some() {
            continue;
        }
        let message = "no pod of this input has the labels that it selects: requests to it fail";
        let finding = Finding::new(&SELECTS_NOTHING, Service::selector_pointer(), message).object(index);
        findings.push(finding.help("select the labels of the pod template"));
    }
}
