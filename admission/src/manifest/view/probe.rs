//! One probe.

use super::handler;
use crate::manifest::field::{Node, Result};
use plimsoll_policy::workload::Probe;

pub(super) fn probe(node: &Node<'_>, name: &str) -> Result<Probe> {
    let probe = Probe {
        pointer: node.pointer(),
        handler: handler::of_probe(node)?,
        initial_delay_seconds: node.defaulted_int("initialDelaySeconds", 0)?,
        period_seconds: node.defaulted_int("periodSeconds", 1)?,
        timeout_seconds: node.defaulted_int("timeoutSeconds", 1)?,
        success_threshold: node.defaulted_int("successThreshold", 1)?,
        failure_threshold: node.defaulted_int("failureThreshold", 1)?,
        grace_period_seconds: node.int_between("terminationGracePeriodSeconds", 1, i64::MAX)?,
    };
    let is_readiness = name == "readinessProbe";
    if !is_readiness && probe.success_threshold != 1 {
        let found = probe.success_threshold;
        node.check(node.refuse("successThreshold", format!("must be 1 for a {name}, and is {found}")))?;
    }
    if is_readiness && probe.grace_period_seconds.is_some() {
        let message = "a readinessProbe stops nothing and must not have it";
        node.check(node.refuse("terminationGracePeriodSeconds", message))?;
    }
    Ok(probe)
}
